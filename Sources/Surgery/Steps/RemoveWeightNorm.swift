internal import SutureJSON
internal import SutureTensors

/// Makes the weight of its magnitude and its direction, as `torch.nn.utils.remove_weight_norm` does.
///
///     w = v · g / ‖v‖
///
/// The parts are `weight_g` and `weight_v`, or `parametrizations.weight.original0` and `.original1`. The norm is taken over
/// all axes but the one along which `g` has a number for each place; where `g` is one number, over all.
public struct RemoveWeightNorm: ParametrizationStep {
  static let parts = PartNames(hooked: ["_g", "_v"], parametrized: ["original0", "original1"])
  static let what = "weight norm"
  let patterns: [String]

  /// - Parameter patterns: fit the names of the weights that come, such as `*.weight`.
  public init(_ patterns: String...) { self.init(patterns) }
  public init(_ patterns: [String]) { self.patterns = patterns }

  public static let schema = StepSchema(
    "remove-weight-norm", .tensors, "Make weights of their weight_g and weight_v, old or parametrized.",
    operand: .operand(.patterns, "PATTERN"), example: #"{remove-weight-norm: "*"}"#,
    on: "fc.weight_g [8,1] fc.weight_v [8,4]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.strings()) }
  public var record: StepRecord { StepRecord("remove-weight-norm", .strings(patterns)) }

  func weight(_: String, of parts: [Draft.Entry?], _: Draft, _: inout StepOutcome) throws -> Tensor {
    guard let gain = parts[0], let direction = parts[1] else {
      throw SurgeryError(.noMatch, "found no weight norm")
    }
    try gain.requireNumbers()
    try direction.requireNumbers()
    let shape = direction.tensor.shape
    if gain.tensor.dtype != direction.tensor.dtype {
      throw gain.doesNotFit("it is \(gain.tensor.dtype), and \(direction.name) is \(direction.tensor.dtype)")
    }
    let view = AxisView(shape, axis: try axis(gain, shape))
    let (gains, numbers) = (try ElementReader(gain.tensor), try ElementReader(direction.tensor))
    let factors = MadeOnce<[Double]>()
    return try Tensor(
      dtype: direction.tensor.dtype, shape: shape, rowLength: 1, label: direction.tensor.storage.label,
      from: [gains.storage, numbers.storage]
    ) { range, reading in
      let factors = try factors.made(reading) {
        var squares = [Double](repeating: 0, count: view.length)
        try view.forEach(numbers, reading) { squares[view.place($0)] += $1 * $1 }
        return zip(try gains.doubles(reading), squares).map { $0 / $1.squareRoot() }
      }
      return zip(range, try numbers.doubles(range, reading)).map { $1 * factors[view.place($0)] }
    }
  }

  /// The axis along which the magnitudes lie; `nil` where there is but one for all elements.
  private func axis(_ gain: Draft.Entry, _ shape: [Int]) throws -> Int? {
    let sizes = gain.tensor.shape
    if sizes.isEmpty { return nil }
    let axes = sizes.indices.filter { sizes[$0] != 1 }
    let fits = sizes.count == shape.count && axes.allSatisfy { sizes[$0] == shape[$0] }
    if fits, axes.count == 1 { return axes[0] }
    // One number along an axis of size 1 is one for all.
    if fits, axes.isEmpty, shape.contains(1) { return nil }
    throw gain.doesNotFit("it should have a number for each place of one axis of \(shape)")
  }
}
