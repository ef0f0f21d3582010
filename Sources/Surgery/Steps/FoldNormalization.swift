internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Makes a convolution take `x` where it took `(x - mean) / std`.
///
///     w' = w / std        b' = b - Σ w · mean / std
///
/// That is exact where the convolution pads nothing, as a patch embedding does not; where it pads, its zeros would have
/// to become means.
public struct FoldNormalization: Step {
  let patterns: [String]
  let mean: [Double]
  let deviation: [Double]

  /// The mean of ImageNet's RGB channels in 0...1, and their standard deviation.
  public static let imageNet = (mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])

  /// - Parameter patterns: fit the convolution's weight; its bias lies beside it.
  public init(
    _ patterns: String..., mean: [Double] = imageNet.mean, deviation: [Double] = imageNet.deviation
  ) {
    self.init(patterns, mean: mean, deviation: deviation)
  }

  public init(
    _ patterns: [String], mean: [Double] = imageNet.mean, deviation: [Double] = imageNet.deviation
  ) {
    (self.patterns, self.mean, self.deviation) = (patterns, mean, deviation)
  }

  public static let schema = StepSchema(
    "fold-normalization", .tensors, "Let a stem take x for (x-MEAN)/STD; ImageNet's if unsaid.",
    operand: .operand(.patterns, "PATTERN"),
    fields: [
      .optional("mean", .numbers, "MEAN", after: "="), .required("std", .numbers, "STD", after: "/"),
    ], example: #"{fold-normalization: "*downsample_layers.0.0.weight", mean: [0.5], std: [0.25]}"#,
    on: "downsample_layers.0.0.weight [96,1,4,4] downsample_layers.0.0.bias [96]")

  public init(_ record: StepRecord) throws {
    self.init(
      try record.operand.strings(), mean: try record["mean"]?.numbers() ?? Self.imageNet.mean,
      deviation: try record["std"]?.numbers() ?? Self.imageNet.deviation)
  }

  public var record: StepRecord {
    StepRecord(
      "fold-normalization", .strings(patterns),
      [
        ("mean", .array(mean.map { .double($0) })), ("std", .array(deviation.map { .double($0) })),
      ])
  }

  public func summary(_: ResolvedFields) -> String {
    "fold normalization by mean \(mean) and std \(deviation) into \(quoted(patterns))"
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard mean.count == deviation.count, deviation.allSatisfy({ $0 > 0 && $0.isFinite }), !mean.isEmpty,
      mean.allSatisfy(\.isFinite)
    else {
      throw SurgeryError(
        .badPattern, "needs a mean and a positive std for each channel",
        remedies: ["it has \(mean.count) and \(deviation.count)"])
    }
    var outcome = StepOutcome()
    let hits = try outcome.match(patterns, in: draft)
    let places = draft.places
    // Replicas share their stem, and still do when this is done.
    var weights: [ViewIdentity: Tensor] = [:]
    var biases: [[ViewIdentity]: Tensor] = [:]
    var changed: Set<ViewIdentity> = []
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      guard entry.name.hasSuffix("weight"), let place = places[ExactString(entry.name.dropLast(6) + "bias")]
      else {
        throw entry.doesNotFit(
          "there is no bias beside it to take the mean",
          remedies: ["name the weight of a convolution that has a bias: \"*downsample_layers.0.0.weight\""])
      }
      let bias = draft.entries[place]
      try check(entry, bias)
      let identities = [ViewIdentity(entry.tensor), ViewIdentity(bias.tensor)]
      if hits[place] {
        throw bias.doesNotFit("it is the bias of \(entry.name): the pattern should not fit it")
      }
      changed.formUnion(identities)
      draft.entries[index].tensor = try weights[identities[0]] ?? foldedWeight(entry)
      draft.entries[place].tensor = try biases[identities] ?? foldedBias(entry, bias)
      draft.entries[place].origins = bias.origins + entry.origins
      weights[identities[0]] = draft.entries[index].tensor
      biases[identities] = draft.entries[place].tensor
    }
    outcome.tellTied(changed, among: draft.entries)
    outcome.notes.append(
      "exact where the convolution pads nothing; a state dict does not say whether it does")
    outcome.recordKeys()
    return outcome
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    // A bias took the mean of the weight beside it.
    let sources = resolved.sources(of: name) { weight in
      [weight, String(weight.dropLast(6)) + "bias"]
    }
    guard case .all(let weights, _) = sources, let weight = weights.first, weight != name else {
      return sources
    }
    return .all([name, weight])
  }

  private func check(_ weight: Draft.Entry, _ bias: Draft.Entry) throws {
    try weight.requireNumbers()
    try bias.requireNumbers()
    let shape = weight.tensor.shape
    guard shape.count >= 3, shape[1] == mean.count else {
      throw weight.doesNotFit("its second axis should be the \(mean.count) channels of the image")
    }
    if bias.tensor.shape != [shape[0]] { throw bias.doesNotFit("\(weight.name) has \(shape)") }
  }

  private func foldedWeight(_ entry: Draft.Entry) throws -> Tensor {
    let kernel = entry.tensor.shape[2...].reduce(1, *)
    let length = mean.count * kernel
    return try entry.fitting {
      let reader = try ElementReader(entry.tensor)
      return try Tensor(
        dtype: entry.tensor.dtype, shape: entry.tensor.shape, rowLength: length,
        label: entry.tensor.storage.label, from: [reader.storage]
      ) { rows, reading in
        var numbers = try reader.doubles((rows.lowerBound * length)..<(rows.upperBound * length), reading)
        for index in numbers.indices { numbers[index] /= deviation[index / kernel % mean.count] }
        return numbers
      }
    }
  }

  private func foldedBias(_ weight: Draft.Entry, _ bias: Draft.Entry) throws -> Tensor {
    let kernel = weight.tensor.shape[2...].reduce(1, *)
    let length = mean.count * kernel
    return try bias.fitting {
      let (weights, biases) = (try ElementReader(weight.tensor), try ElementReader(bias.tensor))
      return try Tensor(
        dtype: bias.tensor.dtype, shape: bias.tensor.shape, rowLength: 1, label: bias.tensor.storage.label,
        from: [weights.storage, biases.storage]
      ) { range, reading in
        try zip(range, try biases.doubles(range, reading)).map { channel, bias in
          let numbers = try weights.doubles((channel * length)..<((channel + 1) * length), reading)
          var sum = 0.0
          for index in numbers.indices {
            let input = index / kernel % mean.count
            sum += numbers[index] / deviation[input] * mean[input]
          }
          return bias - sum
        }
      }
    }
  }
}
