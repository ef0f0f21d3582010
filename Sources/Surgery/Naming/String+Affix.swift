extension String {
  /// The rest of a name that begins with `prefix`, byte for byte; `nil` where it does not.
  func rest(after prefix: String) -> Substring? {
    let bytes = utf8
    guard bytes.starts(with: prefix.utf8) else { return nil }
    return Substring(bytes.dropFirst(prefix.utf8.count))
  }

  /// The start of a name that ends with `suffix` at a dot, the dot included; `nil` where it does not.
  func start(before suffix: String) -> String? {
    let (bytes, end) = (utf8, suffix.utf8)
    guard bytes.count >= end.count, bytes.suffix(end.count).elementsEqual(end) else { return nil }
    let start = bytes.dropLast(end.count)
    guard start.isEmpty || start.last == UInt8(ascii: ".") else { return nil }
    return String(Substring(start))
  }
}
