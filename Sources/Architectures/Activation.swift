/// What is applied to each element of a layer's output.
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
  case sigmoid
  case tanh

  /// Reads what PyTorch calls it: `nn.LeakyReLU(0.1)` as Python and model files have it, or the words of transformers and
  /// timm, `gelu_pytorch_tanh`; `nil` for what is not computed.
  public init?(_ text: String) {
    var words = text.filter { $0 != " " }[...]
    for prefix in ["torch.", "nn.", "modules.", "activation."] where words.hasPrefix(prefix) {
      words = words.dropFirst(prefix.count)
    }
    var arguments = Arguments("")
    if words.hasSuffix(")"), let open = words.firstIndex(of: "(") {
      arguments = Arguments(words[words.index(after: open)...].dropLast())
      words = words[..<open]
    }
    switch words {
    case "Identity", "identity", "linear": self = .none
    case "GELU", "gelu":
      self = ["'tanh'", "\"tanh\""].contains(arguments["approximate", 0]) ? .geluTanh : .gelu
    case "gelu_tanh", "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
    case "QuickGELU", "quick_gelu": self = .quickGELU
    case "SiLU", "silu", "swish": self = .silu
    case "ReLU", "relu": self = .relu
    case "ReLU6", "relu6": self = .relu6
    case "LeakyReLU", "leaky_relu":
      guard let slope = arguments.number("negative_slope", 0, default: 0.01) else { return nil }
      self = .leakyReLU(slope: slope)
    case "Hardswish", "hard_swish", "hardswish": self = .hardswish
    case "Mish", "mish": self = .mish
    case "ELU", "elu":
      guard let alpha = arguments.number("alpha", 0, default: 1) else { return nil }
      self = .elu(alpha: alpha)
    case "Sigmoid", "sigmoid": self = .sigmoid
    case "Tanh", "tanh": self = .tanh
    default: return nil
    }
  }

  /// What stands in the parentheses of a call in Python.
  private struct Arguments {
    private var named: [Substring: Substring] = [:]
    private var positional: [Substring] = []

    init(_ text: Substring) {
      for argument in text.split(separator: ",") {
        let parts = argument.split(separator: "=", maxSplits: 1)
        if parts.count == 2 { named[parts[0]] = parts[1] } else { positional.append(argument) }
      }
    }

    subscript(name: Substring, place: Int) -> Substring? {
      named[name] ?? (positional.indices.contains(place) ? positional[place] : nil)
    }

    /// A finite number; `nil` where something else stands there.
    func number(_ name: Substring, _ place: Int, default usual: Double) -> Double? {
      guard let text = self[name, place] else { return usual }
      return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }
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
    case .sigmoid: "nn.Sigmoid()"
    case .tanh: "nn.Tanh()"
    }
  }
}
