internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Multiplies a batch norm into the convolution before it, as `torch.nn.utils.fuse_conv_bn_eval` does.
///
///     w' = w · γ/√(σ² + ε)        b' = (b - μ) · γ/√(σ² + ε) + β
///
/// The batch norm's keys go, and a convolution without a bias gets one. ε is not in a state dict: it is the module's
/// `eps` where that was pickled whole, otherwise 1e-5 where nobody says it, and 1e-3 in YOLOv5.
///
/// The output channels are the first axis of the weight, of a transposed convolution the second, in each of its groups.
/// Which it is tell a pickled module, or else the shapes: where both fit, it is taken for a convolution, and that is told.
public struct FuseBatchNorm: Step {
  let convolution: String
  let norm: String
  let epsilon: Double?
  let isTransposed: Bool?

  /// - Parameters:
  ///   - convolution: fits the convolutions' names without `.weight`, such as `*.conv`.
  ///   - norm: the name of the norm, made from it: `*.bn`.
  ///   - epsilon: `nil` for what the file says, and 1e-5 where it says nothing.
  ///   - isTransposed: whether they are `ConvTranspose`; `nil` for what the file or the shapes say.
  public init(_ convolution: String, with norm: String, epsilon: Double? = nil, isTransposed: Bool? = nil) {
    (self.convolution, self.norm, self.epsilon) = (convolution, norm, epsilon)
    self.isTransposed = isTransposed
  }

  public static let schema = StepSchema(
    "fuse-bn", .tensors, "Fuse batch norms into convolutions: '*.conv=*.bn@1e-3'.",
    operand: .operand(.pattern, "CONV"),
    fields: [
      .required("with", .template, "NORM", after: "="), .optional("eps", .number, "EPS", after: "@"),
      .optional(transposedKey, .flag, ""),
    ],
    variants: [
      .init("fuse-bn-transposed", "Fuse them into transposed convolutions.", flags: [transposedKey])
    ],
    example: #"{fuse-bn: "*.conv", with: "*.bn", eps: 1e-3}"#,
    on: "a.conv.weight [8,3,3,3] a.bn.weight [8] a.bn.bias [8] a.bn.running_mean [8] a.bn.running_var [8]")

  private static let transposedKey = "transposed"

  public init(_ record: StepRecord) throws {
    let epsilon = try record["eps"]?.number()
    if let epsilon, epsilon <= 0 { throw (record["eps"] ?? record.operand).error("eps is positive") }
    self.init(
      try record.operand.string(), with: try record.require("with").string(), epsilon: epsilon,
      isTransposed: try record[Self.transposedKey]?.bool())
  }

  public var record: StepRecord {
    var fields: [(key: String, value: JSONValue)] = [("with", .string(norm))]
    if let epsilon { fields.append(("eps", .double(epsilon))) }
    if let isTransposed { fields.append((Self.transposedKey, .bool(isTransposed))) }
    return StepRecord("fuse-bn", .string(convolution), fields)
  }

  public func summary(_ resolved: ResolvedFields) -> String {
    let found = (resolved[Self.epsilons]?.arrayValue ?? []).compactMap(\.doubleValue)
    let epsilons = (epsilon.map { [$0] } ?? found).map { "\($0)" }.joined(separator: " and ")
    return "fuse batch norm \"\(norm)\" into \(isTransposed == true ? "transposed " : "")\"\(convolution)\""
      + (epsilons.isEmpty ? "" : ", eps \(epsilons)")
  }

  /// What eps was where the step does not say it.
  private static let epsilons = "eps"

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    if let epsilon, !(epsilon > 0 && epsilon.isFinite) {
      throw SurgeryError(.badPattern, "needs a positive eps")
    }
    let normName = try naming()
    var outcome = StepOutcome()
    var fused: [(members: [Int], entries: [Draft.Entry])] = []
    var (alone, isMatched): ([String], Bool) = ([], false)
    let places = draft.places
    var told = Told(draft.inputs.modules())
    for (place, entry) in draft.entries.enumerated() where entry.name.hasSuffix(".weight") {
      let name = String(entry.name.dropLast(".weight".count))
      guard let prefix = try normName(name) else { continue }
      isMatched = true
      guard places[ExactString("\(prefix).running_mean")] != nil else {
        alone.append(name)
        continue
      }
      outcome.touched.append(entry.name)
      fused.append(try fuse(place, name, prefix, draft, places, &told))
    }
    if !isMatched {
      let names = draft.names.filter { $0.hasSuffix(".weight") }.map { String($0.dropLast(7)) }
      outcome.miss(
        convolution, "found no convolution",
        remedies: Suggestion.remedies(for: convolution, among: names))
    } else if fused.isEmpty {
      outcome.miss(
        norm, "found no batch norm", remedies: ["without one: \(alone.summary)"])
    } else if !alone.isEmpty {
      outcome.notes.append("without a batch norm: \(alone.summary)")
    }
    let layers = draft.names.compactMap { $0.start(before: "weight") }.map { String($0.dropLast()) }
    outcome.notes += try Pattern(convolution).idleChoices(among: layers) + told.notes(said: epsilon)
    if epsilon == nil, !told.epsilons.isEmpty {
      outcome.resolved.members.append((Self.epsilons, .array(told.epsilons.map { .double($0) })))
    }
    let members = Set(fused.flatMap(\.members))
    outcome.tellTied(
      Set(fused.map { ViewIdentity(draft.entries[$0.members[0]].tensor) }),
      copied: fused.map { draft.entries[$0.members[0]].tensor },
      among: draft.entries.indices.filter { !members.contains($0) }.map { draft.entries[$0] })
    for shared in fused.grouped(by: { ViewIdentity(draft.entries[$0.members[0]].tensor) })
    where shared.members.count > 1 {
      let names = shared.members.map { draft.entries[$0.members[0]].name }
      outcome.notes.append("\(names.summary) were one tensor, and each has its own norm's now")
    }
    outcome.recordKeys(fused.flatMap(\.members).map { draft.entries[$0].name })
    draft.replace(fused)
    return outcome
  }

  /// Gives the name of a convolution's norm; `nil` for what is no such convolution.
  private func naming() throws -> (String) throws -> String? {
    let pattern = try Pattern(convolution)
    let template = try Template(norm, one: "names for one norm")
    return { name in
      try pattern.captures(name).map { try template.names(for: name, captures: $0)[0] }
    }
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let keys = resolved.names(ResolvedFields.keys).map({ Set($0.map(ExactString.init)) }),
      let normName = try? naming()
    else { return .unknown }
    for leaf in [".weight", ".bias"] where name.hasSuffix(leaf) {
      let layer = String(name.dropLast(leaf.count))
      guard keys.contains(ExactString("\(layer).weight")), let prefix = try? normName(layer),
        keys.contains(ExactString("\(prefix).running_mean"))
      else { continue }
      let parts =
        leaf == ".weight"
        ? [name, "\(prefix).running_var", "\(prefix).weight"]
        : [name] + ["running_mean", "running_var", "weight", "bias"].map { "\(prefix).\($0)" }
      return .all(parts.filter { keys.contains(ExactString($0)) })
    }
    return .one(name)
  }

  private func fuse(
    _ place: Int, _ name: String, _ prefix: String, _ draft: Draft, _ places: [ExactString: Int],
    _ told: inout Told
  ) throws -> (members: [Int], entries: [Draft.Entry]) {
    let weight = draft.entries[place]
    try weight.requireNumbers()
    guard !weight.tensor.shape.isEmpty else { throw weight.doesNotFit("it has no axes") }
    let means = places[ExactString("\(prefix).running_mean")].map { draft.entries[$0] }
    let channels = means?.tensor.shape.count == 1 ? means?.tensor.shape[0] ?? 0 : weight.tensor.shape[0]
    let axis = try outputs(of: weight, channels, prefix, &told)
    func vector(_ name: String) throws -> Int? {
      guard let index = places[ExactString(name)] else { return nil }
      let entry = draft.entries[index]
      try entry.requireNumbers()
      if entry.tensor.shape != [channels] {
        throw entry.doesNotFit("\(weight.name) has \(channels) output channels")
      }
      return index
    }
    guard let mean = try vector("\(prefix).running_mean"), let variance = try vector("\(prefix).running_var")
    else {
      throw SurgeryError(.noMatch, "found no \(prefix).running_var")
    }
    let (gain, shift) = (try vector("\(prefix).weight"), try vector("\(prefix).bias"))
    let bias = try vector("\(name).bias")
    let reader = { (place: Int) in try ElementReader(draft.entries[place].tensor) }
    let parts = BatchNormParts(
      biasReader: try bias.map(reader), mean: try reader(mean), variance: try reader(variance),
      gain: try gain.map(reader), shift: try shift.map(reader),
      epsilon: told.epsilon(of: draft.entries[mean], said: epsilon))
    let counter = places[ExactString("\(prefix).num_batches_tracked")]
    let scaling = [variance, gain].compactMap(\.self)
    let all = [bias, mean, variance, gain, shift].compactMap(\.self)
    let origins = { (places: [Int]) in places.flatMap { draft.entries[$0].origins } }
    let entries = [
      Draft.Entry(
        name: weight.name, origins: weight.origins + origins(scaling),
        tensor: try weight.fitting { try parts.weight(weight.tensor, axis, channels) }),
      Draft.Entry(
        name: "\(name).bias", origins: origins(all),
        tensor: try weight.fitting {
          // A bias that is there keeps its dtype, as in torch.
          try parts.bias(channels, like: bias.map { draft.entries[$0].tensor } ?? weight.tensor)
        }),
    ]
    return ([place] + all + [counter].compactMap(\.self), entries)
  }

  // MARK: What the state dict does not say

  /// Where a weight has its output channels.
  private func outputs(of weight: Draft.Entry, _ channels: Int, _ norm: String, _ told: inout Told) throws
    -> OutputAxis
  {
    let shape = weight.tensor.shape
    let isFirst = shape[0] == channels
    // [in, out/groups, kernel…], where each group of inputs has outputs of its own.
    let groups = shape.count > 2 && shape[1] > 0 && channels % shape[1] == 0 ? channels / shape[1] : 0
    let isSecond = groups > 0 && shape[0] % groups == 0
    let second = OutputAxis.second(
      inputs: groups > 0 ? max(shape[0] / groups, 1) : 1, outputs: groups > 0 ? shape[1] : 1)
    switch isTransposed ?? told.isTransposed(weight) {
    case true?:
      if isSecond { return second }
      throw weight.doesNotFit(
        "a transposed convolution is [in, out/groups, kernel…], and \(norm) has \(channels) channels")
    case false?:
      if isFirst { return .first }
    case nil:
      // Where each channel is a group of its own, both are the same.
      if isFirst, isSecond, !(shape[1] == 1 && groups == channels) { told.undecided.append(weight.name) }
      if isFirst { return .first }
      if isSecond {
        told.transposed.append(weight.name)
        return second
      }
    }
    throw weight.doesNotFit("\(norm) has \(channels) channels, and it has \(shape[0]) outputs")
  }
}

/// What pickled modules say, and what became of it.
private struct Told {
  private var modules: [ExactString: Inputs.Module] = [:]
  /// Each eps that was taken, in the order in which they came.
  private(set) var epsilons: [Double] = []
  private var isAssumed = false
  private var others: [String] = []
  var undecided: [String] = []
  var transposed: [String] = []

  init(_ modules: [Inputs.Module]) {
    for module in modules { self.modules[ExactString(module.name)] = module }
  }

  /// The module that a tensor was the parameter or the buffer of, by its name in the file.
  private func module(of entry: Draft.Entry) -> Inputs.Module? {
    guard entry.origins.count == 1, let dot = entry.origin.utf8.lastIndex(of: UInt8(ascii: ".")) else {
      return nil
    }
    return modules[ExactString(String(Substring(entry.origin.utf8[..<dot])))]
  }

  func isTransposed(_ weight: Draft.Entry) -> Bool? { module(of: weight)?.isTransposed }

  mutating func epsilon(of mean: Draft.Entry, said: Double?) -> Double {
    let own = module(of: mean)?.epsilon
    if let said {
      if let own, own != said { others.append(mean.origin) }
      return said
    }
    isAssumed = isAssumed || own == nil
    let epsilon = own ?? 1e-5
    if !epsilons.contains(epsilon) { epsilons.append(epsilon) }
    return epsilon
  }

  func notes(said: Double?) -> [String] {
    var notes: [String] = []
    if isAssumed {
      notes.append("eps is taken for 1e-05, as torch has it where nobody says another: the file does not say")
    }
    if !others.isEmpty {
      notes.append("the file says another eps of \(others.count) norms: \(others.summary)")
    }
    if !undecided.isEmpty {
      notes.append(
        "taken for a convolution, since a ConvTranspose2d of as many inputs as outputs looks the same: "
          + undecided.summary)
    }
    if !transposed.isEmpty {
      notes.append(
        "transposed convolutions, since only their second axis fits the norm: \(transposed.summary)")
    }
    return notes
  }
}
