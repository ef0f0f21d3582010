/// The two ways in which the text protocols escape strings.
enum Escapes {
  /// A Python 2 string literal without its quotes.
  static func python2(_ raw: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = raw
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      guard let code = rest.popFirst() else { return nil }
      switch code {
      case UInt8(ascii: "n"): result.append(10)
      case UInt8(ascii: "r"): result.append(13)
      case UInt8(ascii: "t"): result.append(9)
      case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(code)
      case UInt8(ascii: "x"):
        guard let value = hexadecimal(&rest, digits: 2) else { return nil }
        result.append(UInt8(truncatingIfNeeded: value))
      default: result.append(contentsOf: [byte, code])
      }
    }
    return result
  }

  /// Python's raw-unicode-escape encoding.
  static func rawUnicode(_ raw: [UInt8]) -> String? {
    var units: [UInt16] = []
    var rest = raw[...]
    while let byte = rest.popFirst() {
      let code = rest.first
      guard byte == UInt8(ascii: "\\"), code == UInt8(ascii: "u") || code == UInt8(ascii: "U") else {
        units.append(UInt16(byte))
        continue
      }
      rest.removeFirst()
      guard let value = hexadecimal(&rest, digits: code == UInt8(ascii: "u") ? 4 : 8) else { return nil }
      if value <= 0xFFFF {
        units.append(UInt16(value))
      } else {
        guard let scalar = Unicode.Scalar(value) else { return nil }
        units.append(contentsOf: UTF16.encode(scalar).map(Array.init) ?? [])
      }
    }
    return String(validating: units, as: UTF16.self)
  }

  private static func hexadecimal(_ rest: inout ArraySlice<UInt8>, digits: Int) -> UInt32? {
    guard rest.count >= digits else { return nil }
    let text = String(decoding: rest.prefix(digits), as: UTF8.self)
    rest.removeFirst(digits)
    return UInt32(text, radix: 16)
  }
}
