public import SutureBytes
public import SutureTensors
internal import SutureText

/// What a careful look at every byte of a checkpoint found.
public struct Integrity: Sendable {
  /// Something that makes the file one not to be trusted.
  public struct Problem: Sendable {
    public enum Kind: String, Sendable {
      /// A CRC-32 that is not the recorded one.
      case checksum
      /// Bytes that cannot be read, or that do not mean what they should.
      case unreadable
    }

    public let kind: Kind
    /// The record or the tensor.
    public let place: String
    public let message: String
    /// ``message`` without the file that it is about.
    public let reason: String
    /// The bytes that it is about; `nil` where they do not lie in a file as they are, or it is not known which.
    public let extent: FileExtent?
  }

  /// A tensor with elements that are no finite numbers.
  public struct Irregular: Sendable {
    public let name: String
    public let nonFinite: NonFinite
    /// The bytes of the first of them, where they lie in a file as they are.
    public let extent: FileExtent?
  }

  public private(set) var problems: [Problem] = []
  public private(set) var irregular: [Irregular] = []
  /// How many records had a checksum that was right.
  public private(set) var verifiedCount = 0
  /// The records of storages that no tensor views: bytes that no state dict would show.
  public private(set) var unusedStorages: [String] = []
  /// Whether every byte was looked at; otherwise only the structure was.
  public let readsBytes: Bool

  /// Reads all of `checkpoint`: each record once, each tensor once.
  ///
  /// - Parameter checkpoint: opened with `key: "."`, so that it shows every tensor of the file. Opening it has proven
  ///   that each lies within its storage.
  /// - Parameter readsBytes: whether it does, and does not leave it at what opening has proven.
  /// - Parameter progress: is told, from any of several threads, how many more bytes have been looked at.
  /// - Throws: what a server says that does not answer as it should; whatever else is wrong is a problem of the file.
  public init(
    of checkpoint: Checkpoint, readsBytes: Bool = true, progress: @Sendable (Int) -> Void = { _ in }
  ) throws {
    try self.init(
      of: checkpoint, readsBytes: readsBytes, partSize: LongStorage.usualPartSize, progress: progress)
  }

  /// - Parameter partSize: longer storages are read by several threads.
  init(
    of checkpoint: Checkpoint, readsBytes: Bool = true, partSize: Int,
    progress: @Sendable (Int) -> Void = { _ in }
  ) throws {
    problems = checkpoint.unreadPickles
    self.readsBytes = readsBytes
    if readsBytes {
      // A server is asked for one thing after another.
      let workers = checkpoint.isRemote ? 1 : processorCount
      try scan(checkpoint.stateDict, workers, partSize, progress)
      try verify(checkpoint, workers, partSize, progress)
    }
    let viewed = Set(checkpoint.stateDict.storages.map(\.label))
    unusedStorages = checkpoint.records.map(\.label).filter { record in
      checkpoint.storageKey(record).map { !viewed.contains($0) } ?? false
    }
  }

  /// Looks at the elements, whose storages are verified on the way.
  private mutating func scan(
    _ stateDict: StateDict, _ workers: Int, _ partSize: Int, _ progress: @Sendable (Int) -> Void
  ) throws {
    let storages = stateDict.storageViews
    let found = Guarded<[Look.Found]>([])
    let lookAt = { @Sendable (views: [StorageView], progress: (Int) -> Void) throws(any Error) in
      var look = Look()
      for view in views { try look.at(view, stateDict.entries[view.entry].name, progress) }
      if !look.found.isEmpty { found.withLock { $0 += look.found } }
    }
    let long = storages.enumerated().compactMap { number, views in
      LongStorage.of(views[0].view.storage, views, partSize: partSize).map { (number: number, storage: $0) }
    }
    try LongStorage.look(at: storages.count, long: long, workers: workers, progress) {
      try lookAt(storages[$0], progress)
    }
    // What is left of long storages: as a rule nothing.
    let left = long.compactMap { number, storage -> (views: [StorageView], isNew: Bool)? in
      switch storage.outcome {
      case .sound(let irregular):
        for (view, nonFinite) in irregular {
          let name = stateDict.entries[view.entry].name
          found.withLock { $0.append((view.number, .irregular(Irregular(name, nonFinite, view.view)))) }
        }
        return storage.others.isEmpty ? nil : (storage.others, true)
      case .unreadable: return (storages[number], false)
      // Told once, by the name of the record.
      case .damaged: return nil
      }
    }
    try concurrently(left.count, workers: workers) { (index) throws(any Error) in
      let (views, isNew) = left[index]
      try lookAt(views) { if isNew { progress($0) } }
    }
    // As if one thread had met them in the order of the state dict.
    for (_, what) in found.withLock({ $0 }).sorted(by: { $0.number < $1.number }) {
      switch what {
      case .problem(let problem): problems.append(problem)
      case .irregular(let tensor): irregular.append(tensor)
      }
    }
  }

  /// What is found in one storage.
  private struct Look {
    enum What { case problem(Problem), irregular(Irregular) }
    typealias Found = (number: Int, what: What)

    private(set) var found: [Found] = []
    private var isDamaged = false

    mutating func at(_ place: StorageView, _ name: String, _ progress: (Int) -> Void) throws {
      if isDamaged { return }
      let view = place.view
      do {
        // A view that is expanded beyond measure is sound; its elements are those that are stored.
        let compact = view.byteCount > view.storage.byteCount ? try view.withoutRepeats() : view
        let nonFinite = try compact.nonFinite()
        progress(compact.byteCount)
        if nonFinite.isEmpty { return }
        found.append((place.number, .irregular(Irregular(name, nonFinite, compact))))
      } catch is ChecksumMismatch {
        // Told once, by the name of the record.
        isDamaged = true
      } catch let error as any SutureError where error.kind == .remote {
        throw error
      } catch {
        isDamaged = true
        found.append((place.number, .problem(Problem(.unreadable, name, error, view.storage))))
      }
    }
  }

  private mutating func verify(
    _ checkpoint: Checkpoint, _ workers: Int, _ partSize: Int, _ progress: @Sendable (Int) -> Void
  ) throws {
    let all = checkpoint.recorded(beside: checkpoint.stateDict.storages)
    // A fault is told by the name of the record.
    let records = all.filter { !$0.own.isVerified }.map(\.record)
    let found = Guarded<[(number: Int, problem: Problem)]>([])
    let verify = { @Sendable (number: Int, progress: (Int) -> Void) throws(any Error) in
      let record = records[number]
      do {
        try record.verify()
        progress(record.byteCount)
      } catch let error as any SutureError where error.kind == .remote {
        throw error
      } catch {
        let kind = error is ChecksumMismatch ? Problem.Kind.checksum : .unreadable
        found.withLock { $0.append((number, Problem(kind, record.label, error, record))) }
      }
    }
    let long = records.enumerated().compactMap { number, record in
      LongStorage.of(record, partSize: partSize).map { (number: number, storage: $0) }
    }
    try LongStorage.look(at: records.count, long: long, workers: workers, progress) {
      try verify($0, progress)
    }
    for (number, storage) in long {
      switch storage.outcome {
      case .damaged(let mismatch):
        let record = records[number]
        found.withLock { $0.append((number, Problem(.checksum, record.label, mismatch, record))) }
      case .unreadable: try verify(number) { _ in }
      case .sound: break
      }
    }
    let faults = found.withLock { $0 }.sorted { $0.number < $1.number }
    problems += faults.map(\.problem)
    verifiedCount += all.count - faults.count
  }
}

/// A view of a storage, and which tensor has it.
struct StorageView: Sendable {
  /// Where it stands among all views of the state dict.
  let number: Int
  let entry: Int
  let view: Tensor
}

extension StateDict {
  /// All views by the storage that they view, in the order in which each is met.
  fileprivate var storageViews: [[StorageView]] {
    var places = StoragePlaces(capacity: count)
    var (views, number) = ([[StorageView]](), 0)
    for (entry, place) in zip(entries, entries.indices) {
      for view in entry.tensor.views {
        let storage = places.note(view.storage, at: views.count) ?? views.count
        if storage == views.count { views.append([]) }
        views[storage].append(StorageView(number: number, entry: place, view: view))
        number += 1
      }
    }
    return views
  }
}

extension Integrity.Problem {
  fileprivate init(_ kind: Kind, _ place: String, _ error: any Error, _ storage: Storage) {
    self.init(
      kind: kind, place: place, message: "\(error)",
      reason: (error as? any SutureError)?.reason ?? "\(error)",
      extent: storage.extents(0..<storage.byteCount).first)
  }
}

extension Integrity.Irregular {
  fileprivate init(_ name: String, _ nonFinite: NonFinite, _ tensor: Tensor) {
    self.init(name: name, nonFinite: nonFinite, extent: tensor.extent(of: nonFinite))
  }
}

extension Tensor {
  /// The bytes of the first element that is no finite number.
  fileprivate func extent(of nonFinite: NonFinite) -> FileExtent? {
    guard let index = nonFinite.firstIndex else { return nil }
    let start = (zip(index, strides).reduce(offset) { $0 + $1.0 * $1.1 }) * dtype.byteCount
    return storage.extents(start..<(start + dtype.byteCount)).first
  }
}

extension Checkpoint {
  /// What lies where: a record of an archive is opened anew each time that it is asked for.
  private struct Place: Hashable {
    let file: String
    let offset: Int
    let byteCount: Int

    /// `nil` of a deflated record, which has no place in the file that its storage could be known by.
    init?(_ storage: Storage) {
      if let extent = storage.extents(0..<storage.byteCount).first {
        (file, offset) = (extent.file, extent.range.lowerBound)
      } else if storage.offset > 0 {
        (file, offset) = ("", storage.offset)
      } else {
        return nil
      }
      byteCount = storage.byteCount
    }
  }

  /// Every record with a checksum, and with it the one of `storages` that is the same, which may have been read.
  fileprivate func recorded(beside storages: [Storage]) -> [(record: Storage, own: Storage)] {
    var known: [Place: Storage] = [:]
    for storage in storages.map(\.whole) where storage.recordsChecksum {
      guard let place = Place(storage), known[place]?.isVerified != true else { continue }
      known[place] = storage
    }
    return records.filter(\.recordsChecksum).map { record in
      (record, Place(record).flatMap { known[$0] } ?? record)
    }
  }

  /// Lets every storage with a checksum give out parts before all of it has passed; ``verifyRecords(beside:)`` then sees to
  /// what has not.
  public func verifyWhileReading() {
    for (record, own) in recorded(beside: stateDict.storages) where record.byteCount > 0 {
      own.verifyWhileReading()
    }
  }

  /// Compares everything in the file with its checksum that was not when `storages` were read.
  ///
  /// - Throws: `ChecksumMismatch` at the first that differs, and what reading throws.
  public func verifyRecords(beside storages: [Storage]) throws {
    for (_, own) in recorded(beside: storages) { try own.verify() }
  }
}
