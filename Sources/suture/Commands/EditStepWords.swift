internal import SutureSurgery

/// The value of an option that is a step: `PATTERN=VALUE@AXIS`.
struct StepWords {
  let pattern: String
  /// What stands behind the `=`.
  let value: String?
  private let option: String
  private let form: String
  private let text: String

  init(_ option: String, _ text: String, _ form: String) {
    (self.option, self.text, self.form) = (option, text, form)
    // The = of a regular expression is its own.
    let isRegex = text.hasPrefix("re:/") || text.hasPrefix("!re:/")
    if isRegex, let end = text.firstRange(of: "/=") {
      (pattern, value) = (String(text[..<end.lowerBound]) + "/", String(text[end.upperBound...]))
    } else if !isRegex, let equals = text.firstIndex(of: "=") {
      (pattern, value) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
    } else {
      (pattern, value) = (text, nil)
    }
  }

  var error: UsageError { UsageError("--\(option) takes \(form), not \"\(text)\"") }

  func pair() throws -> (String, String) {
    guard let value, !pattern.isEmpty, !value.isEmpty else { throw error }
    return (pattern, value)
  }

  func integers(_ list: some StringProtocol) throws -> [Int] {
    let numbers = list.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.allSatisfy({ $0 != nil }) else { throw error }
    return numbers.compactMap(\.self)
  }

  /// `NAME@AXIS`; the axis is 0 where there is none.
  func axis(_ text: String) -> (String, Int) {
    guard let at = text.lastIndex(of: "@"), let axis = Int(text[text.index(after: at)...]) else {
      return (text, 0)
    }
    return (String(text[..<at]), axis)
  }

  /// `NAME@AXIS:SIZE,SIZE`.
  func axisAndSizes(_ text: String) -> (String, axis: Int, sizes: [Int]) {
    guard let at = text.lastIndex(of: "@"), let colon = text[at...].firstIndex(of: ":"),
      let axis = Int(text[text.index(after: at)..<colon]),
      let sizes = try? integers(text[text.index(after: colon)...])
    else {
      let (names, axis) = axis(text)
      return (names, axis, [])
    }
    return (String(text[..<at]), axis, sizes)
  }

  /// `NAME@NUMBER`.
  func number(_ text: String) -> (String, Double?) {
    guard let at = text.lastIndex(of: "@"), let number = Double(text[text.index(after: at)...]) else {
      return (text, nil)
    }
    return (String(text[..<at]), number)
  }

  private func numbers(_ list: some StringProtocol) throws -> [Double] {
    let numbers = list.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard numbers.allSatisfy({ $0?.isFinite ?? false }) else { throw error }
    return numbers.compactMap(\.self)
  }

  func content() throws -> Fill.Content {
    let (_, word) = try pair()
    if word == "zeros" { return .zeros }
    if let number = Double(word), number.isFinite { return .constant(number) }
    guard word.hasPrefix("normal("), word.hasSuffix(")") else { throw error }
    let parts = word.dropFirst(7).dropLast().split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 3, let seed = Int(parts[2]) else { throw error }
    let numbers = try numbers(parts[..<2].joined(separator: ","))
    guard numbers[1] >= 0 else { throw error }
    return .normal(mean: numbers[0], deviation: numbers[1], seed: seed)
  }

  func normalization() throws -> FoldNormalization {
    guard let value else { return FoldNormalization(pattern) }
    let halves = value.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2 else { throw error }
    return FoldNormalization(pattern, mean: try numbers(halves[0]), deviation: try numbers(halves[1]))
  }
}
