public import SutureBytes

/// An archive by which others of the same layout are known without being parsed: all their bytes are its bytes, but for the
/// contents of some records and the checksums of these.
///
///     local headers, records       compared byte for byte …
///     the payload                  … but for this one record, which is not read …
///     records, central directory   … and for small records whose contents vary, which are held to their checksums
///
/// A folder of shards has tens of thousands of archives, most of them tensors of a few shapes.
public struct ArchiveTemplate: Sendable {
  /// A record whose contents may be others.
  private struct Varying {
    let contents: Range<Int>
    /// Where its CRC-32 stands; the last of them in the central directory, which counts.
    let checksumPlaces: [Int]
  }

  private let byteCount: Int
  private let payload: Varying
  private let others: [Varying]
  /// What stands before the payload, and what behind it.
  private let head: [UInt8]
  private let tail: [UInt8]

  /// - Parameters:
  ///   - payload: the record whose contents are not looked at.
  ///   - varies: whether the contents of another record may be others.
  /// - Returns: `nil` of an archive that is not as torch writes one of so many bytes: then each is parsed by itself.
  public init?(_ archive: ArchiveReader, payload: Record, varies: (Record) -> Bool) throws {
    let source = archive.source
    guard archive.recordsChecksums, archive.warnings.isEmpty, payload.method == .stored, payload.crc32 != 0,
      let start = payload.payloadOffset, source.distance == nil
    else { return nil }
    let end = start + payload.size
    guard start + (source.byteCount - end) <= Self.mostStructure else { return nil }
    byteCount = source.byteCount
    head = try source.bytes(0..<start)
    tail = try source.bytes(end..<byteCount)
    let bytes = Around(head: head, tail: tail, tailStart: end)
    guard let directory = Self.directory(bytes, byteCount, archive.records) else { return nil }
    func varying(_ place: Int) -> Varying? {
      let record = archive.records[place]
      guard record.method == .stored, record.crc32 != 0, let start = record.payloadOffset else { return nil }
      let contents = start..<(start + record.size)
      let central = directory[place] + 16
      guard bytes.integer(at: central) == record.crc32 else { return nil }
      // A local header has the checksum or 0; behind the contents a descriptor may repeat it.
      var places = [record.headerOffset + 14].filter { bytes.integer(at: $0) == record.crc32 }
      if bytes.integer(at: contents.upperBound) == 0x0807_4B50,
        bytes.integer(at: contents.upperBound + 4) == record.crc32
      {
        places.append(contents.upperBound + 4)
      }
      return Varying(contents: contents, checksumPlaces: places + [central])
    }
    guard let place = archive.records.firstIndex(where: { $0.index == payload.index }),
      let own = varying(place)
    else { return nil }
    self.payload = own
    var others: [Varying] = []
    for (place, record) in archive.records.enumerated() where record.index != payload.index && varies(record)
    {
      guard let other = varying(place) else { return nil }
      others.append(other)
    }
    self.others = others
  }

  /// How many bytes are compared at the most.
  private static let mostStructure = 1 << 14

  /// Where the payload lies.
  public var payloadRange: Range<Int> { payload.contents }

  /// What is said of the payload of another archive of this layout.
  public struct Match: Sendable, Equatable {
    /// Its CRC-32; `nil` where the archive has 0, which says nothing.
    public let checksum: UInt32?
  }

  /// Compares an archive with this one.
  ///
  /// - Returns: `nil` where it differs in more than it may.
  public func match(_ source: some ByteSource) throws -> Match? {
    guard source.byteCount == byteCount else { return nil }
    let end = payload.contents.upperBound
    var other = Around(
      head: try source.bytes(0..<head.count), tail: try source.bytes(end..<byteCount), tailStart: end)
    let checksum = other.integer(at: payload.checksumPlaces[payload.checksumPlaces.count - 1])
    let own = Around(head: head, tail: tail, tailStart: end)
    for varying in others {
      let declared = other.integer(at: varying.checksumPlaces[varying.checksumPlaces.count - 1])
      guard declared == 0 || CRC32.of(other.bytes(varying.contents)) == declared else { return nil }
    }
    // What may differ is made equal; then all of it has to be.
    for varying in [payload] + others {
      guard let declared = other.integer(at: varying.checksumPlaces[varying.checksumPlaces.count - 1]) else {
        return nil
      }
      for place in varying.checksumPlaces {
        guard other.integer(at: place) == declared else { return nil }
        other.copy(place..<(place + 4), from: own)
      }
    }
    for varying in others { other.copy(varying.contents, from: own) }
    guard other == own else { return nil }
    return Match(checksum: checksum == 0 && !payload.contents.isEmpty ? nil : checksum)
  }

  /// Where the headers of the central directory begin, in the order of the records; `nil` where something else than an end
  /// record of the plain kind stands at the end of the archive.
  private static func directory(_ bytes: Around, _ byteCount: Int, _ records: [Record]) -> [Int]? {
    let end = byteCount - 22
    guard bytes.integer(at: end) == 0x0605_4B50, bytes.short(at: end + 20) == 0,
      bytes.short(at: end + 10) == records.count, let start = bytes.integer(at: end + 16)
    else { return nil }
    var (place, places) = (Int(start), [Int]())
    for record in records {
      guard bytes.integer(at: place) == 0x0201_4B50, let name = bytes.short(at: place + 28),
        let extra = bytes.short(at: place + 30), let comment = bytes.short(at: place + 32),
        bytes.integer(at: place + 42) == UInt32(exactly: record.headerOffset),
        bytes.bytes((place + 46)..<(place + 46 + name)) == Array(record.name.utf8)
      else { return nil }
      places.append(place)
      place += 46 + name + extra + comment
    }
    // The end record of large archives may stand between; it is compared like all else.
    return place <= end ? places : nil
  }
}

/// The bytes of an archive before its payload and behind it.
private struct Around: Equatable {
  var head: [UInt8]
  var tail: [UInt8]
  let tailStart: Int

  /// Where a range lies; `nil` where some of it is payload or nowhere.
  private func place(_ range: Range<Int>) -> (isTail: Bool, range: Range<Int>)? {
    if range.lowerBound >= 0, range.upperBound <= head.count { return (false, range) }
    let (start, end) = (range.lowerBound - tailStart, range.upperBound - tailStart)
    return start >= 0 && end <= tail.count ? (true, start..<end) : nil
  }

  func bytes(_ range: Range<Int>) -> [UInt8] {
    place(range).map { Array($0.isTail ? tail[$0.range] : head[$0.range]) } ?? []
  }

  mutating func copy(_ range: Range<Int>, from other: Around) {
    guard let place = place(range) else { return }
    if place.isTail {
      tail.replaceSubrange(place.range, with: other.tail[place.range])
    } else {
      head.replaceSubrange(place.range, with: other.head[place.range])
    }
  }

  func integer(at offset: Int) -> UInt32? {
    guard let place = place(offset..<(offset + 4)) else { return nil }
    let bytes = place.isTail ? tail[place.range] : head[place.range]
    return bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  func short(at offset: Int) -> Int? {
    guard let place = place(offset..<(offset + 2)) else { return nil }
    let bytes = place.isTail ? tail[place.range] : head[place.range]
    return bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
