internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Gives the floating-point tensors that fit another dtype, as `Tensor.to(dtype)` does.
public struct CastTo: Step {
  let dtype: String
  let patterns: [String]
  let exceptions: [String]

  /// - Parameter dtype: as ``DType/init(word:)`` reads it: `bfloat16`, `torch.float16`, `fp32`.
  public init(_ dtype: String, _ patterns: String..., except exceptions: [String] = []) {
    self.init(dtype, patterns.isEmpty ? ["*"] : patterns, except: exceptions)
  }

  public init(_ dtype: String, _ patterns: [String], except exceptions: [String] = []) {
    self.dtype = DType(word: dtype)?.rawValue ?? dtype
    (self.patterns, self.exceptions) = (patterns, exceptions)
  }

  public static let schema = StepSchema(
    "cast", .tensors, "Cast floating tensors: '*.weight=bfloat16'.", operand: .operand(.patterns, "PATTERN"),
    fields: [
      .required("to", .text, "DTYPE", after: "="), .optional("except", .patterns, "PATTERN"),
    ], example: #"{cast: "*", to: bfloat16, except: "*.norm.*"}"#,
    on: "fc.weight [10,64] blocks.0.norm.weight [64]")

  public init(_ record: StepRecord) throws {
    let value = try record.require("to")
    let word = try value.string()
    guard DType(word: word)?.isCastTarget == true else {
      throw value.error("\"\(word)\" is no floating dtype", advice: Self.choices)
    }
    self.init(word, try record.operand.strings(), except: try record.strings("except"))
  }

  public var record: StepRecord {
    StepRecord(
      "cast", .strings(patterns),
      [("to", .string(dtype))] + (exceptions.isEmpty ? [] : [("except", .strings(exceptions))]))
  }

  public func summary(_: ResolvedFields) -> String {
    "cast \(quoted(patterns)) to \(dtype)" + (exceptions.isEmpty ? "" : " except \(quoted(exceptions))")
  }

  private static let choices = "there are: \(DType.castTargets.map(\.rawValue).joined(separator: ", "))"

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard let dtype = DType(word: dtype), dtype.isCastTarget else {
      throw SurgeryError(.badPattern, "has no floating dtype", remedies: [.advice(Self.choices)])
    }
    var outcome = StepOutcome()
    let hits = try outcome.match(patterns, in: draft)
    let spared = try outcome.hits(of: exceptions, in: draft)
    let cast = try draft.stateDict().cast { index in hits[index] && !spared[index] ? dtype : nil }
    let isCast = Set(cast.names.map(ExactString.init))
    let changed = draft.entries.filter { isCast.contains(ExactString($0.name)) }
    outcome.tellTied(
      Set(changed.map { ViewIdentity($0.tensor) }), copied: changed.map(\.tensor),
      among: draft.entries.filter { !isCast.contains(ExactString($0.name)) })
    for (index, entry) in cast.stateDict.entries.enumerated() { draft.entries[index].tensor = entry.tensor }
    let others = outcome.touched.count - cast.names.count
    outcome.touched = cast.names
    if others > 0 {
      outcome.notes.append("\(others) more are spared, have that dtype or are no floating numbers")
    }
    return outcome
  }
}
