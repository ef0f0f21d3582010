internal import SutureBytes
internal import SutureJSON
internal import SutureText
internal import SutureYAML

/// All steps that recipes know, and how one is read and written.
enum RecipeVerbs {
  static let types: [any RecipeStep.Type] = [
    Drop.self, Keep.self, Rename.self, AddPrefix.self, StripPrefix.self, Replicate.self, MapNames.self,
    CastTo.self, Transpose.self, Permute.self, Reshape.self, Slice.self, Concat.self, Split.self, Stack.self,
    Tie.self, Untie.self, Fill.self, AdaptInput.self, FuseBatchNorm.self, FoldNormalization.self,
    Average.self, TakeEMA.self, StripOptimizer.self, AdoptNaming.self, LiveOnly.self,
  ]

  private static let optional = "optional"

  /// Reads `drop: "norm*"`, with what stands beside it, or `take-ema` alone.
  static func step(_ node: YAMLNode) throws(YAMLError) -> any Step {
    let verbs = types.map { $0.verb }
    guard let mapping = node.mapping else { throw bare(node, verbs) }
    let found = mapping.pairs.compactMap { pair in
      types.first { $0.verb == pair.key.scalar?.text }.map { (type: $0, pair: pair) }
    }
    guard let first = found.first else {
      let known = verbs + [optional] + types.flatMap { $0.options }
      if let wrong = mapping.pairs.first(where: { !known.contains($0.key.scalar?.text ?? "") }) {
        throw .unknownKey(wrong.key, candidates: verbs)
      }
      throw node.error("no step is named here", advice: "steps: \(verbs.joined(separator: ", "))")
    }
    if found.count > 1 {
      throw found[1].pair.key.error(
        "two steps in one: \(first.type.verb) and \(found[1].type.verb)",
        advice: "begin each with a - of its own")
    }
    try mapping.refuseUnknownKeys(known: [first.type.verb] + first.type.options + [optional])
    let fields = StepFields(first.pair.value, mapping)
    let step = Placed(try first.type.init(fields), at: "\(node.position)")
    return try fields.bool(optional) ? Optionally(step) : step
  }

  private static func bare(_ node: YAMLNode, _ verbs: [String]) -> YAMLError {
    guard let word = node.scalar?.text, case .string? = node.resolved else {
      return node.mismatch("a step, such as drop: \"head*\"")
    }
    if verbs.contains(word) {
      return node.error("\(word) has nothing to work on", advice: "write - \(word): …")
    }
    let near = Spelling.nearest(to: word, among: verbs).map { "did you mean \"\($0): …\"?" }
    return node.error("\"\(word)\" is no step", advice: near ?? "steps: \(verbs.joined(separator: ", "))")
  }

  /// The step as a member of a recipe; `nil` for one of another making.
  static func record(_ step: any Step) -> [(key: String, value: JSONValue)]? {
    switch step {
    case let step as Placed: record(step.step)
    case let step as Optionally: record(step.step).map { $0 + [(optional, .bool(true))] }
    case let step as any RecipeStep: step.record
    default: nil
    }
  }
}

/// A step that knows where it was written.
struct Placed: Step {
  let step: any Step
  private let position: String

  init(_ step: any Step, at position: String) { (self.step, self.position) = (step, position) }

  var summary: String { step.summary }
  var identity: String { step.identity }
  var place: [String] { ["the step is at \(position)"] }

  func apply(to draft: inout Draft) throws -> Int { try step.apply(to: &draft) }
}
