public import SutureText

/// What a state dict cannot tell of its network, and a forward pass needs: the eps of norms, and what blocks are activated
/// with.
public struct NetworkSettings: Sendable {
  /// For all layer norms, whatever else is known.
  public var layerNormEpsilon: Double?
  /// For all batch norms.
  public var batchNormEpsilon: Double?
  /// For the blocks of ConvNeXts.
  public var activation: Activation?

  /// The eps of norms by their names, as a module says it that was pickled whole.
  public var toldEpsilons: [ExactString: Double] = [:]
  /// The activation of the blocks of ConvNeXts, as such a module says it.
  public var toldActivation: Activation?

  public init() {}

  package enum Norm: Sendable, Hashable {
    case layer, batch
  }

  /// The eps of the norm called `name`; `nil` where nobody said it.
  package func epsilon(of name: String, _ norm: Norm) -> Double? {
    (norm == .layer ? layerNormEpsilon : batchNormEpsilon) ?? toldEpsilons[ExactString(name)]
  }

  package var blockActivation: Activation? { activation ?? toldActivation }
}

/// Something that nobody said of a network, and that was taken to be what its authors use.
public struct Assumption: Sendable, Hashable {
  /// What is assumed: `layer_norm.eps`, `batch_norm.eps`, `activation`.
  public let what: String
  /// As PyTorch would show it.
  public let value: String

  package init(_ what: String, _ value: String) { (self.what, self.value) = (what, value) }
}
