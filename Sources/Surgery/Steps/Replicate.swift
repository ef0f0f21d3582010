internal import SutureJSON
internal import SutureText

/// Puts a copy of every entry under each of several prefixes.
///
/// The copies share their storage.
public struct Replicate: Step {
  let prefixes: String

  /// - Parameter prefixes: such as `model.{0..3}.`, which stands for four.
  public init(_ prefixes: String) { self.prefixes = prefixes }

  public static let schema = StepSchema(
    "replicate", .names, "Copy every tensor under each prefix: 'model.{0..3}.'.",
    operand: .operand(.template, "PREFIXES"), example: #"{replicate: "model.{0..3}."}"#,
    on: "stages.0.0.gamma [96]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.string()) }
  public var record: StepRecord { StepRecord("replicate", .string(prefixes)) }
  public func summary(_: ResolvedFields) -> String { "replicate under \"\(prefixes)\"" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    let expanded = try Template(prefixes).names(for: "", captures: [])
    let originals = draft.entries
    var outcome = StepOutcome(touched: draft.names)
    draft.entries = expanded.flatMap { prefix in
      originals.map { Draft.Entry(name: prefix + $0.name, sources: $0.sources, tensor: $0.tensor) }
    }
    if expanded.count == 1 {
      outcome.notes.append(
        "\"\(prefixes)\" is one prefix: nothing was copied. Braces give several: 'model.{0..3}.'")
    }
    return outcome
  }

  public func sources(of name: String, _: ResolvedFields) -> NameSources {
    guard let all = try? Template(prefixes).names(for: "", captures: []) else { return .unknown }
    let rests = all.compactMap { name.rest(after: $0).map(String.init) }
    return rests.count == 1 ? .one(rests[0]) : .oneOf(rests)
  }
}
