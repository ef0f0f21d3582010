internal import SutureJSON
internal import SutureYAML

/// Puts a copy of every entry under each of several prefixes.
///
/// The copies share their storage.
public struct Replicate: Step {
  let prefixes: String

  /// - Parameter prefixes: such as `model.{0..3}.`, which stands for four.
  public init(_ prefixes: String) { self.prefixes = prefixes }

  public var summary: String { "replicate under \"\(prefixes)\"" }

  public func apply(to draft: inout Draft) throws -> Int {
    let template = try Template(prefixes)
    let expanded = try template.names(for: "", captures: [])
    let originals = draft.entries
    draft.touched = originals.map(\.name)
    draft.entries = expanded.flatMap { prefix in
      originals.map { Draft.Entry(name: prefix + $0.name, origins: $0.origins, tensor: $0.tensor) }
    }
    if expanded.count == 1 {
      draft.notes.append(
        "\"\(prefixes)\" is one prefix: nothing was copied. Braces give several: 'model.{0..3}.'")
    }
    return originals.count
  }
}

extension Replicate: RecipeStep {
  static let verb = "replicate"
  init(_ fields: StepFields) throws(YAMLError) { self.init(try fields.operand.requireString()) }
  var operand: JSONValue { .string(prefixes) }
}
