internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureZipArchive
internal import SutureText

/// The zip archive of .npy files that `numpy.savez` writes.
///
/// By its name it may hold other files beside them, as `numpy.load` takes it.
enum NpzFile: CheckpointFormat {
  static let suffixes = [".npz"]

  /// Whether it is called so, and is no checkpoint of PyTorch.
  private static func isNamed(_ name: String, _ archive: ArchiveReader) -> Bool {
    suffixes.contains { name.hasSuffix($0) } && archive.records.contains { $0.name.hasSuffix(".npy") }
      && !archive.records.contains { $0.name.hasSuffix("data.pkl") }
  }

  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard let archive = try input.archive(), !archive.records.isEmpty,
      archive.records.allSatisfy({ $0.name.hasSuffix(".npy") }) || isNamed(input.name, archive)
    else { return nil }
    var stateDict = StateDict()
    var warnings = archive.allWarnings
    var globals: [Checkpoint.Global] = []
    var odd: [(name: String, array: OddArray)] = []
    var objects: [(source: MemorySource, array: OddArray, location: PickleLocation)] = []
    for record in archive.records {
      guard record.name.hasSuffix(".npy") else {
        if record.name.last != "/" { warnings.append("left out: \(record.name.shownName) is no .npy file") }
        continue
      }
      let name = String(record.name.dropLast(".npy".count))
      let source = VerifiedRecord(archive, record)
      let file: NpyFile
      do { file = try NpyFile(source, label: name) } catch let array as OddArray {
        if array.holdsObjects {
          let bytes = try archive.contents(of: record, limit: input.limits.pickle.streamBytes)
          let location = PickleLocation(
            path: input.name, record: record.name, recordStart: record.start)
          objects.append((MemorySource(bytes, name: source.name), array, location))
        }
        odd.append((name, array))
        continue
      }
      if file.trailing > 0 { warnings.append("\(file.trailing) bytes follow the array in \(record.name)") }
      try stateDict.append(name, file.tensor)
    }
    if archive.records.count == 1, let only = objects.first {
      // numpy.savez of one dict: what counts is in it.
      let contents = try NpyFile.objects(
        input, only.source, from: only.array.contentOffset, only.location, warnings: warnings)
      return Checkpoint(input, .npz, contents, archive: archive)
    }
    var unread: [Integrity.Problem] = []
    for (source, array, location) in objects {
      // Python would come to load it, whatever is read of it here.
      let others = try OtherPickles(in: source, from: array.contentOffset, location, input.limits)
      globals.merge(others.globals)
      unread += others.unread.map { [$0] } ?? []
      let inside = try? NpyFile.objects(input, source, from: array.contentOffset, location, key: ".")
      guard let inside = inside?.choice.stateDict, !inside.isEmpty, let record = location.record else {
        continue
      }
      let name = String(record.dropLast(".npy".count))
      for entry in inside.entries {
        try stateDict.append(entry.name.isEmpty ? name : "\(name).\(entry.name)", entry.tensor)
      }
      odd.removeAll { ExactString($0.name) == ExactString(name) }
      warnings.append(
        "\(name.shownName) \(array.what): its \(Format.plural(inside.count, "tensor")) \(inside.count == 1 ? "is" : "are") read "
          + "under its name, and what else it holds is left out")
    }
    if let first = odd.first, stateDict.isEmpty { throw first.array }
    warnings += unread.map(\.message) + odd.map { "left out: \($0.name.shownName) \($0.array.what)" }
    try input.requireNoKey("npz")
    var checkpoint = Checkpoint(input, .npz, stateDict, warnings: warnings, archive: archive)
    checkpoint.globals = globals
    checkpoint.unreadPickles = unread
    return checkpoint
  }
}

extension Checkpoint.Container {
  public static let npz = Self(rawValue: "npz")
}

/// A record as a source that gives out bytes only once its checksum has been verified.
///
/// The header of an array lies in the record with its elements, so its first bytes are needed to say what the rest is.
private struct VerifiedRecord: ByteSource {
  let name: String
  let byteCount: Int
  private let storage: Storage

  init(_ archive: ArchiveReader, _ record: Record) {
    name = "\(archive.source.name): \(record.name)"
    byteCount = record.size
    storage = archive.storage(of: record, label: record.name)
  }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard offset >= 0, count >= 0, count <= byteCount - offset, count <= buffer.count else {
      throw Failure.ended(name, at: offset, needed: count)
    }
    try storage.read(offset..<(offset + count), into: &buffer)
  }
}
