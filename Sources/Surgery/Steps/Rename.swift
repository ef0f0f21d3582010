internal import SutureJSON

/// Gives the entries that fit a pattern new names, made from what its wildcards stand for.
public struct Rename: Step {
  let pattern: String
  let template: String

  public init(_ pattern: String, to template: String) { (self.pattern, self.template) = (pattern, template) }

  public static let schema = StepSchema(
    "rename", .names, "Rename; * or {1} in NAME is what the wildcards matched.",
    operand: .operand(.pattern, "PATTERN"), fields: [.required("to", .template, "NAME", after: "=")],
    example: #"{rename: "blocks.#.*", to: "layers.{1}.{2}"}"#,
    on: "blocks.3.attn.weight [64,64]")

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.string(), to: try record.require("to").string())
  }

  public var record: StepRecord { StepRecord("rename", .string(pattern), [("to", .string(template))]) }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    let hits = try outcome.match([pattern], in: draft)
    let rename = try renaming()
    for index in draft.entries.indices where hits[index] {
      draft.entries[index].name = try rename(draft.entries[index].name)
    }
    outcome.recordKeys()
    return outcome
  }

  private func renaming() throws -> (String) throws -> String {
    let pattern = try Pattern(pattern)
    let template = try Template(template, one: "names for one key; replicate makes copies")
    return { name in try template.names(for: name, captures: pattern.captures(name) ?? [])[0] }
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let rename = try? renaming() else { return .unknown }
    return resolved.sources(of: name) { [try rename($0)] }
  }
}
