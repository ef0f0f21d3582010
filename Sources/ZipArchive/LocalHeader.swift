internal import SutureBytes

/// The header that stands before each record's payload, as far as it repeats the central directory.
///
///     0   PK 3 4        14  CRC-32
///     4   version       18  compressed size
///     6   flags         22  size
///     8   method        26  length of the name
///     10  time, date    28  length of the extra field
///     30  name, extra field, payload
struct LocalHeader {
  let flags: UInt16
  let method: UInt16
  let crc32: UInt32
  let compressedSize: UInt64
  let size: UInt64
  let name: [UInt8]

  /// Whether sizes and checksum follow the payload instead.
  var hasDescriptor: Bool { flags & 0x0008 != 0 }
  var isEncrypted: Bool { flags & 0x0001 != 0 || flags & 0x2000 != 0 }
  var isPatched: Bool { flags & 0x0020 != 0 }

  /// The size of the header without its name and extra field.
  static let fixedSize = 30

  /// Where the payload begins.
  let end: Int

  /// Reads the header at `offset`.
  ///
  /// - Returns: `nil` where no header begins there.
  init?(at offset: Int, in source: any ByteSource) throws {
    guard offset <= source.byteCount - Self.fixedSize else {
      throw TruncatedInput(
        offset: offset, needed: Self.fixedSize, available: max(source.byteCount - offset, 0))
    }
    let fixed = try source.bytes(offset..<(offset + Self.fixedSize))
    guard fixed.starts(with: [0x50, 0x4B, 3, 4]) else { return nil }
    var reader = unsafe ByteReader(fixed.span.bytes, at: 6)
    flags = try reader.integer()
    method = try reader.integer()
    try reader.skip(4)
    crc32 = try reader.integer()
    let compressed = try reader.integer(UInt32.self)
    let plain = try reader.integer(UInt32.self)
    let nameLength = Int(try reader.integer(UInt16.self))
    let extraLength = Int(try reader.integer(UInt16.self))

    let start = offset + Self.fixedSize
    end = start + nameLength + extraLength
    guard start + nameLength + extraLength <= source.byteCount else {
      throw TruncatedInput(
        offset: start, needed: nameLength + extraLength, available: source.byteCount - start)
    }
    // The extra field matters only where it holds the sizes: torch pads with it, up to 64 KiB a record.
    let needsExtra = plain == .max || compressed == .max
    let variable = try source.bytes(start..<(start + nameLength + (needsExtra ? extraLength : 0)))
    name = Array(variable[..<nameLength])
    (size, compressedSize) = try Self.sizes(plain, compressed, extra: Array(variable[nameLength...]))
  }

  /// The 64-bit sizes stand in extra field 1, each only where the 32-bit one is all ones.
  private static func sizes(_ plain: UInt32, _ compressed: UInt32, extra: [UInt8]) throws -> (UInt64, UInt64)
  {
    var (size, compressedSize) = (UInt64(plain), UInt64(compressed))
    var reader = unsafe ByteReader(extra.span.bytes)
    while reader.remaining >= 4 {
      let (tag, length) = (try reader.integer(UInt16.self), Int(try reader.integer(UInt16.self)))
      guard tag == 1 else {
        try reader.skip(min(length, reader.remaining))
        continue
      }
      if plain == .max { size = try reader.integer() }
      if compressed == .max { compressedSize = try reader.integer() }
      break
    }
    return (size, compressedSize)
  }
}
