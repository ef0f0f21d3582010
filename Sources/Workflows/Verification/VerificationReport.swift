public import SutureArchitectures
public import SutureModelRuntime

/// What a verification found, check by check.
public struct VerificationReport: Sendable {
  /// One thing that was looked at.
  public struct Check: Sendable {
    /// `replicas`, `finite`, `layer_scale`, `keys`, or the name of an output.
    public let name: String
    /// Whether nothing is wrong.
    public let passed: Bool
    /// Of an output the largest difference over the reference's peak; of the others how many things are wrong.
    public let error: Double
    /// How large the error may be.
    public let tolerance: Double
    public let finding: Finding

    init(_ name: String, passed: Bool, error: Double, tolerance: Double = 0, _ finding: Finding) {
      (self.name, self.passed, self.error) = (name, passed, error)
      (self.tolerance, self.finding) = (tolerance, finding)
    }
  }

  /// What a check looked at, and what it found.
  public enum Finding: Sendable {
    case replicas(ReplicaComparison)
    /// The layers of a forward pass, and the first of them that gives NaN or infinity.
    case numbers(layers: Int, input: [Int], seconds: Double, notFinite: (layer: String, value: Float)?)
    /// An output beside what it should be.
    case output(shape: [Int], mean: Double, largestDifference: Double, isFinite: Bool)
    /// An output whose shape is not even the right one.
    case wrongShape([Int], expected: [Int])
    case layerScales([LayerScaleSummary])
    /// Tensors that the model file has no module for, as those of a deeper backbone are, of so many.
    case names(unexpected: [String], count: Int)
  }

  /// In the order in which they were made.
  public internal(set) var checks: [Check] = []
  /// Where the outputs of the network and of the original begin to differ.
  public internal(set) var firstDifference: LayerDifference?
  /// What the weights do not say of the network and nobody else did, as it was taken to be.
  public internal(set) var assumptions: [Assumption] = []
  /// The likeliest classes of a picture.
  public internal(set) var classes: [ClassScore] = []
  /// What a detector found in a picture.
  public internal(set) var detections: ImageDetections?

  /// Whether every check passed.
  public var passed: Bool { checks.allSatisfy(\.passed) }

  mutating func add(_ name: String, wrong: Int, _ finding: Finding) {
    checks.append(Check(name, passed: wrong == 0, error: Double(wrong), finding))
  }

  mutating func add(_ comparison: ReplicaComparison) {
    add("replicas", wrong: comparison.different.count + comparison.missing.count, .replicas(comparison))
  }

  /// Compares an output with what it should be, `expected` in PyTorch's order.
  mutating func add(_ output: NetworkOutput, _ expected: [Float], tolerance: Double) {
    let difference = Difference(output.values, from: expected)
    let error = difference.relative
    let isFinite = output.values.allSatisfy(\.isFinite)
    checks.append(
      // Written so that a NaN fails.
      Check(
        output.name, passed: error <= tolerance && isFinite, error: error, tolerance: tolerance,
        .output(
          shape: output.shape, mean: output.mean, largestDifference: difference.largest, isFinite: isFinite)))
  }
}

/// The first layer whose outputs differ in two networks of one size.
public struct LayerDifference: Sendable {
  /// The layer's place in the state dict.
  public let layer: String
  /// The largest difference over the reference's peak; NaN where the shapes differ.
  public let error: Double

  /// Runs both networks, `theirs` twice, and compares what each layer gives; `nil` where nothing differs.
  init?(of ours: RunnableNetwork, and theirs: RunnableNetwork, on image: FeatureMap) throws {
    guard let names = ours.backbone?.outputNames.filter({ $0.hasPrefix("feature.") }) else { return nil }
    var digests: [UInt64] = []
    _ = try theirs.outputs(names, of: image) { digests.append($0.digest) }
    var place = 0
    var found: (place: Int, layer: String, map: FeatureMap)?
    _ = try ours.outputs(names, of: image) { layer in
      if found == nil, place < digests.count, layer.digest != digests[place] {
        found = (place, layer.name, layer.map)
      }
      place += 1
    }
    guard let found else { return nil }
    var error = Double.nan
    place = 0
    _ = try theirs.outputs(names, of: image) { layer in
      if place == found.place, layer.map.shape == found.map.shape {
        error = Difference(found.map.values, from: layer.map.values).relative
      }
      place += 1
    }
    (layer, self.error) = (found.layer, error)
  }
}
