extension PlainScalar {
  /// How an integer is written.
  enum IntegerForm { case decimal, binary, octal, hexadecimal, sexagesimal }

  /// The form that a text has as an integer; `nil` where it is none.
  static func integerForm(_ text: String) -> IntegerForm? {
    var scan = ScalarScanner(text)
    _ = scan.take("+-")
    if scan.take("0") {
      if scan.isAtEnd { return .decimal }
      if scan.take("b") { return scan.run("01_") > 0 && scan.isAtEnd ? .binary : nil }
      if scan.take("x") {
        return scan.run("0123456789abcdefABCDEF_") > 0 && scan.isAtEnd ? .hexadecimal : nil
      }
      return scan.run("01234567_") > 0 && scan.isAtEnd ? .octal : nil
    }
    guard scan.take("1"..."9") else { return nil }
    scan.run("0123456789_")
    if scan.isAtEnd { return .decimal }
    return sixties(&scan) && scan.isAtEnd ? .sexagesimal : nil
  }

  /// An integer; `nil` where the text is none, or has no digits behind its prefix, on which PyYAML fails.
  static func integer(_ text: String) -> YAMLValue? {
    guard let form = integerForm(text) else { return nil }
    let (isNegative, digits) = magnitude(text)
    let parts = digits.split(separator: ":")
    switch form {
    case .decimal: return integer(parts, radix: 10, isNegative)
    case .sexagesimal: return integer(parts, radix: 10, isNegative)
    case .octal: return integer(parts, radix: 8, isNegative)
    case .binary: return integer([digits.dropFirst(2)], radix: 2, isNegative)
    case .hexadecimal: return integer([digits.dropFirst(2)], radix: 16, isNegative)
    }
  }

  /// The integer whose digits to the base of 60 are `parts`.
  private static func integer(_ parts: [Substring], radix: Int, _ isNegative: Bool) -> YAMLValue? {
    var sum = 0
    for part in parts {
      if part.isEmpty { return nil }
      guard let digit = Int(isNegative ? "-" + part : String(part), radix: radix) else { return .hugeInt }
      let (sixties, overflow) = sum.multipliedReportingOverflow(by: 60)
      let (next, nextOverflow) = sixties.addingReportingOverflow(digit)
      if overflow || nextOverflow { return .hugeInt }
      sum = next
    }
    return .int(sum)
  }

  /// A floating-point number: it has a dot, and its exponent a sign.
  static func float(_ text: String) -> Double? {
    guard isFloat(text) else { return nil }
    let (isNegative, digits) = magnitude(text.lowercased())
    let value: Double? =
      switch digits {
      case ".inf": .infinity
      case ".nan": .nan
      default: sexagesimal(digits)
      }
    return value.map { isNegative ? -$0 : $0 }
  }

  /// What Python's `float` takes beside that, which PyYAML asks where a tag says that it is one.
  static func pythonFloat(_ text: String) -> Double? {
    let (isNegative, digits) = magnitude(text)
    var scan = ScalarScanner(digits)
    let whole = scan.run("0123456789")
    let fraction = scan.take(".") ? scan.run("0123456789") : 0
    if whole + fraction == 0 { return nil }
    if scan.take("eE") {
      _ = scan.take("+-")
      if scan.run("0123456789") == 0 { return nil }
    }
    guard scan.isAtEnd, let value = decimal(Substring(digits)) else { return nil }
    return isNegative ? -value : value
  }

  private static func isFloat(_ text: String) -> Bool {
    var scan = ScalarScanner(text)
    let isSigned = scan.take("+-")
    if scan.take(".") {
      if scan.take("0"..."9") { return !isSigned && mantissaEnds(&scan) }
      return [".inf", ".Inf", ".INF"].contains(isSigned ? String(text.dropFirst()) : text)
        || [".nan", ".NaN", ".NAN"].contains(text)
    }
    guard scan.take("0"..."9") else { return false }
    scan.run("0123456789_")
    if scan.take(".") { return mantissaEnds(&scan) }
    guard sixties(&scan), scan.take(".") else { return false }
    scan.run("0123456789_")
    return scan.isAtEnd
  }

  /// Takes the rest of a fraction and an exponent; whether that is all.
  private static func mantissaEnds(_ scan: inout ScalarScanner) -> Bool {
    scan.run("0123456789_")
    if scan.take("eE"), !scan.take("+-") || scan.run("0123456789") == 0 { return false }
    return scan.isAtEnd
  }

  /// Takes `:30:59`, one part or more.
  private static func sixties(_ scan: inout ScalarScanner) -> Bool {
    var parts = 0
    while scan.take(":") {
      let isSmall = scan.take("0"..."5")
      if !scan.take("0"..."9"), !isSmall { return false }
      parts += 1
    }
    return parts > 0
  }

  /// The sum that PyYAML makes, least part first, so that it rounds alike.
  private static func sexagesimal(_ text: String) -> Double? {
    let parts = text.split(separator: ":")
    guard parts.count > 1 else { return decimal(Substring(text)) }
    var (sum, base) = (0.0, 1.0)
    for part in parts.reversed() {
      guard let digit = decimal(part) else { return nil }
      sum += digit * base
      base *= 60
    }
    return sum
  }

  private static func decimal(_ text: Substring) -> Double? { Double(String(text)) }

  /// The text without its sign and underscores.
  private static func magnitude(_ text: String) -> (isNegative: Bool, digits: String) {
    let digits = text.filter { $0 != "_" }
    guard let sign = digits.first, sign == "-" || sign == "+" else { return (false, digits) }
    return (sign == "-", String(digits.dropFirst()))
  }

  /// Whether a text is a date or a time to PyYAML.
  static func isTimestamp(_ text: String) -> Bool {
    var scan = ScalarScanner(text)
    guard scan.digits(4), scan.take("-") else { return false }
    let month = scan.run("0123456789")
    guard scan.take("-") else { return false }
    let day = scan.run("0123456789")
    if scan.isAtEnd { return month == 2 && day == 2 }
    guard (1...2).contains(month), (1...2).contains(day) else { return false }
    guard scan.take("Tt") || scan.run(" \t") > 0 else { return false }
    guard (1...2).contains(scan.run("0123456789")), scan.take(":"), scan.digits(2), scan.take(":"),
      scan.digits(2)
    else { return false }
    if scan.take(".") { scan.run("0123456789") }
    scan.run(" \t")
    if scan.isAtEnd { return !text.hasSuffix(" ") && !text.hasSuffix("\t") }
    if scan.take("Z") { return scan.isAtEnd }
    guard scan.take("+-"), (1...2).contains(scan.run("0123456789")) else { return false }
    return scan.isAtEnd || scan.take(":") && scan.digits(2) && scan.isAtEnd
  }
}
