import SutureBytes
import SutureJSON
import TestSupport
import Testing

/// Whatever a file holds, its text cannot act on the terminal that it is shown on.
@Suite struct `Hostile text` {
  /// Clears the screen, turns the writing round, and is the same as the first in one byte.
  private static let hostile = "\u{1B}[2J\u{202E}\u{9B}2J\r\u{7}"

  private func file(_ folder: TemporaryFolder) throws -> String {
    let name = JSONWriter.text(.string("w" + Self.hostile))
    let header = Array(
      "{\"__metadata__\":{\(name):\(name)},\(name):{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
        .utf8)
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(header.count))
    let path = "in\(Self.hostile).safetensors"
    try folder.write(path, bytes + header + [0, 0, 0xC0, 0x7F])
    return folder.path + "/" + path
  }

  @Test(arguments: [
    "inspect IN", "inspect IN --storages --stats", "inspect IN nothing", "check IN", "check IN --into IN -v",
    "diff IN IN", "why IN NAME", "why IN nothing", "convert IN -o OUT.pth -n", "convert IN -o OUT.xyz",
    "convert IN -o OUT.pth --dtype float16", "edit IN -n --drop NAME", "edit IN -n --rename *=NAMENAME",
    "edit IN -n --drop NAME1", "graft IN --from IN -n", "verify IN", "inspect IN.none", "NAME",
    "inspect --NAME",
  ])
  func `is shown and not obeyed`(words: String) throws {
    let folder = try TemporaryFolder()
    let path = try file(folder)
    let places = [("IN", path), ("OUT", folder.path + "/out"), ("NAME", "w" + Self.hostile)]
    let line = words.split(separator: " ").map { word in
      places.reduce(String(word)) { $0.replacing($1.0, with: $1.1) }
    }
    for words in [line, line + ["--json"]] {
      let said = try suture(words, environment: ["SUTURE_LOG=debug"])
      let acting = (said.output + said.messages).unicodeScalars.filter { Self.acts($0.value) }
      #expect(acting.isEmpty, "\(acting.map { $0.value })")
      #expect(said.code >= 0 && !(said.output + said.messages).isEmpty)
    }
  }

  private static func acts(_ scalar: UInt32) -> Bool {
    if scalar < 32 { return scalar != 9 && scalar != 10 }
    return (127..<160).contains(scalar) || scalar == 0x202E
  }
}
