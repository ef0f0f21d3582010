internal import SutureJSON
internal import SutureText

/// JSON as the reader of YAML takes it: nearly all of JSON is YAML, and that reader knows lines and columns.
enum JSONText {
  /// The same document, of which a tab is a space and an escaped pair of surrogates the character.
  ///
  /// - Throws: `Failure` where it is not JSON.
  static func asYAML(_ bytes: [UInt8], name: String) throws(Failure) -> [UInt8] {
    do { _ = try JSONParser.parse(bytes) } catch {
      let (line, column) = place(error.offset, in: bytes)
      throw Failure(
        .usage, at: FailurePlace(file: name, line: line, column: column), "\(error.reason)")
    }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var position = 0
    while position < bytes.count {
      // A tab within a string would have been refused.
      if bytes[position] == UInt8(ascii: "\t") {
        result.append(UInt8(ascii: " "))
      } else if bytes[position] == UInt8(ascii: "\\") {
        if let character = surrogates(bytes, position) {
          result += Array(String(Character(character)).utf8)
          position += 12
          continue
        }
        result += bytes[position...min(position + 1, bytes.count - 1)]
        position += 1
      } else {
        result.append(bytes[position])
      }
      position += 1
    }
    return result
  }

  /// The character of `\ud83d\ude00`.
  private static func surrogates(_ bytes: [UInt8], _ position: Int) -> Unicode.Scalar? {
    guard let high = unit(bytes, position), (0xD800..<0xDC00).contains(high),
      let low = unit(bytes, position + 6), (0xDC00..<0xE000).contains(low)
    else { return nil }
    return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
  }

  private static func unit(_ bytes: [UInt8], _ position: Int) -> UInt32? {
    guard position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { return nil }
    return UInt32(String(decoding: bytes[(position + 2)..<(position + 6)], as: UTF8.self), radix: 16)
  }

  /// The line and the character of the line, from 1.
  private static func place(_ offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
    let before = bytes.prefix(offset)
    let start = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    return (
      before.count { $0 == UInt8(ascii: "\n") } + 1,
      String(decoding: before[start...], as: UTF8.self).count + 1
    )
  }
}
