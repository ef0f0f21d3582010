internal import SutureJSON
internal import SutureYAML

/// A step that recipes can hold: a verb with its operand, and options beside it.
///
///     - slice: "head.weight"
///       axis: 0
///       range: "0:10"
protocol RecipeStep: Step {
  static var verb: String { get }
  /// The keys that may stand beside the verb.
  static var options: [String] { get }
  init(_ fields: StepFields) throws(YAMLError)
  /// What stands behind the verb.
  var operand: JSONValue { get }
  /// The options that are not what they would be unsaid.
  var chosen: [(key: String, value: JSONValue)] { get }
}

extension RecipeStep {
  static var options: [String] { [] }
  var chosen: [(key: String, value: JSONValue)] { [] }

  /// The step as a recipe in JSON has it.
  var record: [(key: String, value: JSONValue)] { [(Self.verb, operand)] + chosen }

  public var identity: String { JSONWriter.text(.object(record)) }
}

/// The step of a recipe that is being read.
struct StepFields {
  let operand: YAMLNode
  private let mapping: YAMLMapping

  /// - Parameter mapping: has the verb, and no other keys than options.
  init(_ operand: YAMLNode, _ mapping: YAMLMapping) { (self.operand, self.mapping) = (operand, mapping) }

  subscript(key: String) -> YAMLNode? { mapping.value(for: key) }

  func require(_ key: String) throws(YAMLError) -> YAMLNode { try mapping.require(key) }

  /// An axis or another integer that has a usual value.
  func integer(_ key: String, unsaid: Int) throws(YAMLError) -> Int {
    guard let node = mapping.value(for: key) else { return unsaid }
    return try node.requireInt()
  }

  func bool(_ key: String, unsaid: Bool = false) throws(YAMLError) -> Bool {
    guard let node = mapping.value(for: key) else { return unsaid }
    return try node.requireBool()
  }

  func number(_ key: String, unsaid: Double) throws(YAMLError) -> Double {
    guard let node = mapping.value(for: key) else { return unsaid }
    return try node.requireNumber()
  }
}
