internal import SutureJSON
internal import SutureYAML

/// Leaves out what only training needs: the optimizer, the learning rate schedule, the gradient scaler.
///
/// They lie beside the weights, where `--extras keep` would keep them, or among them where a file is taken whole.
public struct StripOptimizer: Step {
  /// The names that training code gives them.
  public static let names: Set<String> = [
    "optimizer", "optimizer_state_dict", "optimizer_states", "optimizers", "optimizer_state", "optim",
    "opt_state",
    "lr_scheduler", "lr_schedulers", "scheduler", "scheduler_state_dict", "scaler", "amp", "amp_scaler",
    "grad_scaler", "amp_state_dict", "updates",
  ]

  public init() {}

  public var summary: String { "strip the optimizer" }

  public func apply(to draft: inout Draft) throws -> Int {
    func isTraining(_ path: String) -> Bool {
      path.split(separator: ".").first.map { Self.names.contains(String($0)) } ?? false
    }
    draft.touched = draft.entries.map(\.name).filter(isTraining)
    draft.entries.removeAll { isTraining($0.name) }
    let values = (draft.inputs.extras + draft.inputs.siblings).filter(isTraining)
    if draft.touched.isEmpty, values.isEmpty {
      throw StepFailure(
        kind: .noMatch, reason: "found none",
        hints: ["there is nothing but the weights, or it has another name"])
    }
    if !values.isEmpty {
      let places = Set(values.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted()
      draft.notes.append("\(values.count) values beside the weights, under \(places.joined(separator: ", "))")
    }
    draft.stripsOptimizer = true
    return draft.touched.count + values.count
  }
}

extension StripOptimizer: RecipeStep {
  static let verb = "strip-optimizer"
  init(_ fields: StepFields) throws(YAMLError) {
    if fields.operand.resolved != .null {
      throw fields.operand.error("strip-optimizer stands alone: nothing follows it")
    }
  }
  var operand: JSONValue { .null }
}
