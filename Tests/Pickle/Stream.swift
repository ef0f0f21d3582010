/// Pickle streams by hand: `"(K\u{01}t."` and friends as bytes.
func stream(_ parts: Any...) -> [UInt8] {
  parts.flatMap { part -> [UInt8] in
    switch part {
    case let text as String: text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    case let byte as Int: [UInt8(truncatingIfNeeded: byte)]
    case let bytes as [UInt8]: bytes
    case let numbers as [Int]: numbers.map { UInt8(truncatingIfNeeded: $0) }
    default: []
    }
  }
}
