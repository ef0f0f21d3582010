extension String {
  /// A text that is encoded as UTF-8; `nil` where the bytes are none.
  ///
  /// `String(validating:as:)` takes any encoding and any collection, and asks anew of each text what they are.
  package init?(utf8 bytes: Span<UInt8>) {
    guard let text = try? UTF8Span(validating: bytes) else { return nil }
    self.init(copying: text)
  }
}
