internal import SutureBytes
internal import SutureJSON
internal import SutureText
internal import SutureYAML

/// What recipes ask of a node.
extension YAMLNode {
  /// A string, or a list of one string or more.
  func requireStrings() throws(YAMLError) -> [String] {
    guard let sequence else {
      guard mapping == nil else { throw mismatch("a string or a list of strings", wantsText: true) }
      return [try requireString()]
    }
    if sequence.isEmpty { throw error("the list is empty") }
    var strings: [String] = []
    for node in sequence { strings.append(try node.requireString()) }
    return strings
  }

  /// An integer or a list of integers.
  func requireIntegers() throws(YAMLError) -> [Int] {
    guard let sequence else { return [try requireInt()] }
    var integers: [Int] = []
    for node in sequence { integers.append(try node.requireInt()) }
    return integers
  }

  /// Any number; `1e-6` is one, though YAML 1.1 wants a point in it.
  func requireNumber() throws(YAMLError) -> Double {
    if let scalar, scalar.isPlain, scalar.text.contains(where: "eE".contains),
      scalar.text.allSatisfy({ "0123456789.+-eE".contains($0) }), let value = Double(scalar.text),
      value.isFinite
    {
      return value
    }
    let value = try requireDouble()
    guard value.isFinite else { throw error("a finite number is needed") }
    return value
  }

  /// A list of numbers.
  func requireNumbers() throws(YAMLError) -> [Double] {
    var numbers: [Double] = []
    for node in try requireSequence() { numbers.append(try node.requireNumber()) }
    if numbers.isEmpty { throw error("the list is empty") }
    return numbers
  }
}

extension JSONValue {
  /// One string, or several as an array.
  static func strings(_ strings: [String]) -> JSONValue {
    strings.count == 1 ? .string(strings[0]) : .array(strings.map { .string($0) })
  }
}

extension YAMLNode {
  /// One of a few words.
  func requireChoice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) throws(YAMLError) -> Choice
  where Choice.RawValue == String {
    let word = try requireString()
    if let choice = Choice(rawValue: word) { return choice }
    let words = Choice.allCases.map(\.rawValue)
    let near = Spelling.nearest(to: word, among: words).map { "did you mean \"\($0)\"?" }
    throw error(
      "\"\(word)\" is not known here", advice: near ?? "there are: \(words.joined(separator: ", "))")
  }
}
