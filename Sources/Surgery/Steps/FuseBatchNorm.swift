internal import SutureJSON
internal import SutureTensors
internal import SutureText

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

  public static let schema = StepSchema(
    "fuse-bn", .tensors, "Fuse batch norms into convolutions: '*.conv=*.bn@1e-3'.",
    operand: .operand(.pattern, "CONV"),
    fields: [.required("with", .template, "NORM", after: "="), .optional("eps", .number, "EPS", after: "@")],
    example: #"{fuse-bn: "*.conv", with: "*.bn", eps: 1e-3}"#)

  public init(_ record: StepRecord) throws {
    let epsilon = try record["eps"]?.number() ?? 1e-5
    if epsilon <= 0 { throw (record["eps"] ?? record.operand).error("eps is positive") }
    self.init(
      try record.operand.string(), with: try record.require("with").string(), epsilon: epsilon)
  }

  public var record: StepRecord {
    StepRecord(
      "fuse-bn", .string(convolution),
      [("with", .string(norm))] + (epsilon == 1e-5 ? [] : [("eps", .double(epsilon))]))
  }

  public func summary(_: ResolvedFields) -> String {
    "fuse batch norm \"\(norm)\" into \"\(convolution)\", eps \(epsilon)"
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard epsilon > 0, epsilon.isFinite else { throw SurgeryError(.badPattern, "needs a positive eps") }
    let normName = try naming()
    var outcome = StepOutcome()
    var fused: [(members: [Int], entries: [Draft.Entry])] = []
    var (alone, square, isMatched): ([String], [String], Bool) = ([], [], false)
    let places = draft.places
    for (place, entry) in draft.entries.enumerated() where entry.name.hasSuffix(".weight") {
      let name = String(entry.name.dropLast(".weight".count))
      guard let prefix = try normName(name) else { continue }
      isMatched = true
      guard places[ExactString("\(prefix).running_mean")] != nil else {
        alone.append(name)
        continue
      }
      outcome.touched.append(entry.name)
      fused.append(try fuse(place, name, prefix, draft, places))
      if entry.tensor.shape.count > 2, entry.tensor.shape[0] == entry.tensor.shape[1] { square.append(name) }
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
    if !square.isEmpty {
      outcome.notes.append(
        "taken for Conv2d, since a ConvTranspose2d of as many inputs as outputs looks the same: \(square.summary)"
      )
    }
    outcome.recordKeys(fused.flatMap(\.members).map { draft.entries[$0].name })
    replace(fused, in: &draft)
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

  private func fuse(
    _ place: Int, _ name: String, _ prefix: String, _ draft: Draft, _ places: [ExactString: Int]
  ) throws -> (members: [Int], entries: [Draft.Entry]) {
    let weight = draft.entries[place]
    try weight.requireNumbers()
    guard let channels = weight.tensor.shape.first else { throw weight.doesNotFit("it has no axes") }
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
      gain: try gain.map(reader), shift: try shift.map(reader), epsilon: epsilon)
    let counter = places[ExactString("\(prefix).num_batches_tracked")]
    let scaling = [variance, gain].compactMap(\.self)
    let all = [bias, mean, variance, gain, shift].compactMap(\.self)
    let origins = { (places: [Int]) in places.flatMap { draft.entries[$0].origins } }
    let entries = [
      Draft.Entry(
        name: weight.name, origins: weight.origins + origins(scaling),
        tensor: try weight.fitting { try parts.weight(weight.tensor) }),
      Draft.Entry(
        name: "\(name).bias", origins: origins(all),
        tensor: try weight.fitting {
          // A bias that is there keeps its dtype, as in torch.
          try parts.bias(channels, like: bias.map { draft.entries[$0].tensor } ?? weight.tensor)
        }),
    ]
    return ([place] + all + [counter].compactMap(\.self), entries)
  }
}

/// The vectors of a batch norm, and the bias of the convolution before it, as numbers that are read when they are needed.
///
/// The arithmetic is in double precision, and rounded once at the end.
private struct BatchNormParts: Sendable {
  let biasReader: ElementReader?
  let mean: ElementReader
  let variance: ElementReader
  let gain: ElementReader?
  let shift: ElementReader?
  let epsilon: Double

  private var storages: [Storage] {
    [biasReader, mean, variance, gain, shift].compactMap { $0?.storage }
  }

  /// γ/√(σ² + ε) of some channels.
  private func factors(_ channels: Range<Int>) throws -> [Double] {
    let variances = try variance.doubles(channels)
    guard let gain else { return variances.map { 1 / ($0 + epsilon).squareRoot() } }
    return zip(try gain.doubles(channels), variances).map { $0 / ($1 + epsilon).squareRoot() }
  }

  func weight(_ weight: Tensor) throws -> Tensor {
    let reader = try ElementReader(weight)
    let length = weight.shape.first.map { $0 > 0 ? weight.elementCount / $0 : 0 } ?? 0
    return try Tensor(
      dtype: weight.dtype, shape: weight.shape, rowLength: length, label: weight.storage.label,
      from: storages + [reader.storage]
    ) { rows in
      var numbers = try reader.doubles((rows.lowerBound * length)..<(rows.upperBound * length))
      for (row, factor) in try factors(rows).enumerated() {
        for index in (row * length)..<((row + 1) * length) { numbers[index] *= factor }
      }
      return numbers
    }
  }

  func bias(_ channels: Int, like tensor: Tensor) throws -> Tensor {
    try Tensor(
      dtype: tensor.dtype, shape: [channels], rowLength: 1, label: tensor.storage.label, from: storages
    ) { range in
      let biases = try biasReader?.doubles(range) ?? range.map { _ in 0 }
      let shifts = try shift?.doubles(range) ?? range.map { _ in 0 }
      let (means, factors) = (try mean.doubles(range), try factors(range))
      return range.indices.map { index in
        let place = index - range.lowerBound
        return (biases[place] - means[place]) * factors[place] + shifts[place]
      }
    }
  }
}
