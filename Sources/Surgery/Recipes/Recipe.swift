internal import SutureBytes
internal import SutureJSON
internal import SutureText
internal import SutureYAML

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
  public var steps: [any Step] = []
  public var expectation = PlanExpectation()
  /// How to write; what the options are is for whoever writes to know.
  public var output = WriteRecord()

  /// A recipe that does nothing.
  public init() {}

  /// Reads a recipe.
  ///
  /// - Parameters:
  ///   - name: what errors call it. Where it ends in `.json` the text must be JSON.
  /// - Throws: ``RecipeError`` with line and column.
  public init(_ bytes: [UInt8], name: String) throws(RecipeError) {
    do { try self.init(try Self.parse(bytes, name: name)) } catch { throw RecipeError(error) }
  }

  static func parse(_ bytes: [UInt8], name: String) throws(RecipeError) -> YAMLNode {
    let text = name.lowercased().hasSuffix(".json") ? try JSONText.asYAML(bytes, name: name) : bytes
    do { return try YAML.parse(text, name: name, limits: YAMLLimits(bytes: 10_000_000)) } catch {
      throw RecipeError(error)
    }
  }

  private init(_ root: YAMLNode) throws {
    let mapping = try root.requireMapping()
    try mapping.refuseUnknownKeys(known: ["recipe", "description", "input", "steps", "expect", "output"])
    let version = try mapping.require("recipe")
    guard try version.requireInt() == 1 else {
      throw version.error("this is no recipe of version 1", advice: "write recipe: 1")
    }
    description = try mapping.value(for: "description")?.requireString()
    if let input = try mapping.value(for: "input")?.requireMapping() {
      try input.refuseUnknownKeys(known: ["key"])
      key = try input.value(for: "key")?.requireString()
    }
    let list = try mapping.require("steps")
    steps = try list.requireSequence().map { try RecipeVerbs.step($0) }
    if let node = mapping.value(for: "expect") { expectation = try Self.expectation(node) }
    if let node = mapping.value(for: "output") { output = try Self.output(node) }
    let says = description != nil || key != nil || !output.isEmpty
    if steps.isEmpty, !says { throw list.error("a recipe without steps does nothing") }
  }

  private static func expectation(_ node: YAMLNode) throws -> PlanExpectation {
    let mapping = try node.requireMapping()
    try mapping.refuseUnknownKeys(known: PlanExpectation.counts.map(\.key) + ["has"])
    var expectation = PlanExpectation()
    for (key, path) in PlanExpectation.counts {
      guard let value = mapping.value(for: key) else { continue }
      let count = try value.requireInt()
      if count < 0 { throw value.error("a count is not negative") }
      expectation[keyPath: path] = count
    }
    if let has = mapping.value(for: "has") {
      expectation.has = try has.requireStrings()
      for text in expectation.has {
        do { _ = try Pattern(text) } catch {
          throw has.error("column \(error.column) of \"\(text)\": \(error.detail)")
        }
      }
    }
    return expectation
  }

  private static func output(_ node: YAMLNode) throws -> WriteRecord {
    WriteRecord(
      try node.requireMapping().pairs.map { key, value in
        WriteRecord.Member(key.scalar?.text ?? "", value.json, at: FailurePlace(key.position))
      })
  }
}
