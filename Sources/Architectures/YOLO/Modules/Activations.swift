/// An activation that is a layer of its own: `nn.SiLU()` and others.
protocol ActivationModule: YOLOModule {
  /// What it computes; the only argument, where there is one, is a number.
  static func activation(_ row: ModuleRow) -> Activation
  init(activation: Activation, channels: Int, shownArguments: [ModelValue])
  var activation: Activation { get }
}

extension ActivationModule {
  static var classNames: [ModelDialect: String] { torch("activation") }
  static var summary: String { "the activation of that name, each element alone" }
  static var example: String { "[-1, 1, \(name), []]" }
  static var arguments: [ModuleArgument] { [] }

  init(_ row: ModuleRow) throws {
    self.init(activation: Self.activation(row), channels: try row.onlyInput(), shownArguments: row.values)
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try network.channelwise(name, norm: nil, activation, channels: channels, of: x[0])]
  }
}

struct SiLUModule: ActivationModule {
  static let name = "nn.SiLU"
  static func activation(_ row: ModuleRow) -> Activation { .silu }
  let activation: Activation, channels: Int, shownArguments: [ModelValue]
}

struct ReLUModule: ActivationModule {
  static let name = "nn.ReLU"
  static func activation(_ row: ModuleRow) -> Activation { .relu }
  let activation: Activation, channels: Int, shownArguments: [ModelValue]
}

struct LeakyReLUModule: ActivationModule {
  static let name = "nn.LeakyReLU"
  static let example = "[-1, 1, nn.LeakyReLU, [0.1]]"
  static let arguments: [ModuleArgument] = [.init("negative_slope", .fraction, default: .double(0.01))]
  static func activation(_ row: ModuleRow) -> Activation {
    .leakyReLU(slope: row["negative_slope"].number ?? 0.01)
  }
  let activation: Activation, channels: Int, shownArguments: [ModelValue]
}

struct HardswishModule: ActivationModule {
  static let name = "nn.Hardswish"
  static func activation(_ row: ModuleRow) -> Activation { .hardswish }
  let activation: Activation, channels: Int, shownArguments: [ModelValue]
}

struct MishModule: ActivationModule {
  static let name = "nn.Mish"
  static func activation(_ row: ModuleRow) -> Activation { .mish }
  let activation: Activation, channels: Int, shownArguments: [ModelValue]
}

struct GELUModule: ActivationModule {
  static let name = "nn.GELU"
  static func activation(_ row: ModuleRow) -> Activation { .gelu }
  let activation: Activation, channels: Int, shownArguments: [ModelValue]
}

struct SigmoidModule: ActivationModule {
  static let name = "nn.Sigmoid"
  static func activation(_ row: ModuleRow) -> Activation { .sigmoid }
  let activation: Activation, channels: Int, shownArguments: [ModelValue]
}

struct IdentityModule: ActivationModule {
  static let name = "nn.Identity"
  static let classNames = torch("linear")
  static let summary = "nothing: what comes in goes out"
  static func activation(_ row: ModuleRow) -> Activation { .none }
  let activation: Activation, channels: Int, shownArguments: [ModelValue]
}
