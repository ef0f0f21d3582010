internal import SutureBytes
public import SutureText

/// An ordered map from dotted name to tensor.
///
/// It is a collection of its entries in the order of the file, and finds one by its name in constant time.
public struct StateDict: Sendable, RandomAccessCollection {
  public struct Entry: Sendable {
    public let name: String
    public let tensor: Tensor

    public init(name: String, tensor: Tensor) { (self.name, self.tensor) = (name, tensor) }
  }

  /// The entries in the order of the file.
  public private(set) var entries: [Entry] = []

  /// What a safetensors file says about itself, in the order of the file.
  public var metadata: [(key: String, value: String)] = []

  private var positions = NameIndex()

  public init() {}

  /// An empty state dict with room for so many entries.
  package init(capacity: Int) {
    positions = NameIndex(capacity: capacity)
    entries.reserveCapacity(capacity)
  }

  /// A state dict of entries whose names stand where `positions` says.
  package init(_ entries: [Entry], at positions: NameIndex) {
    (self.entries, self.positions) = (entries, positions)
  }

  /// A state dict of `entries`.
  ///
  /// - Throws: `Failure`.
  public init(_ entries: some Sequence<Entry>) throws(Failure) {
    self.init(capacity: entries.underestimatedCount)
    for entry in entries { try append(entry.name, entry.tensor) }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { entries.count }
  public subscript(position: Int) -> Entry { entries[position] }

  public var names: [String] { entries.map(\.name) }

  /// The tensor of that name, byte for byte.
  public subscript(name: String) -> Tensor? {
    place(of: name).map { entries[$0].tensor }
  }

  /// Where the entry of that name stands, byte for byte.
  package func place(of name: String) -> Int? { positions.place(of: name) { entries[$0].name } }

  /// Where the entry of that name stands, looked for at `guess` first: names of one order are found without a search.
  package func place(of name: String, near guess: Int) -> Int? {
    if guess < entries.count, ExactString(entries[guess].name) == ExactString(name) { return guess }
    return place(of: name)
  }

  /// Adds an entry at the end.
  ///
  /// - Throws: `Failure` where the name is taken.
  public mutating func append(_ name: String, _ tensor: Tensor) throws(Failure) {
    guard positions.insert(name, at: entries.count, among: { entries[$0].name }) == nil else {
      throw Failure(.unreadable, "two tensors would both be named \(name.quoted())")
    }
    entries.append(Entry(name: name, tensor: tensor))
  }

  /// The same names, and the metadata, with other tensors: no name is looked for anew.
  ///
  /// - Parameter change: gives the tensor for the entry at a place.
  package func mapTensors<E: Error>(_ change: (Int) throws(E) -> Tensor) throws(E) -> StateDict {
    var result = StateDict()
    result.entries.reserveCapacity(entries.count)
    for place in entries.indices {
      result.entries.append(Entry(name: entries[place].name, tensor: try change(place)))
    }
    (result.positions, result.metadata) = (positions, metadata)
    return result
  }

  /// How many bytes the tensors take when each is written in full; of sparse ones, their parts.
  public var byteCount: Int { entries.reduce(0) { $0.adding(saturating: $1.tensor.storedByteCount) } }

  /// How many elements all tensors hold together.
  public var elementCount: Int { entries.reduce(0) { $0.adding(saturating: $1.tensor.elementCount) } }

  /// The distinct storages in the order of first use.
  public var storages: [Storage] {
    var (seen, storages) = (StoragePlaces(capacity: entries.count), [Storage]())
    storages.reserveCapacity(entries.count)
    for entry in entries {
      // Nearly all tensors have one.
      if case .strided = entry.tensor.layout {
        let storage = entry.tensor.storage
        if seen.note(storage, at: 0) == nil { storages.append(storage) }
      } else {
        storages += entry.tensor.storages.filter { seen.note($0, at: 0) == nil }
      }
    }
    return storages
  }
}
