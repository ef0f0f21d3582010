internal import SutureJSON
internal import SutureYAML

/// Of a backbone that was replicated for the layers of a YOLOv5, keeps what a forward pass reads.
///
/// Every `ConvNeXt_Block` holds the whole backbone, and layer *i* uses stage *i* of it alone: three quarters of the keys
/// are dead weight, which a model that loads them leaves at their initial values where they are missing.
public struct LiveOnly: Step {
  public init() {}

  public var summary: String { "keep what a forward pass reads" }

  public func apply(to draft: inout Draft) throws -> Int {
    let pattern = try Pattern(#"re:/(.*\.)?model\.(\d+)\.(downsample_layers|stages)\.(\d+)\..*/"#)
    let copies = draft.entries.map { pattern.captures($0.name) }
    let dead = copies.map { $0.map { $0[1] != $0[3] } ?? false }
    guard dead.contains(true) else {
      throw StepFailure(
        kind: .noMatch, reason: "found no copy of a backbone that is not read",
        hints: ["it is for what --replicate 'model.{0..3}.' makes, so it stands behind it"])
    }
    draft.touched = zip(draft.entries, dead).filter(\.1).map(\.0.name)
    draft.entries = zip(draft.entries, dead).filter { !$0.1 }.map(\.0)
    let rest = copies.count { $0 == nil }
    if rest > 0 { draft.notes.append("\(rest) keys belong to no replicated backbone and stay") }
    return draft.touched.count
  }
}

extension LiveOnly: RecipeStep {
  static let verb = "live-only"
  init(_ fields: StepFields) throws(YAMLError) {
    if fields.operand.resolved != .null {
      throw fields.operand.error("live-only stands alone: nothing follows it")
    }
  }
  var operand: JSONValue { .null }
}
