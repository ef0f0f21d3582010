internal import SutureBytes

/// Counts the finite numbers of a storage that its dtype does not have, as they are made: what is cast, or computed, may be
/// too large.
///
/// A pass over all of them counts anew. Where they are read piece by piece, each counts once, however often it is read.
public final class LossCount: Sendable {
  /// What the numbers were to be.
  public let dtype: DType
  /// Whether they were computed, and not cast: of finite numbers something infinite may come, or NaN.
  public let isComputed: Bool
  private let counts = Guarded<Counts>(Counts())

  init(_ dtype: DType, isComputed: Bool) { (self.dtype, self.isComputed) = (dtype, isComputed) }

  /// How many there are in what has been read.
  public var count: Int { counts.withLock { max($0.inPass, $0.inPieces) } }

  func note(pass count: Int) { counts.withLock { $0.inPass = count } }

  /// - Parameter places: which numbers of the storage, counted from its first.
  func note(places: [Int]) {
    if !places.isEmpty { counts.withLock { counts in for place in places { counts.add(place) } } }
  }

  private struct Counts {
    var inPass = 0
    var inPieces = 0
    /// A bit for each number of a page; a page that is full has none.
    private var pages: [Int: [UInt64]] = [:]
    private var full: Set<Int> = []

    private static let pageLength = 1 << 14

    mutating func add(_ place: Int) {
      let (page, index) = (place / Self.pageLength, place % Self.pageLength)
      if full.contains(page) { return }
      var bits = pages.removeValue(forKey: page) ?? [UInt64](repeating: 0, count: Self.pageLength / 64)
      let bit = UInt64(1) << (index % 64)
      if bits[index / 64] & bit == 0 {
        bits[index / 64] |= bit
        inPieces += 1
      }
      if bits[index / 64] == .max, bits.allSatisfy({ $0 == .max }) {
        full.insert(page)
      } else {
        pages[page] = bits
      }
    }
  }
}

/// Gathers the counts of storages and of what those are made of, each storage once.
public struct LossCounts {
  private var known: [ObjectIdentifier: [LossCount]] = [:]

  /// The counts that a storage's numbers go through.
  mutating func of(_ storage: Storage) -> [LossCount] {
    let id = ObjectIdentifier(storage)
    if let counts = known[id] { return counts }
    let counts = storage.losses(&self)
    known[id] = counts
    return counts
  }

  /// The counts of several storages, each count once.
  mutating func of(_ storages: [Storage]) -> [LossCount] {
    if storages.count == 1 { return of(storages[0]) }
    var seen: Set<ObjectIdentifier> = []
    return storages.flatMap { of($0) }.filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
}

/// Numbers that could not be what they would have been, and in which tensors.
public struct Overflows: Sendable {
  public let names: [String]
  private let loss: LossCount

  fileprivate init(names: [String], loss: LossCount) { (self.names, self.loss) = (names, loss) }

  /// How many; known once the tensors have been read.
  public var count: Int { loss.count }
  public var dtype: DType { loss.dtype }
  public var isComputed: Bool { loss.isComputed }
}

extension StateDict {
  /// Where numbers are cast or computed, and may come out as none: a count for each such storage, which is that of what has
  /// been read.
  public var possibleOverflows: [Overflows] {
    var counts = LossCounts()
    var order: [LossCount] = []
    var names: [ObjectIdentifier: [String]] = [:]
    for entry in entries {
      for loss in counts.of(entry.tensor.storages) {
        let id = ObjectIdentifier(loss)
        if names[id] == nil { order.append(loss) }
        names[id, default: []].append(entry.name)
      }
    }
    return order.map { Overflows(names: names[ObjectIdentifier($0)] ?? [], loss: $0) }
  }

  /// How many finite numbers became infinite, NaN or the largest there is, since their dtype has nothing beyond, and in which
  /// tensors; known once they have been read.
  ///
  /// Of casts, elements that lie between those of a view count too.
  public var overflows: [Overflows] { possibleOverflows.filter { $0.count > 0 } }
}
