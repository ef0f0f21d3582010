public import SutureArchitectures
public import SutureCheckpoints
internal import SutureText

extension ToldByModules {
  /// What the modules say that `checkpoint` holds pickled whole; nothing where it holds none.
  public init(_ checkpoint: Checkpoint) { self.init(checkpoint.moduleFacts()) }

  init(_ modules: [ModuleFacts]) {
    self.init()
    let names = Set(modules.lazy.map { ExactString($0.name) })
    for module in modules {
      let name = ExactString(module.name)
      if let epsilon = module.number("eps"), epsilon >= 0, epsilon < 1 { epsilons[name] = epsilon }
      let kind = module.className.split(separator: ".").last ?? ""
      if kind.hasPrefix("SimpleNorm") { simpleNorms[name] = true }
      if kind.hasPrefix("RmsNorm") { simpleNorms[name] = false }
      if module.mayBeActivation {
        activations[name] = ModuleActivation(
          className: module.className, activation: Activation(ofClass: module.className, module.argument))
      }
      let start = module.name.isEmpty ? "" : module.name + "."
      if let index = module.number("index"), let stage = Int(exactly: index), (0...3).contains(stage),
        ["stages", "downsample_layers"].allSatisfy({ names.contains(ExactString(start + $0)) })
      {
        stages[ExactString(start)] = stage
      }
    }
  }

  /// The one eps that all norms of a ConvNeXt's stages have, and the one activation that all blocks have; `nil` where there
  /// are several, or none.
  var common: (layerNormEpsilon: Double?, activation: Activation?) {
    func isOfStage(_ name: ExactString) -> Bool {
      name.string.split(separator: ".").contains {
        ["stages", "downsample_layers", "features", "stem"].contains($0)
      }
    }
    let epsilons = Set(epsilons.filter { isOfStage($0.key) }.values)
    var found: [Activation?] = []
    for (name, module) in activations where isOfStage(name) && !found.contains(module.activation) {
      found.append(module.activation)
    }
    return (epsilons.count == 1 ? epsilons.first : nil, found.count == 1 ? found[0] : nil)
  }
}

extension ModuleFacts {
  /// Whether it stands where the libraries put a block's activation, or a convolution's.
  fileprivate var mayBeActivation: Bool {
    name.utf8.elementsEqual("act".utf8) || name.hasSuffix(".act") || name.hasSuffix(".block.4")
      || name.hasSuffix(".activation_fn") || name.hasSuffix("stem.1")
  }

  /// What an attribute holds, for a class that is made with an argument of that name.
  fileprivate func argument(_ name: String) -> Activation.Argument? {
    switch self[name] {
    case .int(let value): .number(Double(value))
    case .float(let value): .number(value)
    case .string(let value): .text(value)
    case .bool(let value): .flag(value)
    default: nil
    }
  }
}
