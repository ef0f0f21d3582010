extension String {
  /// Whether the bytes of a text that is not empty stand somewhere in it.
  package func contains(bytesOf other: String) -> Bool {
    var (name, other) = (self, other)
    return name.withUTF8 { name in
      other.withUTF8 { other in
        guard let first = unsafe other.first, name.count >= other.count else { return false }
        for start in 0...name.count - other.count where unsafe name[start] == first {
          var place = 1
          while place < other.count, unsafe name[start + place] == other[place] { place += 1 }
          if place == other.count { return true }
        }
        return false
      }
    }
  }
}

extension String {
  /// The rest of a name that begins with `prefix`, byte for byte; `nil` where it does not.
  package func rest(after prefix: String) -> Substring? {
    let bytes = utf8
    guard bytes.starts(with: prefix.utf8) else { return nil }
    return Substring(bytes.dropFirst(prefix.utf8.count))
  }

  /// The start of a name that ends with `suffix` at a dot, the dot included; `nil` where it does not.
  package func start(before suffix: String) -> String? {
    let (bytes, end) = (utf8, suffix.utf8)
    guard bytes.count >= end.count, bytes.suffix(end.count).elementsEqual(end) else { return nil }
    let start = bytes.dropLast(end.count)
    guard start.isEmpty || start.last == UInt8(ascii: ".") else { return nil }
    return String(Substring(start))
  }
}

extension String {
  /// The first `count` components of a dotted name; all of one that has no more.
  package func start(components count: Int) -> String {
    split(separator: ".", maxSplits: count, omittingEmptySubsequences: false).prefix(count)
      .joined(separator: ".")
  }
}

extension Collection<String> {
  /// "nothing", "a", "a and b", "a, b and 3 more".
  package var summary: String {
    let first = Array(prefix(2))
    return switch count {
    case 0: "nothing"
    case 1, 2: first.joined(separator: " and ")
    default: "\(first[0]), \(first[1]) and \(count - 2) more"
    }
  }
}
