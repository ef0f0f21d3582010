internal import SutureText

extension YAMLError.Reason: CustomStringConvertible {
  /// What is wrong, on one line.
  public var description: String {
    switch self {
    case .empty: "the document is empty"
    case .tooLarge(let bytes, let limit): "the document has \(bytes) bytes, more than \(limit)"
    case .tooDeep(let limit): "more than \(limit) nested lists and mappings"
    case .tooManyNodes(let limit): "more than \(limit) values"
    case .invalidUTF8: "invalid UTF-8"
    case .utf16: "the document is UTF-16; save it as UTF-8"
    case .nul: "a NUL byte; this is no text in UTF-8"
    case .controlCharacter(let code): "an unescaped control character (U+\(Self.hexadecimal(code)))"
    case .syntax(let words): words
    case .tab: "a tab where YAML takes spaces only"
    case .duplicateKey(let key, let first, let line) where key == first:
      "the key \(key.quoted()) comes twice (first at line \(line))"
    case .duplicateKey(let key, let first, let line):
      "the key \(key.quoted()) comes twice (first as \(first.quoted()) at line \(line))"
    case .keyIsNoScalar: "a list or mapping as a key is not supported"
    case .anchor(let name): "the anchor &\(name.visible(atMost: 60)) is not supported"
    case .alias(let name): "the alias *\(name.visible(atMost: 60)) is not supported"
    case .mergeKey: "the merge key << is not supported; write out what it would merge"
    case .tag(let tag): "the tag \(tag.visible(atMost: 60)) is not supported"
    case .tagDirective: "a %TAG directive is not supported"
    case .tagMismatch(let tag, let found): "the tag !!\(tag.rawValue) does not fit \(found)"
    case .secondDocument: "a second document begins; a file may have one"
    case .outOfMemory: "not enough memory"
    case .mismatch(let expected, let found): "\(expected) expected, \(found) found"
    case .missingKey(let key): "the key \(key.quoted()) is missing"
    case .unknownKey(let key): "unknown key \(key.quoted())"
    case .schema(let message): message
    }
  }

  private static func hexadecimal(_ code: UInt32) -> String {
    let digits = String(code, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
