internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

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

  public var summary: String {
    "fold normalization by mean \(mean) and std \(deviation) into \(quoted(patterns))"
  }

  public func apply(to draft: inout Draft) throws -> Int {
    guard mean.count == deviation.count, deviation.allSatisfy({ $0 > 0 && $0.isFinite }), !mean.isEmpty,
      mean.allSatisfy(\.isFinite)
    else {
      throw StepFailure(
        kind: .badPattern, reason: "needs a mean and a positive std for each channel",
        hints: ["it has \(mean.count) and \(deviation.count)"])
    }
    let hits = try touch(patterns, &draft)
    let table = NameTable(draft.entries.map(\.name))
    // Replicas share their stem, and still do when this is done.
    var weights: [ViewIdentity: Tensor] = [:]
    var biases: [[ViewIdentity]: Tensor] = [:]
    var changed: Set<ViewIdentity> = []
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      guard entry.name.hasSuffix("weight"), let place = table[entry.name.dropLast(6) + "bias"] else {
        throw doesNotFit(
          entry, "there is no bias beside it to take the mean",
          hints: ["name the weight of a convolution that has a bias: \"*downsample_layers.0.0.weight\""])
      }
      let bias = draft.entries[place]
      try check(entry, bias)
      let identities = [ViewIdentity(entry.tensor), ViewIdentity(bias.tensor)]
      if hits[place] {
        throw doesNotFit(bias, "it is the bias of \(entry.name): the pattern should not fit it")
      }
      changed.formUnion(identities)
      draft.entries[index].tensor = try weights[identities[0]] ?? foldedWeight(entry)
      draft.entries[place].tensor = try biases[identities] ?? foldedBias(entry, bias)
      draft.entries[place].origins = bias.origins + entry.origins
      weights[identities[0]] = draft.entries[index].tensor
      biases[identities] = draft.entries[place].tensor
    }
    let untouched = draft.entries.filter { changed.contains(ViewIdentity($0.tensor)) }.map(\.name)
    if !untouched.isEmpty {
      draft.notes.append(
        "the same tensors under other names stay as they were: \(Suggestion.list(untouched))")
    }
    draft.notes.append("exact where the convolution pads nothing; a state dict does not say whether it does")
    return draft.touched.count
  }

  private func check(_ weight: Draft.Entry, _ bias: Draft.Entry) throws {
    try requireNumbers(weight)
    try requireNumbers(bias)
    let shape = weight.tensor.shape
    guard shape.count >= 3, shape[1] == mean.count else {
      throw doesNotFit(weight, "its second axis should be the \(mean.count) channels of the image")
    }
    if bias.tensor.shape != [shape[0]] { throw doesNotFit(bias, "\(weight.name) has \(shape)") }
  }

  private func foldedWeight(_ entry: Draft.Entry) throws -> Tensor {
    let kernel = entry.tensor.shape[2...].reduce(1, *)
    let length = mean.count * kernel
    return try fitting(entry) {
      let reader = try ElementReader(entry.tensor)
      return try Tensor(
        dtype: entry.tensor.dtype, shape: entry.tensor.shape, rowLength: length,
        label: entry.tensor.storage.label, from: [reader.storage]
      ) { rows in
        var numbers = try reader.doubles((rows.lowerBound * length)..<(rows.upperBound * length))
        for index in numbers.indices { numbers[index] /= deviation[index / kernel % mean.count] }
        return numbers
      }
    }
  }

  private func foldedBias(_ weight: Draft.Entry, _ bias: Draft.Entry) throws -> Tensor {
    let kernel = weight.tensor.shape[2...].reduce(1, *)
    let length = mean.count * kernel
    return try fitting(bias) {
      let (weights, biases) = (try ElementReader(weight.tensor), try ElementReader(bias.tensor))
      return try Tensor(
        dtype: bias.tensor.dtype, shape: bias.tensor.shape, rowLength: 1, label: bias.tensor.storage.label,
        from: [weights.storage, biases.storage]
      ) { range in
        try zip(range, try biases.doubles(range)).map { channel, bias in
          let numbers = try weights.doubles((channel * length)..<((channel + 1) * length))
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

extension FoldNormalization: RecipeStep {
  static let verb = "fold-normalization"
  static let options = ["mean", "std"]

  init(_ fields: StepFields) throws(YAMLError) {
    let mean = try fields["mean"].map { node throws(YAMLError) in try node.requireNumbers() }
    let deviation = try fields["std"].map { node throws(YAMLError) in try node.requireNumbers() }
    self.init(
      try fields.operand.requireStrings(), mean: mean ?? Self.imageNet.mean,
      deviation: deviation ?? Self.imageNet.deviation)
  }

  var operand: JSONValue { .strings(patterns) }

  var chosen: [(key: String, value: JSONValue)] {
    [("mean", .array(mean.map { .double($0) })), ("std", .array(deviation.map { .double($0) }))]
  }
}
