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
    draft.entries = expanded.flatMap { prefix in
      originals.map { Draft.Entry(name: prefix + $0.name, origin: $0.origin, tensor: $0.tensor) }
    }
    if expanded.count == 1 {
      draft.notes.append(
        "\"\(prefixes)\" is one prefix: nothing was copied. Braces give several: 'model.{0..3}.'")
    }
    return originals.count
  }
}
