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

  /// As much as is read at once: torch gives its records short names.
  private static let usualSize = 64

  /// The first four bytes, `PK 3 4`, as a number.
  private static let signature: UInt32 = 0x0403_4B50

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
    let first = try source.bytes(offset..<min(offset + Self.usualSize, source.byteCount))
    var reader = unsafe ByteReader(first.span.bytes)
    guard try reader.integer(UInt32.self) == Self.signature else { return nil }
    try reader.skip(2)
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
    let needed = nameLength + (needsExtra ? extraLength : 0)
    let variable =
      Self.fixedSize + needed <= first.count
      ? first[Self.fixedSize..<(Self.fixedSize + needed)] : try source.bytes(start..<(start + needed))[...]
    name = Array(variable.prefix(nameLength))
    (size, compressedSize) =
      needsExtra
      ? try Self.sizes(plain, compressed, extra: Array(variable.dropFirst(nameLength)))
      : (UInt64(plain), UInt64(compressed))
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
