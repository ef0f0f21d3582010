extension JSONParser {
  /// Steps over a number; the cursor is at its sign or first digit.
  mutating func number() throws(JSONError) {
    if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
    let first = offset
    try digits()
    if bytes[first] == UInt8(ascii: "0"), offset - first > 1 {
      throw JSONError(first, "a number with a leading zero")
    }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      try digits()
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      offset += 1
      let sign = try peek()
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
      try digits()
    }
  }

  /// Steps over one digit or more.
  private mutating func digits() throws(JSONError) {
    let start = offset
    while offset < bytes.count, bytes[offset] &- UInt8(ascii: "0") < 10 { offset += 1 }
    if offset == start { throw JSONError.unexpected(try peek(), at: offset, expected: "a digit") }
  }
}
