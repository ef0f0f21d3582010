internal import SutureJSON
internal import SutureText

/// Takes the moving average of the weights that training code keeps beside them, such as `model_ema`.
///
/// It has to be the first step: what others did to the weights would be lost.
public struct TakeEMA: Step {
  /// The names that training code gives it: timm and facebookresearch, mmengine and PaddleDetection, YOLOv5.
  public static let names = [
    "model_ema", "state_dict_ema", "ema_state_dict", "params_ema", "ema_model", "ema", "model_averaged",
  ]

  public init() {}

  public static let schema = StepSchema(
    "take-ema", .files, "Take the moving average of the weights, such as model_ema.",
    example: "{take-ema: , optional: true}")

  public init(_ record: StepRecord) throws { try record.requireAlone() }
  public var record: StepRecord { StepRecord("take-ema") }
  public func summary(_: ResolvedFields) -> String { "take the EMA" }

  /// The prefix that the names had, where every tensor of the file was there under its full path.
  private static let prefix = "prefix"

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard draft.isUntouched else {
      throw SurgeryError(
        .impossible, "comes after another step",
        remedies: ["make it the first: what others did to the weights would be lost"])
    }
    func isEMA(_ path: String) -> Bool {
      path.split(separator: ".").contains { Self.names.contains(String($0)) }
    }
    var outcome = StepOutcome()
    if let path = draft.inputs.siblings.first(where: isEMA) {
      outcome.notes.append("taken from \(path)")
      outcome.resolved.members.append(("from", .string(path)))
      let weights = draft.entries
      draft.restart(with: try draft.sibling(path))
      outcome.touched = draft.names
      try complete(&draft, from: weights, path, &outcome)
      return outcome
    }
    for name in Self.names {
      let prefix = name + "."
      guard draft.entries.contains(where: { $0.name.hasPrefix(prefix) }) else { continue }
      draft.entries = draft.entries.filter { $0.name.hasPrefix(prefix) }
      outcome.touched = draft.names
      for index in draft.entries.indices { draft.entries[index].name.removeFirst(prefix.count) }
      outcome.resolved.members.append((Self.prefix, .string(prefix)))
      return outcome
    }
    if isEMA(draft.inputs.wrapper) {
      outcome.notes.append("the weights under \(draft.inputs.wrapper) are it already")
      outcome.count = draft.entries.count
      return outcome
    }
    outcome.miss(
      "model_ema", "found none beside the weights",
      remedies: [
        "it would be called \(Self.names.joined(separator: ", "))",
        .setting("key", value: "PATH", "takes any other place"),
      ])
    return outcome
  }

  /// Adds what the EMA lacks and the weights have, such as the buffers of batch norms, which no average is kept of.
  private func complete(
    _ draft: inout Draft, from weights: [Draft.Entry], _ path: String, _ outcome: inout StepOutcome
  )
    throws
  {
    if weights.isEmpty { return }
    let (places, known) = (draft.places, Set(weights.map { ExactString($0.name) }))
    guard draft.names.contains(where: { known.contains(ExactString($0)) }) else {
      throw SurgeryError(
        .impossible,
        "found an EMA under \(path) whose names are not those of the weights: \(draft.names.summary)",
        remedies: [
          "the weights have \(weights.map(\.name).summary), and which is whose is not known",
          .setting("key", value: path, "takes it as it is"),
        ])
    }
    let lacking = weights.filter { places[ExactString($0.name)] == nil }
    if lacking.isEmpty { return }
    draft.entries += lacking
    outcome.notes.append(
      "\(lacking.count) keys that it lacks are the weights' own: \(lacking.map(\.name).summary)")
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    .one((resolved[Self.prefix]?.stringValue ?? "") + name)
  }
}
