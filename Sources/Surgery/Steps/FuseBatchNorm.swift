internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// Multiplies a batch norm into the convolution before it, as `torch.nn.utils.fuse_conv_bn_eval` does.
///
///     w' = w · γ/√(σ² + ε)        b' = (b - μ) · γ/√(σ² + ε) + β
///
/// The batch norm's keys go, and a convolution without a bias gets one. ε is not in a state dict: it is the module's
/// `eps`, 1e-5 where nobody says otherwise, and 1e-3 in YOLOv5.
public struct FuseBatchNorm: Step {
  let convolution: String
  let norm: String
  let epsilon: Double

  /// - Parameters:
  ///   - convolution: fits the convolutions' names without `.weight`, such as `*.conv`.
  ///   - norm: the name of the norm, made from it: `*.bn`.
  public init(_ convolution: String, with norm: String, epsilon: Double = 1e-5) {
    (self.convolution, self.norm, self.epsilon) = (convolution, norm, epsilon)
  }

  public var summary: String { "fuse batch norm \"\(norm)\" into \"\(convolution)\", eps \(epsilon)" }

  public func apply(to draft: inout Draft) throws -> Int {
    guard epsilon > 0, epsilon.isFinite else {
      throw StepFailure(kind: .badPattern, reason: "needs a positive eps", hints: [])
    }
    let pattern = try Pattern(convolution)
    let template = try Template(norm)
    guard template.count == 1 else {
      throw PatternError(norm, column: 1, "it gives \(template.count) names for one norm")
    }
    var fused: [(members: [Int], entries: [Draft.Entry])] = []
    var (alone, isMatched): ([String], Bool) = ([], false)
    let table = NameTable(draft.entries.map(\.name))
    for (place, entry) in draft.entries.enumerated() where entry.name.hasSuffix(".weight") {
      let name = String(entry.name.dropLast(".weight".count))
      guard let captures = pattern.captures(name) else { continue }
      isMatched = true
      let prefix = try template.names(for: name, captures: captures)[0]
      guard table["\(prefix).running_mean"] != nil else {
        alone.append(name)
        continue
      }
      draft.touched.append(entry.name)
      fused.append(try fuse(place, name, prefix, draft, table))
    }
    if !isMatched {
      let names = draft.entries.map(\.name).filter { $0.hasSuffix(".weight") }.map { String($0.dropLast(7)) }
      throw StepFailure(
        kind: .noMatch, reason: "found no convolution",
        hints: Suggestion.hints(for: convolution, among: names))
    }
    if fused.isEmpty {
      throw StepFailure(
        kind: .noMatch, reason: "found no batch norm", hints: ["without one: \(Suggestion.list(alone))"])
    }
    if !alone.isEmpty { draft.notes.append("without a batch norm: \(Suggestion.list(alone))") }
    replace(fused, in: &draft)
    return fused.count
  }

  private func replace(_ fused: [(members: [Int], entries: [Draft.Entry])], in draft: inout Draft) {
    var (result, gone): ([Int: [Draft.Entry]], Set<Int>) = ([:], [])
    for (members, entries) in fused {
      result[members[0]] = entries
      gone.formUnion(members)
    }
    draft.entries = draft.entries.indices.flatMap {
      result[$0] ?? (gone.contains($0) ? [] : [draft.entries[$0]])
    }
  }

  private func fuse(_ place: Int, _ name: String, _ prefix: String, _ draft: Draft, _ table: NameTable) throws
    -> (members: [Int], entries: [Draft.Entry])
  {
    let weight = draft.entries[place]
    try requireNumbers(weight)
    guard let channels = weight.tensor.shape.first else { throw doesNotFit(weight, "it has no axes") }
    func vector(_ name: String) throws -> Int? {
      guard let index = table[name] else { return nil }
      let entry = draft.entries[index]
      try requireNumbers(entry)
      if entry.tensor.shape != [channels] {
        throw doesNotFit(entry, "\(weight.name) has \(channels) output channels")
      }
      return index
    }
    guard let mean = try vector("\(prefix).running_mean"), let variance = try vector("\(prefix).running_var")
    else {
      throw StepFailure(kind: .noMatch, reason: "found no \(prefix).running_var", hints: [])
    }
    let (gain, shift) = (try vector("\(prefix).weight"), try vector("\(prefix).bias"))
    let bias = try vector("\(name).bias")
    let parts = try BatchNormParts(
      bias: bias.map { draft.entries[$0].tensor }, mean: draft.entries[mean].tensor,
      variance: draft.entries[variance].tensor, gain: gain.map { draft.entries[$0].tensor },
      shift: shift.map { draft.entries[$0].tensor }, epsilon: epsilon)
    let counter = table["\(prefix).num_batches_tracked"]
    let scaling = [variance, gain].compactMap(\.self)
    let all = [bias, mean, variance, gain, shift].compactMap(\.self)
    let origins = { (places: [Int]) in places.flatMap { draft.entries[$0].origins } }
    let entries = [
      Draft.Entry(
        name: weight.name, origins: weight.origins + origins(scaling),
        tensor: try fitting(weight) { try parts.weight(weight.tensor) }),
      Draft.Entry(
        name: "\(name).bias", origins: origins(all),
        tensor: try fitting(weight) { try parts.bias(channels, weight.tensor) }),
    ]
    return ([place] + all + [counter].compactMap(\.self), entries)
  }
}

extension FuseBatchNorm: RecipeStep {
  static let verb = "fuse-bn"
  static let options = ["with", "eps"]

  init(_ fields: StepFields) throws(YAMLError) {
    let epsilon = try fields.number("eps", unsaid: 1e-5)
    if epsilon <= 0 { throw fields.operand.error("eps is positive") }
    self.init(
      try fields.operand.requireString(), with: try fields.require("with").requireString(), epsilon: epsilon)
  }

  var operand: JSONValue { .string(convolution) }

  var chosen: [(key: String, value: JSONValue)] {
    [("with", .string(norm))] + (epsilon == 1e-5 ? [] : [("eps", .double(epsilon))])
  }
}
