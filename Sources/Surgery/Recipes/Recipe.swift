internal import SutureJSON
public import SutureText

/// Surgery that can be kept and done again: steps, what they must come to, and how to read and write.
///
///     recipe: 1
///     input: {key: model}
///     steps:
///       - drop: ["norm*", "head*"]
///       - replicate: "model.{0..3}."
///     expect: {in: 182, dropped: 4, out: 712, storages: 178}
///     output: {format: pth}
///
/// YAML and JSON have one schema. Of YAML it takes the plain part: no anchors, aliases or tags; patterns stand in quotes.
public struct Recipe: Sendable {
  /// What it is for, in a line.
  public var description: String?
  /// The dict of the input to take; `nil` for the one that is found.
  public var key: String?
  public var steps: [PlannedStep] = []
  public var expectation = PlanExpectation()
  /// How to write; what the options are is for whoever writes to know.
  public var output = WriteRecord()

  /// A recipe that does nothing.
  public init() {}

  /// Reads a recipe.
  ///
  /// - Parameters:
  ///   - name: what errors call it. Where it ends in `.json` the text must be JSON.
  ///   - registry: the steps that it may hold.
  /// - Throws: `Failure` with line and column.
  public init(_ bytes: [UInt8], name: String, _ registry: StepRegistry = .standard) throws(Failure) {
    try self.init(try RecordValue(bytes, name: name), registry)
  }

  private init(_ root: RecordValue, _ registry: StepRegistry) throws(Failure) {
    let fields = try root.fields(known: ["recipe", "description", "input", "steps", "expect", "output"])
    guard let version = fields["recipe"] else { throw root.error("the key \"recipe\" is missing") }
    guard try version.integer() == 1 else {
      throw version.error("this is no recipe of version 1", advice: "write recipe: 1")
    }
    description = try fields["description"]?.string()
    key = try fields["input"]?.fields(known: ["key"])["key"]?.string()
    guard let list = fields["steps"] else { throw root.error("the key \"steps\" is missing") }
    guard let records = list.elements else { throw list.mismatch("a list") }
    steps = try records.map { value throws(Failure) in try registry.step(try registry.record(value)) }
    if let value = fields["expect"] { expectation = try Self.expectation(value) }
    if let value = fields["output"] { output = try Self.output(value) }
    let says = description != nil || key != nil || !output.isEmpty
    if steps.isEmpty, !says { throw list.error("a recipe without steps does nothing") }
  }

  private static func expectation(_ value: RecordValue) throws(Failure) -> PlanExpectation {
    let fields = try value.fields(known: PlanExpectation.counts.map(\.key) + ["has"])
    var expectation = PlanExpectation()
    for (key, path) in PlanExpectation.counts {
      guard let value = fields[key] else { continue }
      let count = try value.integer()
      if count < 0 { throw value.error("a count is not negative") }
      expectation[keyPath: path] = count
    }
    if let has = fields["has"] {
      expectation.has = try has.strings()
      for text in expectation.has {
        do { _ = try Pattern(text) } catch {
          throw has.error("column \(error.column) of \"\(text)\": \(error.detail)")
        }
      }
    }
    return expectation
  }

  private static func output(_ value: RecordValue) throws(Failure) -> WriteRecord {
    guard let members = value.members else { throw value.mismatch("a mapping") }
    return WriteRecord(members.map { .init($0.key.json.stringValue ?? "", $0.value.json, at: $0.key.place) })
  }
}

extension Surgery {
  /// The steps of a recipe.
  public init(_ recipe: Recipe) { self.init(recipe.steps) }
}

extension StepBuilder {
  /// The steps of a recipe, in its place.
  public static func buildExpression(_ recipe: Recipe) -> [PlannedStep] { recipe.steps }
}
