/// What a schema asks of a node: a value of one type, or an error that says where and what to write instead.
extension YAMLNode {
  /// The text of a string; a plain number, boolean or null must be put in quotes to be one.
  public func requireString() throws(YAMLError) -> String {
    guard case .string(let text) = resolved else { throw mismatch("a string", .text) }
    return text
  }

  /// An integer; one that is octal or of base 60 without looking so is refused.
  public func requireInt() throws(YAMLError) -> Int {
    guard case .int(let value) = resolved, !misleads else { throw mismatch("an integer", .integer) }
    return value
  }

  /// The nearest double of any number; an integer that is octal or of base 60 without looking so is refused.
  public func requireDouble() throws(YAMLError) -> Double {
    switch resolved {
    case .float(let value) where !misleads: return value
    case .int(let value) where !misleads: return Double(value)
    default: throw mismatch("a number", .number)
    }
  }

  /// A boolean, in any of YAML's words for one.
  public func requireBool() throws(YAMLError) -> Bool {
    guard case .bool(let value) = resolved else { throw mismatch("a boolean", .boolean) }
    return value
  }

  /// The elements of a sequence.
  public func requireSequence() throws(YAMLError) -> [YAMLNode] {
    guard let sequence else { throw mismatch("a list") }
    return sequence
  }

  /// A mapping.
  public func requireMapping() throws(YAMLError) -> YAMLMapping {
    guard let mapping else { throw mismatch("a mapping") }
    return mapping
  }

  /// An error at this node, in the words of a schema.
  public func error(_ message: String, advice: String? = nil) -> YAMLError {
    YAMLError(position, message, advice: advice)
  }

  /// That something else was expected here.
  ///
  /// - Parameters:
  ///   - expected: what, with its article: "a string or a list of strings".
  ///   - wantsText: whether a text would do, so that quotes may be what is missing.
  public func mismatch(_ expected: String, wantsText: Bool = false) -> YAMLError {
    mismatch(expected, wantsText ? .text : .other)
  }

  /// The type of scalar that would do.
  private enum Wanted { case text, integer, number, boolean, other }

  private func mismatch(_ expected: String, _ wanted: Wanted) -> YAMLError {
    YAMLError(position, "\(expected) expected, \(found) found", advice: advice(wanted))
  }

  private var misleads: Bool {
    guard let scalar, scalar.surprise != nil else { return false }
    return MisleadingScalar(scalar.text, scalar.resolved)?.misleads ?? false
  }

  private var found: String {
    switch content {
    case .scalar(let scalar): isHiddenByComment || scalar.isEmpty ? "nothing" : scalar.resolved.spelled
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }

  private func advice(_ wanted: Wanted) -> String? {
    switch content {
    case .sequence: return isFlow && wanted == .text ? SyntaxAdvice.quote("[") : nil
    case .mapping: return isFlow && wanted == .text ? SyntaxAdvice.quote("{") : nil
    case .scalar(let scalar):
      if isHiddenByComment { return "a plain # begins a comment: put the text in quotes if it is meant" }
      if let surprise = scalar.surprise { return surprise }
      if scalar.isEmpty || tag != nil { return nil }
      if scalar.isPlain { return wanted == .text ? "put it in quotes if the text is meant" : nil }
      return Self.unquoted(scalar.text, wanted) ? "take the quotes off" : nil
    }
  }

  /// Whether a text would be what is wanted if it had no quotes.
  private static func unquoted(_ text: String, _ wanted: Wanted) -> Bool {
    switch PlainScalar.value(of: text) {
    case .int: wanted == .integer || wanted == .number
    case .float: wanted == .number
    case .bool: wanted == .boolean
    default: false
    }
  }
}

extension YAMLScalar {
  /// Whether nothing was written at all.
  fileprivate var isEmpty: Bool { isPlain && text.isEmpty }
}
