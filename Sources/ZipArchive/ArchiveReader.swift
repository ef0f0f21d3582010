public import SutureBytes
internal import SutureText

/// A zip archive, parsed by libzip, with the place of every payload known.
///
/// An archive that two readers could understand in two ways is refused: names that come twice (also but for case,
/// for torch's reader ignores it), local headers that contradict the central directory, records that overlap.
public final class ArchiveReader: Sendable {
  public let source: any ByteSource
  /// The records in the order of the central directory.
  public let records: [Record]
  /// What is odd, but harmless.
  public let warnings: [String]
  /// Whether the archive holds CRCs: torch can be told to write 0 for all of them, which says nothing.
  public let recordsChecksums: Bool

  /// Where each record stands, by its folded name.
  private let positions: NameIndex
  private let archive: Guarded<Handle>
  /// How many bytes may still be inflated into memory.
  private let inflatable: Guarded<Int>

  /// libzip's handle crosses threads only under the mutex.
  private struct Handle: @unchecked Sendable { let archive: LibzipArchive }

  /// Opens the archive and checks its structure; reads no payload.
  ///
  /// - Parameters:
  ///   - recordLimit: how many records it may have; a 405-billion-parameter model has some thousands.
  ///   - inflation: how many times the size of the archive all may have that ``contents(of:limit:)`` inflates.
  /// - Throws: `Failure`, or what the source throws.
  public init(_ source: any ByteSource, recordLimit: Int = 2_000_000, inflation: Int = 8) throws {
    // To libzip an empty file is an archive of no entries.
    guard source.byteCount >= 22 else { throw Failure.noDirectory(source.name) }
    // What lies where is read in small pieces; payloads go past this.
    let structure = ReadAhead(source)
    let archive = try LibzipArchive(structure)
    guard archive.entryCount <= recordLimit else {
      throw Failure.dishonest(source.name, "the archive has \(archive.entryCount) records").of(.limit)
    }
    var records: [Record] = []
    records.reserveCapacity(archive.entryCount)
    for index in 0..<archive.entryCount { records.append(try Self.record(index, archive, structure)) }
    positions = try Self.index(records, source.name)
    try Self.refuseOverlaps(&records, source.name)
    self.source = source
    self.records = records
    recordsChecksums =
      records.contains { $0.checksum != nil && $0.size > 0 } || records.allSatisfy { $0.size == 0 }
    warnings = try Self.trailing(records, source)
    self.archive = Guarded(Handle(archive: archive))
    let (most, overflow) = source.byteCount.multipliedReportingOverflow(by: inflation)
    inflatable = Guarded(overflow ? .max : max(most, Self.alwaysInflatable))
  }

  /// As much may be inflated of any archive, however small it is.
  private static let alwaysInflatable = 1 << 26

  /// The record of that name, byte for byte.
  public subscript(name: String) -> Record? {
    let place = positions.place(of: Self.foldedName(name)) { Self.foldedName(records[$0].name) }
    // No two records have one folded name.
    return place.map { records[$0] }.flatMap { ExactString($0.name) == ExactString(name) ? $0 : nil }
  }

  /// All of a record, inflated where it is deflated, its CRC verified.
  ///
  /// - Throws: `Failure` where it is longer than `limit`, damaged or short, or where more is inflated in all than the size
  ///   of the archive justifies.
  public func contents(of record: Record, limit: Int) throws -> [UInt8] {
    guard record.size <= limit else {
      throw Failure(
        in: source.name, record: record.name, at: record.payloadOffset ?? record.headerOffset,
        "it is \(record.size) bytes long; \(limit) is the limit", remedies: [.dishonest]
      ).of(.limit)
    }
    let bytes: [UInt8]
    let payload = try payloadOffset(of: record)
    switch record.method {
    case .stored: bytes = try source.bytes(payload..<(payload + record.size))
    case .deflated:
      let isLeft = inflatable.withLock { left in
        guard record.size <= left else { return false }
        left -= record.size
        return true
      }
      guard isLeft else {
        throw Failure(
          in: source.name, record: record.name,
          "it would inflate from \(record.compressedSize) bytes to \(record.size), in a file of \(source.byteCount): a bomb, "
            + "or not a checkpoint", remedies: [.setting("limit", value: "inflation=N", "allows more")])
      }
      bytes = try archive.withLock {
        try $0.archive.contents(record.index, name: record.name, size: record.size)
      }
    }
    try verify(bytes, of: record)
    return bytes
  }

  /// All of a deflated record that is small, and that somebody asked for as a source.
  func held(_ record: Record) throws -> [UInt8] {
    let bytes = try withArchive { try $0.contents(record.index, name: record.name, size: record.size) }
    try verify(bytes, of: record)
    return bytes
  }

  private func verify(_ bytes: [UInt8], of record: Record) throws {
    guard let declared = record.checksum, case let computed = CRC32.of(bytes), computed != declared else {
      return
    }
    let (found, said) = (String(computed, radix: 16), String(declared, radix: 16))
    throw Failure(
      in: source.name, record: record.name, at: record.payloadOffset ?? record.headerOffset,
      "it is corrupt: its CRC-32 is \(found), the archive says \(said)", remedies: [.fetchAgain]
    ).of(.checksum)
  }

  /// A record's contents as a source; those of a deflated one are inflated as they are read: from the start on is best.
  public func source(for record: Record) -> any ByteSource {
    switch record.method {
    case .stored: StoredRecord(archive: self, record: record)
    case .deflated: InflatedRecord(archive: self, record: record)
    }
  }

  /// Where the payload of a record begins; in an archive that is far away that is found out now.
  ///
  /// - Throws: `Failure` where the local header is not what the central directory says.
  func payloadOffset(of record: Record) throws -> Int {
    if let known = record.payloadOffset { return known }
    let entry = try withArchive { try $0.entry(record.index) }
    let payload = try Self.payload(
      of: entry, name: record.name, at: record.headerOffset, found: nil, in: source)
    guard payload + record.compressedSize <= record.end else {
      throw Failure.dishonest(
        source.name, record: record.name, at: record.headerOffset, "it overlaps the record behind it")
    }
    return payload
  }

  /// Uses libzip's handle, which one thread may do at a time.
  func withArchive<R: Sendable>(_ body: (LibzipArchive) throws -> R) rethrows -> R {
    try archive.withLock { try body($0.archive) }
  }

  // MARK: Structure

  private static func record(_ index: Int, _ archive: LibzipArchive, _ source: any ByteSource) throws
    -> Record
  {
    let entry = try archive.entry(index)
    guard let name = String(utf8: entry.name.span) else {
      throw Failure.dishonest(
        source.name, record: String(decoding: entry.name, as: UTF8.self),
        "the record's name is not valid UTF-8 or has a NUL in it")
    }
    func fault(_ reason: String, at offset: Int? = nil, _ remedy: Remedy = .dishonest) -> Failure {
      .ofRecord(name, in: source, at: offset, reason, remedy)
    }
    if entry.isEncrypted { throw fault("the record is encrypted", .decrypt) }
    guard entry.method == 0 || entry.method == 8 else {
      throw fault(
        "its compression method is \(entry.method); stored (0) and deflated (8) are supported",
        "unpack it and zip it again without compression: zip -0")
    }
    guard let size = Int(exactly: entry.size), let compressed = Int(exactly: entry.compressedSize),
      // Deflate cannot do better than 1032 to 1.
      entry.method == 0 ? size == compressed : size / 1032 <= compressed
    else { throw fault("its sizes cannot be true") }
    let isFar = source.distance != nil
    let (offset, found) = try archive.locate(index, name: name, isSurvey: isFar)
    let payload = isFar ? nil : try payload(of: entry, name: name, at: offset, found: found, in: source)
    let start = payload ?? min(offset, source.byteCount) + LocalHeader.fixedSize + entry.name.count
    let (end, overflow) = start.addingReportingOverflow(compressed)
    if overflow || end > source.byteCount {
      throw fault(
        "it should end at byte \(overflow ? .max : end), but the file has \(source.byteCount)", at: start,
        .fetchAgain)
    }
    return Record(
      name: name, size: size, compressedSize: compressed, crc32: entry.crc32,
      method: entry.method == 0 ? .stored : .deflated, payloadOffset: payload, index: index,
      headerOffset: offset, end: source.byteCount)
  }

  /// Reads the local header of an entry, which must say what the central directory says, and gives where the payload
  /// begins.
  ///
  /// - Parameter found: where libzip reads the payload, as far as that is known.
  private static func payload(
    of entry: LibzipArchive.Entry, name: String, at offset: Int, found: Int?, in source: any ByteSource
  ) throws -> Int {
    func fault(_ reason: String, _ remedy: Remedy = .dishonest) -> Failure {
      .ofRecord(name, in: source, at: offset, reason, remedy)
    }
    func disagreement(on field: String) -> Failure {
      fault("the local header and the central directory disagree on its \(field)")
    }
    let header: LocalHeader?
    do { header = try LocalHeader(at: offset, in: source) } catch is TruncatedInput {
      throw Failure.noDirectory(source.name, record: name, at: offset)
    }
    guard let local = header else {
      throw Failure.noLocalHeader(source.name, record: name, at: offset)
    }
    if local.isEncrypted { throw fault("the record is encrypted", .decrypt) }
    if local.isPatched { throw fault("the record is compressed patched data") }
    if local.name != entry.name { throw disagreement(on: "name") }
    if local.method != entry.method { throw disagreement(on: "compression method") }
    // With a descriptor the header holds zeros, or the true values all the same.
    let sizes = (local.size, local.compressedSize)
    if sizes != (entry.size, entry.compressedSize), !local.hasDescriptor || sizes != (0, 0) {
      throw disagreement(on: "size")
    }
    if local.crc32 != entry.crc32, !local.hasDescriptor || local.crc32 != 0 {
      throw disagreement(on: "checksum")
    }
    return found ?? local.end
  }

  /// A name as miniz folds it, by its ASCII letters alone: names that are the same then are one to it.
  public static func foldedName(_ name: String) -> String {
    if !name.utf8.contains(where: { 65...90 ~= $0 }) { return name }
    return String(decoding: name.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
  }

  private static func index(_ records: [Record], _ source: String) throws -> NameIndex {
    var positions = NameIndex(capacity: records.count)
    for (place, record) in records.enumerated() {
      let folded = foldedName(record.name)
      if let other = positions.insert(folded, at: place, among: { foldedName(records[$0].name) }) {
        throw Failure.dishonest(
          source, record: record.name,
          "the name comes twice in the archive (as \(records[other].name)), and readers differ on which counts"
        )
      }
    }
    return positions
  }

  /// Says of each record where the next begins.
  private static func refuseOverlaps(_ records: inout [Record], _ source: String) throws {
    let order = records.indices.sorted { records[$0].headerOffset < records[$1].headerOffset }
    for (one, next) in zip(order, order.dropFirst()) {
      let (record, start) = (records[one], records[next].headerOffset)
      // Where the payload is not known to begin, it begins behind the name.
      let payload =
        record.payloadOffset ?? record.headerOffset + LocalHeader.fixedSize + record.name.utf8.count
      if payload + record.compressedSize > start {
        throw Failure.dishonest(
          source, record: records[next].name, at: start, "it overlaps the record \(record.name)")
      }
      records[one].end = start
    }
  }

  /// Bytes that follow the end record, left over from a longer file for one.
  private static func trailing(_ records: [Record], _ source: any ByteSource) throws -> [String] {
    guard source.byteCount >= 22 else { return [] }
    // As a rule the end record is the end, without a comment.
    let last = try source.bytes((source.byteCount - 22)..<source.byteCount)
    if last.starts(with: [0x50, 0x4B, 5, 6]), last[20] == 0, last[21] == 0 { return [] }
    let window = min(source.byteCount, 65_557)
    let start = source.byteCount - window
    let bytes = try source.bytes(start..<source.byteCount)
    var left = 0
    for position in stride(from: window - 22, through: 0, by: -1)
    where bytes[position] == 0x50 && bytes[position...].starts(with: [0x50, 0x4B, 5, 6]) {
      let comment = Int(bytes[position + 20]) | Int(bytes[position + 21]) << 8
      let rest = window - position - 22 - comment
      // The signature may also stand in the comment; the true end record reaches the end of the file.
      if rest == 0 { return [] }
      left = max(left, rest)
    }
    return left > 0 ? ["\(left) bytes follow the end of the zip archive"] : []
  }
}

extension Remedy {
  static var fetchAgain: Remedy { "fetch or copy the file again" }
  static var decrypt: Remedy { "decrypt it first, with unzip for one" }
  static var dishonest: Remedy {
    "an honest program does not write such an archive: find out where it comes from"
  }
}

extension Failure {
  /// What no program does that means well.
  fileprivate static func dishonest(
    _ source: String, record: String? = nil, at offset: Int? = nil, _ reason: String
  ) -> Failure {
    Failure(in: source, record: record, at: offset, reason, remedies: [.dishonest]).of(.ambiguous)
  }

  /// What is wrong with a record, which is no program's mistake where the remedy says so.
  fileprivate static func ofRecord(
    _ record: String, in source: any ByteSource, at offset: Int?, _ reason: String, _ remedy: Remedy
  ) -> Failure {
    Failure(in: source.name, record: record, at: offset, reason, remedies: [remedy])
      .of(remedy == .dishonest ? .ambiguous : nil)
  }

  static func noDirectory(_ source: String, record: String? = nil, at offset: Int? = nil) -> Failure {
    Failure(
      in: source, record: record, at: offset,
      "the zip archive has no readable central directory: it is truncated or damaged",
      remedies: [.fetchAgain])
  }

  static func noLocalHeader(_ source: String, record: String, at offset: Int? = nil) -> Failure {
    Failure(
      in: source, record: record, at: offset,
      "the record has no local header where the central directory says", remedies: [.fetchAgain])
  }

  /// What libzip has against an archive or a record of it, in its words.
  static func libzip(_ source: String, record: String? = nil, _ text: String) -> Failure {
    Failure(
      in: source, record: record, "the zip archive cannot be read: \(text)", remedies: [.fetchAgain])
  }
}
