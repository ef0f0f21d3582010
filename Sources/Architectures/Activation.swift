/// What is applied to each element of a layer's output, as `torch.nn` computes it in evaluation.
public enum Activation: Sendable, Equatable {
  case none
  /// ½ · x · (1 + erf(x / √2)): `nn.GELU()`.
  case gelu
  /// ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))): `nn.GELU(approximate='tanh')`.
  case geluTanh
  /// x · σ(1.702 · x), which CLIP has.
  case quickGELU
  /// x · σ(x), which YOLOv5 calls SiLU.
  case silu
  case relu
  /// Between 0 and 6.
  case relu6
  /// Negative numbers times `slope`.
  case leakyReLU(slope: Double)
  /// x · min(max(x + 3, 0), 6) / 6.
  case hardswish
  /// x · tanh(ln(1 + eˣ)).
  case mish
  /// Of negative numbers `alpha` · (eˣ − 1).
  case elu(alpha: Double)
  /// Of negative numbers `alpha` · (e^(x / alpha) − 1); `alpha` is positive.
  case celu(alpha: Double)
  /// `nn.ELU` with the constants of Klambauer et al., Self-Normalizing Neural Networks, 2017.
  case selu
  case sigmoid
  case tanh
  /// ln(1 + e^(beta · x)) / beta; `beta` is positive.
  case softplus(beta: Double)
  /// Between the two.
  case hardtanh(min: Double, max: Double)
  /// min(max(x + 3, 0), 6) / 6.
  case hardsigmoid
  /// ln σ(x).
  case logSigmoid
}

// MARK: As PyTorch calls it

extension Activation {
  /// What a call of a class in Python is given, or what an attribute of its module holds.
  package enum Argument: Sendable, Equatable {
    case number(Double)
    case text(String)
    case flag(Bool)

    fileprivate var number: Double? { if case .number(let value) = self { value } else { nil } }
  }

  /// A class of `torch.nn`, or a word of another library.
  private struct Kind: Sendable {
    let name: String
    /// What timm, transformers and others call it.
    let others: [String]
    /// Names and defaults in their order; `inplace` changes nothing that is computed.
    let parameters: [(name: String, usual: Argument)]
    let make: @Sendable ([Argument]) -> Activation?

    init(
      _ name: String, _ others: [String] = [], _ parameters: KeyValuePairs<String, Argument> = [:],
      _ make: @escaping @Sendable ([Argument]) -> Activation?
    ) {
      (self.name, self.others, self.make) = (name, others, make)
      self.parameters = parameters.map { ($0.key, $0.value) }
    }

    /// One of a number.
    init(
      _ name: String, _ others: [String], _ parameter: String, _ usual: Double,
      _ make: @escaping @Sendable (Double) -> Activation?
    ) {
      self.init(name, others, [parameter: .number(usual), "inplace": .flag(false)]) {
        $0[0].number.flatMap(make)
      }
    }

    /// One of nothing.
    init(_ name: String, _ others: [String], _ activation: Activation) {
      self.init(name, others, ["inplace": .flag(false)]) { _ in activation }
    }
  }

  private static let kinds: [Kind] = [
    Kind("Identity", ["identity", "linear", "LinearActivation"], Activation.none),
    Kind("GELU", ["gelu", "GELUActivation"], ["approximate": .text("none")]) {
      switch $0[0] {
      case .text("none"): .gelu
      case .text("tanh"): .geluTanh
      default: nil
      }
    },
    Kind(
      "GELUTanh",
      ["gelu_tanh", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "NewGELUActivation", "FastGELUActivation"]
        + ["PytorchGELUTanh", "GELUTanhActivation"], .geluTanh),
    Kind("QuickGELU", ["quick_gelu", "QuickGELUActivation"], .quickGELU),
    Kind("SiLU", ["silu", "swish", "Swish", "SiLUActivation", "MemoryEfficientSwish"], .silu),
    Kind("ReLU", ["relu"], .relu),
    Kind("ReLU6", ["relu6"], .relu6),
    Kind("LeakyReLU", ["leaky_relu"], "negative_slope", 0.01) { .leakyReLU(slope: $0) },
    // In evaluation it is the middle of the slopes that training draws.
    Kind("RReLU", [], ["lower": .number(1.0 / 8), "upper": .number(1.0 / 3), "inplace": .flag(false)]) {
      guard let lower = $0[0].number, let upper = $0[1].number, lower <= upper else { return nil }
      return .leakyReLU(slope: (lower + upper) / 2)
    },
    Kind("Hardswish", ["hard_swish", "hardswish", "HardSwish"], .hardswish),
    Kind("Mish", ["mish", "MishActivation", "MemoryEfficientMish"], .mish),
    Kind("ELU", ["elu"], "alpha", 1) { .elu(alpha: $0) },
    Kind("CELU", ["celu"], "alpha", 1) { $0 > 0 ? .celu(alpha: $0) : nil },
    Kind("SELU", ["selu"], .selu),
    Kind("Sigmoid", ["sigmoid"], .sigmoid),
    Kind("Tanh", ["tanh"], .tanh),
    Kind("Softplus", ["softplus"], ["beta": .number(1), "threshold": .number(20)]) {
      // Above it PyTorch gives x itself, which from here on is the same number.
      guard let beta = $0[0].number, let threshold = $0[1].number, beta > 0, threshold >= 18 else {
        return nil
      }
      return .softplus(beta: beta)
    },
    Kind(
      "Hardtanh", ["hard_tanh"], ["min_val": .number(-1), "max_val": .number(1), "inplace": .flag(false)]
    ) {
      guard let min = $0[0].number, let max = $0[1].number, min < max else { return nil }
      return .hardtanh(min: min, max: max)
    },
    Kind("Hardsigmoid", ["hard_sigmoid", "HardSigmoid"], .hardsigmoid),
    Kind("LogSigmoid", [], .logSigmoid),
  ]

  /// The words that are known, for people.
  package static let words: [String] = kinds.map { $0.others.first ?? $0.name }

  private static func kind(_ name: some StringProtocol) -> Kind? {
    kinds.first { $0.name == name || $0.others.contains { $0 == name } }
  }

  /// Reads what PyTorch calls it, `nn.LeakyReLU(0.1)`, or the words of transformers and timm, `gelu_pytorch_tanh`.
  ///
  /// - Returns: `nil` for what is not computed.
  public init?(_ text: String) {
    var words = text.filter { $0 != " " }[...]
    var arguments: [(name: Substring?, value: Argument)] = []
    if words.hasSuffix(")"), let open = words.firstIndex(of: "(") {
      guard let read = Self.arguments(words[words.index(after: open)...].dropLast()) else { return nil }
      arguments = read
      words = words[..<open]
    }
    for prefix in ["torch.", "nn.", "modules.", "activation."] { words = words.rest(after: prefix) }
    guard let kind = Self.kind(words) else { return nil }
    var values = kind.parameters.map(\.usual)
    for (place, argument) in arguments.enumerated() {
      guard
        let index = argument.name.map({ name in kind.parameters.firstIndex { $0.name == name } }) ?? place,
        values.indices.contains(index)
      else { return nil }
      values[index] = argument.value
    }
    guard let activation = kind.make(values) else { return nil }
    self = activation
  }

  /// Reads an expression as a model file has it, which YOLOv5 evaluates: a call of a class of `torch.nn`.
  package init?(call text: String) {
    guard text.hasPrefix("nn.") || text.hasPrefix("torch.nn."), text.hasSuffix(")") else { return nil }
    self.init(text)
  }

  /// Reads a module of that class.
  ///
  /// - Parameter attribute: gives what the module's attribute of that name holds.
  package init?(ofClass name: String, _ attribute: (String) -> Argument?) {
    guard let kind = Self.kind(name.split(separator: ".").last ?? "") else { return nil }
    // A module that was saved by an older PyTorch lacks what came later.
    guard let activation = kind.make(kind.parameters.map { attribute($0.name) ?? $0.usual }) else {
      return nil
    }
    self = activation
  }

  /// What stands in the parentheses of a call; `nil` where it is no list of plain values.
  private static func arguments(_ text: Substring) -> [(name: Substring?, value: Argument)]? {
    if text.isEmpty { return [] }
    var arguments: [(name: Substring?, value: Argument)] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let value = value(halves[halves.count - 1]) else { return nil }
      // In Python what has no name comes first.
      if halves.count == 1, arguments.contains(where: { $0.name != nil }) { return nil }
      arguments.append((halves.count == 2 ? halves[0] : nil, value))
    }
    return arguments
  }

  private static func value(_ text: Substring) -> Argument? {
    switch text {
    case "True": return .flag(true)
    case "False": return .flag(false)
    default: break
    }
    for quote in ["'", "\""] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
      return .text(String(text.dropFirst().dropLast()))
    }
    guard text.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }), let number = Double(text),
      number.isFinite
    else { return nil }
    return .number(number)
  }
}

extension Substring {
  fileprivate func rest(after prefix: String) -> Substring {
    hasPrefix(prefix) ? dropFirst(prefix.count) : self
  }
}

extension Activation: CustomStringConvertible {
  /// As PyTorch calls it.
  public var description: String {
    switch self {
    case .none: "nn.Identity()"
    case .gelu: "nn.GELU()"
    case .geluTanh: "nn.GELU(approximate='tanh')"
    case .quickGELU: "QuickGELU()"
    case .silu: "nn.SiLU()"
    case .relu: "nn.ReLU()"
    case .relu6: "nn.ReLU6()"
    case .leakyReLU(let slope): "nn.LeakyReLU(\(slope))"
    case .hardswish: "nn.Hardswish()"
    case .mish: "nn.Mish()"
    case .elu(let alpha): "nn.ELU(\(alpha))"
    case .celu(let alpha): "nn.CELU(\(alpha))"
    case .selu: "nn.SELU()"
    case .sigmoid: "nn.Sigmoid()"
    case .tanh: "nn.Tanh()"
    case .softplus(let beta): "nn.Softplus(\(beta))"
    case .hardtanh(let min, let max): "nn.Hardtanh(\(min), \(max))"
    case .hardsigmoid: "nn.Hardsigmoid()"
    case .logSigmoid: "nn.LogSigmoid()"
    }
  }
}
