internal import SutureText

/// Leaves out what only training needs: the optimizer, the learning rate schedule, the gradient scaler.
///
/// They lie beside the weights, where a file that keeps its extras has them, or among them where a file is taken whole.
public struct StripOptimizer: Step {
  /// The names that training code gives them.
  public static let names: Set<String> = [
    "optimizer", "optimizer_state_dict", "optimizer_states", "optimizers", "optimizer_state", "optim",
    "opt_state",
    "lr_scheduler", "lr_schedulers", "scheduler", "scheduler_state_dict", "scaler", "amp", "amp_scaler",
    "grad_scaler", "amp_state_dict", "updates",
  ]

  /// Those of `names` under one of the `optimizers` that are what an optimizer or a gradient scaler keeps: `….state.0.exp_avg`.
  ///
  /// A scaler of a model has a mean or a scale too; only a gradient scaler counts its growth.
  private static func states(among names: [String], of optimizers: Set<String>) -> Set<ExactString> {
    let parts = names.map { $0.split(separator: ".").map(String.init) }
    let growing = Set(parts.filter { $0.count > 1 && $0.last?.contains("growth") == true }.map { $0[0] })
    return Set(
      zip(names, parts).filter { _, parts in
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return false }
        return optimizers.contains(first)
          && (growing.contains(first) || moments.contains(last)
            || parts.dropFirst().dropLast().contains { $0 == "state" || $0 == "param_groups" })
      }.map { ExactString($0.0) })
  }

  /// The places that hold what `state_dict()` of an optimizer gives, whatever they are called: `opt.param_groups.0.lr`.
  private static func optimizers(beside extras: [String]) -> Set<String> {
    Set(
      extras.compactMap { path in
        let parts = path.split(separator: ".", maxSplits: 3)
        guard parts.count > 1 else { return nil }
        // There may be a list of them.
        let isList = parts.count > 2 && parts[1].utf8.allSatisfy { (48...57).contains($0) }
        return parts[isList ? 2 : 1] == "param_groups" ? String(parts[0]) : nil
      })
  }

  private static let moments: Set<String> = [
    "exp_avg", "exp_avg_sq", "exp_inf", "max_exp_avg_sq", "momentum_buffer", "square_avg", "acc_delta",
    "grad_avg",
  ]

  public init() {}

  public static let schema = StepSchema(
    "strip-optimizer", .files, "Leave out the optimizer, the schedule and the scaler.",
    example: "{strip-optimizer: }",
    on: "model.fc.weight [10,64] optimizer.state.0.exp_avg [10,64]")

  public init(_ record: StepRecord) throws { try record.requireAlone() }
  public var record: StepRecord { StepRecord("strip-optimizer") }
  public func summary(_: ResolvedFields) -> String { "strip the optimizer" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    let optimizers = Self.names.union(Self.optimizers(beside: draft.inputs.extras))
    func isTraining(_ path: String) -> Bool {
      path.split(separator: ".").first.map { optimizers.contains(String($0)) } ?? false
    }
    // Among the weights a name alone decides nothing: a model may have a scaler of its own.
    let states = Self.states(among: draft.names, of: optimizers)
    var outcome = StepOutcome(touched: draft.names.filter { states.contains(ExactString($0)) })
    draft.entries.removeAll { states.contains(ExactString($0.name)) }
    let kept = draft.names.filter(isTraining)
    if !kept.isEmpty {
      outcome.notes.append(
        "kept, since they are no optimizer's state: \(kept.summary); drop takes them by name")
    }
    let values = (draft.inputs.extras + draft.inputs.siblings).filter(isTraining)
    if outcome.touched.isEmpty, values.isEmpty {
      outcome.miss(
        "optimizer", "found none",
        remedies: ["there is nothing but the weights, or it has another name"])
      return outcome
    }
    if !values.isEmpty {
      let places = Set(values.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted()
      outcome.notes.append(
        "\(values.count) values beside the weights, under \(places.joined(separator: ", "))")
    }
    outcome.stripped = optimizers
    outcome.count = outcome.touched.count + values.count
    return outcome
  }
}
