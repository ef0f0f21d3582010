internal import SutureBytes
internal import SutureJSON
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
  /// An option of the command that writes, and its value; `nil` where it has none.
  public typealias Option = (name: String, value: String?)

  /// What it is for, in a line.
  public var description: String?
  /// The dict of the input to take; `nil` for the one that is found.
  public var key: String?
  public var steps: [any Step] = []
  public var expectation = PlanExpectation()
  /// How to write, in the words of the command line.
  public var output: [Option] = []

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

  /// What the options of writing are called; those that are flags take `true`.
  static let outputOptions: [(name: String, isFlag: Bool)] = [
    ("format", false), ("as", false), ("dtype", false), ("keep-dtype", false), ("shared", false),
    ("sparse", false),
    ("max-shard-size", false), ("extras", false), ("keep-storages", true), ("metadata", false),
    ("no-provenance", true), ("hash", true), ("proof", true),
  ]

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
          throw has.error("column \(error.column) of \"\(text)\": \(error.reason)")
        }
      }
    }
    return expectation
  }

  private static func output(_ node: YAMLNode) throws -> [Option] {
    let mapping = try node.requireMapping()
    try mapping.refuseUnknownKeys(known: outputOptions.map(\.name))
    var options: [Option] = []
    for (key, value) in mapping.pairs {
      guard let name = key.scalar?.text, let known = outputOptions.first(where: { $0.name == name }) else {
        continue
      }
      if known.isFlag {
        if try value.requireBool() { options.append((name, nil)) }
      } else if name == "metadata" {
        for (key, value) in try value.requireMapping().pairs {
          options.append((name, "\(try key.requireString())=\(try value.requireString())"))
        }
      } else {
        options += try value.requireStrings().map { (name, $0) }
      }
    }
    return options
  }
}
