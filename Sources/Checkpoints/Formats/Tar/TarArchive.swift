internal import SutureBytes
internal import SutureText

// A tar archive is a run of blocks of 512 bytes: a header, the file's bytes padded to whole blocks, the next header;
// two blocks of zeros end it. Of a header:
//
//     0  100 bytes   name
//   124   12 bytes   size, octal digits; or binary, big-endian, where the first bit is set
//   148    8 bytes   checksum: the sum of the header's bytes, these eight counted as spaces
//   156    1 byte    type: '0' or NUL a file, 'x' and 'g' attributes of the next or all files, 'L' a long name
//   257    6 bytes   "ustar"

/// The files in a tar archive, and where their bytes lie.
///
/// Names longer than 100 bytes are not put together: nothing that torch wrote has one.
struct TarArchive {
  struct Member {
    let name: String
    let offset: Int
    let size: Int
  }

  let members: [Member]

  private static let magic = Array("ustar".utf8)
  private static let magicOffset = 257
  private static let block = 512
  private static let memberLimit = 10_000

  /// Whether a file that begins so is one.
  static func begins(with head: [UInt8]) -> Bool {
    head.count == block && head[magicOffset...].starts(with: magic)
  }

  init(_ source: any ByteSource) throws {
    var members: [Member] = []
    var position = 0
    while position + Self.block <= source.byteCount {
      let header = try source.bytes(position..<(position + Self.block))
      if header.allSatisfy({ $0 == 0 }) { break }
      func fault(_ reason: String) -> Failure {
        Failure(
          in: source.name, at: position, reason, remedies: ["the tar archive is damaged or cut short"])
      }
      guard header[Self.magicOffset...].starts(with: Self.magic),
        Self.checksum(header) == Self.octal(header[148..<156])
      else { throw fault("this is no header of a tar archive") }
      guard let size = Self.size(header[124..<136]) else { throw fault("a file's size is not a number") }
      let start = position + Self.block
      guard size <= source.byteCount - start else {
        throw fault("a file should have \(size) bytes, \(source.byteCount - start) are left")
      }
      let name = String(decoding: header[0..<100].prefix { $0 != 0 }, as: UTF8.self)
      if header[156] == 0 || header[156] == UInt8(ascii: "0") {
        members.append(Member(name: name, offset: start, size: size))
        guard members.count <= Self.memberLimit else {
          throw fault("the archive has more than \(Self.memberLimit) files")
        }
      }
      position = start + (size + Self.block - 1) / Self.block * Self.block
    }
    self.members = members
  }

  /// The file of that name; `nil` also where there are two.
  subscript(name: String) -> Member? {
    let found = members.filter { $0.name == name || $0.name == "./" + name }
    return found.count == 1 ? found[0] : nil
  }

  private static func checksum(_ header: [UInt8]) -> Int {
    header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 32 }.prefix { $0 != 32 && $0 != 0 }
    return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 < 0 ? nil : $0 }
  }

  private static func size(_ field: ArraySlice<UInt8>) -> Int? {
    guard let first = field.first, first & 0x80 != 0 else { return octal(field) }
    let bytes = field.dropFirst()
    guard first == 0x80, bytes.dropLast(8).allSatisfy({ $0 == 0 }) else { return nil }
    return Int(exactly: bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}
