/// What to write instead of a text that YAML takes for syntax.
enum SyntaxAdvice {
  /// That a text with `character` in front must be in quotes; `nil` where that is no syntax.
  static func quote(_ character: Unicode.Scalar) -> String? {
    let meaning: String? =
      switch character {
      case "*": "begins an alias"
      case "&": "begins an anchor"
      case "!": "begins a tag"
      case "{": "begins a mapping"
      case "[": "begins a list"
      case "|", ">": "begins a block of text"
      case "%": "begins a directive"
      case "@", "`": "is reserved by YAML"
      default: nil
      }
    return meaning.map { "put the pattern in quotes: a plain \(character) \($0)" }
  }

  /// What to write instead, where libyaml stopped at `offset` of `bytes`.
  static func onSyntax(_ problem: String, at offset: Int, of bytes: [UInt8]) -> String? {
    if problem.hasPrefix("mapping values are not allowed") {
      return "check the indentation, or put a text that holds a colon and a space in quotes"
    }
    if offset > 0, offset <= bytes.count {
      // Text goes on right behind a bracket that was taken for the end of a list.
      if bytes[offset - 1] == UInt8(ascii: "}") { return quote("{") }
      if bytes[offset - 1] == UInt8(ascii: "]") { return quote("[") }
    }
    return offset < bytes.count ? quote(Unicode.Scalar(bytes[offset])) : nil
  }
}
