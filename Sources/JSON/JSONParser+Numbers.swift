extension JSONParser {
  /// Reads a number; the cursor is at its sign or first digit.
  mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    let isNegative = bytes[offset] == UInt8(ascii: "-")
    if isNegative { offset += 1 }

    let first = offset
    let magnitude = try digits()
    if bytes[first] == UInt8(ascii: "0"), offset - first > 1 {
      throw JSONError(first, "a number with a leading zero")
    }
    var isInteger = true
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      isInteger = false
      offset += 1
      _ = try digits()
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      offset += 1
      let sign = try peek()
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
      _ = try digits()
    }
    // Minus zero is no integer: as one it would lose its sign.
    if isInteger, let magnitude, !(isNegative && magnitude == 0) {
      return .integer(isNegative ? -magnitude : magnitude)
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    // Only the least integer comes here: its magnitude alone does not fit.
    if isInteger, let least = Int(text), least == .min { return .integer(least) }
    return .number(JSONNumber(checked: text))
  }

  /// Reads one digit or more; `nil` where their value does not fit 64 bits.
  private mutating func digits() throws(JSONError) -> Int? {
    let start = offset
    var value: Int? = 0
    while offset < bytes.count, case let digit = bytes[offset] &- UInt8(ascii: "0"), digit < 10 {
      if let smaller = value {
        let (tens, tensOverflow) = smaller.multipliedReportingOverflow(by: 10)
        let (sum, overflow) = tens.addingReportingOverflow(Int(digit))
        value = tensOverflow || overflow ? nil : sum
      }
      offset += 1
    }
    if offset == start { throw JSONError.unexpected(try peek(), at: offset, expected: "a digit") }
    return value
  }
}
