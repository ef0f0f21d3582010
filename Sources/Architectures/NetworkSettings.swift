public import SutureText

/// What a state dict cannot tell of its network, and a forward pass needs: the eps of norms, and activations.
public struct NetworkSettings: Sendable {
  /// For all layer norms, whatever else is known.
  public var layerNormEpsilon: Double?
  /// For all batch norms.
  public var batchNormEpsilon: Double?
  /// For the blocks of ConvNeXts.
  public var activation: Activation?
  /// Of a ConvNeXt whose norms have no bias: whether they are timm's SimpleNorm, not RmsNorm.
  public var usesSimpleNorms: Bool?
  /// For the convolutions of a YOLOv5: `Conv.default_act`.
  public var convolutionActivation: Activation?
  /// What modules say of themselves that were pickled whole.
  public var told = ToldByModules()

  public init() {}

  package enum Norm: String, Sendable {
    case layer = "layer_norm"
    case batch = "batch_norm"
  }

  /// The eps of the norm called `name`; `nil` where nobody said it.
  package func epsilon(of name: String, _ norm: Norm) -> Double? {
    (norm == .layer ? layerNormEpsilon : batchNormEpsilon) ?? told.epsilons[ExactString(name)]
  }
}

/// What the modules of a network say of themselves that were pickled whole, by their names in the state dict.
public struct ToldByModules: Sendable {
  /// The eps of norms.
  public var epsilons: [ExactString: Double] = [:]
  /// Of norms without a bias, whether they are timm's SimpleNorm.
  public var simpleNorms: [ExactString: Bool] = [:]
  /// Activations of modules that may be one.
  public var activations: [ExactString: ModuleActivation] = [:]
  /// The stage that each copy of a backbone runs, by what stands before its names: `model.4.`.
  public var stages: [ExactString: Int] = [:]

  public init() {}

  public var isEmpty: Bool {
    epsilons.isEmpty && simpleNorms.isEmpty && activations.isEmpty && stages.isEmpty
  }
}

/// What a module computes element by element.
public struct ModuleActivation: Sendable, Equatable {
  /// Such as `torch.nn.modules.activation.SiLU`.
  public let className: String
  /// `nil` for what is not computed.
  public let activation: Activation?

  public init(className: String, activation: Activation?) {
    (self.className, self.activation) = (className, activation)
  }
}

/// Something that nobody said of a network, and that was taken to be what its authors use.
public struct Assumption: Sendable, Hashable {
  /// What is assumed: `layer_norm.eps`, `batch_norm.eps`, `norm` without a bias, `activation` of blocks, `conv.activation`.
  public let what: String
  /// As PyTorch would show it.
  public let value: String
  /// Why it is that, and nothing else.
  public let because: String

  package init(_ what: String, _ value: String, because: String) {
    (self.what, self.value, self.because) = (what, value, because)
  }
}
