internal import SutureText

/// A way in which a plain scalar is not what it looks like.
struct MisleadingScalar {
  /// What YAML makes of the text, and what to write instead.
  let sentence: String

  /// Whether a number is read that has another value than it seems to.
  let misleads: Bool

  /// The reason in a plain text without a tag; `nil` where there is none.
  init?(_ text: String, _ value: YAMLValue) {
    let shown = text.quoted()
    let meant = "put it in quotes if the text is meant"
    switch value {
    case .bool(let isTrue):
      if text.lowercased() == "\(isTrue)" { return nil }
      self.init("\(shown) is the boolean \(isTrue) to YAML: \(meant)")
    case .null:
      if text != "~" { return nil }
      self.init("\(shown) is null to YAML: \(meant)")
    case .int, .hugeInt:
      let number = if case .int(let value) = value { "the number \(value)" } else { "a huge number" }
      switch PlainScalar.integerForm(text) {
      case .octal where text.contains(where: { $0 != "0" && $0 != "+" && $0 != "-" }):
        self.init("\(shown) is octal to YAML, \(number): write that, or \(meant)", misleads: true)
      case .sexagesimal:
        self.init("\(shown) is of base 60 to YAML, \(number): write that, or \(meant)", misleads: true)
      default:
        if !text.contains("_") { return nil }
        self.init("\(shown) is \(number) to YAML: \(meant)")
      }
    case .float(let number):
      if text.contains(":") {
        self.init(
          "\(shown) is of base 60 to YAML, the number \(number): write that, or \(meant)", misleads: true)
      } else if text.contains("_") {
        self.init("\(shown) is the number \(number) to YAML: \(meant)")
      } else {
        return nil
      }
    case .string: self.init(string: text)
    }
  }

  private init(_ sentence: String, misleads: Bool = false) {
    (self.sentence, self.misleads) = (sentence, misleads)
  }

  /// The reason in a text that is read as a string though it looks like something else.
  private init?(string text: String) {
    // Most strings are names.
    guard let first = text.utf8.first, "+-.0123456789<=".utf8.contains(first) else { return nil }
    let shown = text.quoted()
    if text == "=" || text == "<<" {
      self.init("\(shown) has a meaning of its own to YAML: put it in quotes")
    } else if PlainScalar.isTimestamp(text) {
      self.init("\(shown) is a date to YAML: put it in quotes if the text is meant")
    } else if PlainScalar.integerForm(text) != nil {
      self.init("\(shown) is the beginning of a number to YAML: put it in quotes if the text is meant")
    } else if let plain = Self.octal(text) {
      self.init("\(shown) is text to YAML 1.1, no octal number: write \(plain), or put it in quotes")
    } else if let plain = Self.padded(text) {
      self.init("\(shown) is text to YAML, because of the leading zero: write \(plain), or put it in quotes")
    } else if PlainScalar.pythonFloat(text) != nil {
      self.init(
        "\(shown) is text to YAML: a number has a dot, and its exponent a sign, as in 1.0e+5; put it in quotes"
          + " if the text is meant")
    } else {
      return nil
    }
  }

  /// The value of an octal number as YAML 1.2 spells it.
  private static func octal(_ text: String) -> Int? {
    let digits = text.drop { $0 == "+" || $0 == "-" }
    guard digits.hasPrefix("0o"), text.count - digits.count < 2, !digits.contains("_") else { return nil }
    return Int((text.hasPrefix("-") ? "-" : "") + digits.dropFirst(2), radix: 8)
  }

  /// The value of an integer with a leading zero that is no octal number.
  private static func padded(_ text: String) -> Int? {
    let digits = text.drop { $0 == "+" || $0 == "-" }
    return digits.hasPrefix("0") ? Int(text) : nil
  }
}
