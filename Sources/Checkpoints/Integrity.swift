public import SutureTensors

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
  }

  /// A tensor with elements that are no finite numbers.
  public struct Irregular: Sendable {
    public let name: String
    public let nonFinite: NonFinite
  }

  public private(set) var problems: [Problem] = []
  public private(set) var irregular: [Irregular] = []
  /// How many records had a checksum that was right.
  public private(set) var verifiedCount = 0
  /// The records of storages that no tensor views: bytes that no state dict would show.
  public private(set) var unusedStorages: [String] = []

  /// Reads all of `checkpoint`: each record once, each tensor once.
  ///
  /// - Parameter checkpoint: opened with `key: "."`, so that it shows every tensor of the file. Opening it has proven
  ///   that each lies within its storage.
  /// - Parameter progress: is told how many more bytes have been looked at.
  public init(of checkpoint: Checkpoint, progress: (Int) -> Void = { _ in }) {
    problems = checkpoint.unreadPickles
    scan(checkpoint.stateDict, progress)
    verify(checkpoint, progress)
    let viewed = Set(checkpoint.stateDict.storages.map(\.label))
    unusedStorages = checkpoint.records.map(\.label).filter { record in
      checkpoint.storageKey(record).map { !viewed.contains($0) } ?? false
    }
  }

  /// Looks at the elements, whose storages are verified on the way.
  private mutating func scan(_ stateDict: StateDict, _ progress: (Int) -> Void) {
    var damaged: Set<ObjectIdentifier> = []
    for entry in stateDict.entries {
      for view in entry.tensor.views {
        let id = ObjectIdentifier(view.storage)
        if damaged.contains(id) { continue }
        do {
          // A view that is expanded beyond measure is sound; its elements are those that are stored.
          let compact = view.byteCount > view.storage.byteCount ? try view.withoutRepeats() : view
          let nonFinite = try compact.nonFinite()
          progress(compact.byteCount)
          guard !nonFinite.isEmpty else { continue }
          irregular.append(Irregular(name: entry.name, nonFinite: nonFinite))
        } catch is ChecksumMismatch {
          // Told once, by the name of the record.
          damaged.insert(id)
        } catch {
          damaged.insert(id)
          problems.append(Problem(kind: .unreadable, place: entry.name, message: "\(error)"))
        }
      }
    }
  }

  private mutating func verify(_ checkpoint: Checkpoint, _ progress: (Int) -> Void) {
    let records = checkpoint.records.filter(\.recordsChecksum)
    let waiting = checkpoint.unverified(records, beside: checkpoint.stateDict.storages)
    verifiedCount += records.count - waiting.count
    for record in waiting {
      do {
        try record.verify()
        verifiedCount += 1
        progress(record.byteCount)
      } catch {
        problems.append(
          Problem(
            kind: error is ChecksumMismatch ? .checksum : .unreadable, place: record.label,
            message: "\(error)"))
      }
    }
  }
}

extension Checkpoint {
  /// Those of `records` that none of `storages`, as far as they have been read, has verified already.
  fileprivate func unverified(_ records: [Storage], beside storages: [Storage]) -> [Storage] {
    var done: Set<Int> = []
    for storage in storages where storage.whole.isVerified { done.insert(storage.whole.offset) }
    // A deflated record has no place in the file that its storage could be known by.
    return records.filter { $0.offset == 0 || !done.contains($0.offset) }
  }

  /// Compares everything in the file with its checksum that was not when `storages` were read.
  ///
  /// - Throws: `ChecksumMismatch` at the first that differs, and what reading throws.
  public func verifyRecords(beside storages: [Storage]) throws {
    for record in unverified(records.filter(\.recordsChecksum), beside: storages) { try record.verify() }
  }
}
