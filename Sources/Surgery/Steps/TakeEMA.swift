internal import SutureJSON
internal import SutureYAML

/// Takes the moving average of the weights that training code keeps beside them, such as `model_ema`.
///
/// It has to be the first step: what others did to the weights would be lost.
public struct TakeEMA: Step {
  /// The names that training code gives it: timm and facebookresearch, mmengine and PaddleDetection, YOLOv5.
  public static let names = [
    "model_ema", "state_dict_ema", "ema_state_dict", "params_ema", "ema_model", "ema", "model_averaged",
  ]

  public init() {}

  public var summary: String { "take the EMA" }

  public func apply(to draft: inout Draft) throws -> Int {
    guard draft.isUntouched else {
      throw StepFailure(
        kind: .impossible, reason: "comes after another step",
        hints: ["make it the first: what others did to the weights would be lost"])
    }
    func isEMA(_ path: String) -> Bool {
      path.split(separator: ".").contains { Self.names.contains(String($0)) }
    }
    if let path = draft.inputs.siblings.first(where: isEMA) {
      draft.notes.append("taken from \(path)")
      draft.restart(with: try draft.inputs.sibling(path))
      draft.touched = draft.entries.map(\.name)
      return draft.entries.count
    }
    // Every tensor of the file under its full path.
    for name in Self.names {
      let prefix = name + "."
      guard draft.entries.contains(where: { $0.name.hasPrefix(prefix) }) else { continue }
      draft.entries = draft.entries.filter { $0.name.hasPrefix(prefix) }
      draft.touched = draft.entries.map(\.name)
      for index in draft.entries.indices { draft.entries[index].name.removeFirst(prefix.count) }
      return draft.entries.count
    }
    if isEMA(draft.inputs.wrapper) {
      draft.notes.append("the weights under \(draft.inputs.wrapper) are it already")
      return draft.entries.count
    }
    throw StepFailure(
      kind: .noMatch, reason: "found none beside the weights",
      hints: ["it would be called \(Self.names.joined(separator: ", "))", "--key PATH takes any other place"])
  }
}

extension TakeEMA: RecipeStep {
  static let verb = "take-ema"
  init(_ fields: StepFields) throws(YAMLError) {
    if fields.operand.resolved != .null {
      throw fields.operand.error("take-ema stands alone: nothing follows it")
    }
  }
  var operand: JSONValue { .null }
}
