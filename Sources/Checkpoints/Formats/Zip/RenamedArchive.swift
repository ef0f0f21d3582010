internal import SutureBytes

/// A zip archive whose first two bytes, `PK`, were replaced by two digits.
///
/// GPT-SoVITS tells the versions of its models apart in this way ("00" to "07").
struct RenamedArchive: ByteSource {
  private let file: any ByteSource

  init(_ file: any ByteSource) { self.file = file }

  static func begins(with head: [UInt8]) -> Bool {
    head.count >= 4 && head[0] == UInt8(ascii: "0")
      && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(head[1])
      && head[2] == 3 && head[3] == 4
  }

  var name: String { file.name }
  var byteCount: Int { file.byteCount }
  var isRandomAccess: Bool { file.isRandomAccess }

  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    try file.read(into: &buffer, count: count, at: offset)
    for (place, byte) in "PK".utf8.enumerated() where offset <= place && place < offset + count {
      buffer[place - offset] = byte
    }
  }
}
