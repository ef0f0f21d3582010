internal import SutureTensors
internal import SutureText
internal import SutureYAML

/// A module that a row of a model file can name: all that is known of it.
///
/// Each is one file in `Modules`, and a line in ``YOLOModules``. A value of it stands for one layer of one file.
protocol YOLOModule: Sendable {
  /// How rows name it.
  static var name: String { get }
  /// The class's name, as YOLOv5 prints it.
  static var className: String { get }
  /// What it computes, in a sentence without a full stop.
  static var summary: String { get }
  /// A row that has it.
  static var example: String { get }
  /// What it says of a row whose arguments are not of the form that it takes.
  static var usage: String { get }
  static var arguments: [ModuleArgument] { get }
  /// Whether the module itself is made with the number of repeats; others are repeated one behind the other.
  static var takesRepeats: Bool { get }
  /// Whether its weights are those of a backbone, which come from a checkpoint of ImageNet.
  static var holdsBackbone: Bool { get }

  /// - Throws: an error with the row's place, where YOLOv5 would build something wrong, or nothing.
  init(_ row: ModuleRow) throws

  /// The channels that YOLOv5 believes it gives.
  var channels: Int { get }

  /// What the module is made with, as Python shows it.
  var shownArguments: [ModelValue] { get }

  /// The side of its output for square inputs of these sides, in pixels.
  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int

  /// The tensors that it has in a state dict, in the order of its definition; names without the layer's own.
  var tensors: [ModuleTensor] { get }

  /// How many parameters it has, those of unused stages included.
  var parameterCount: Int { get }

  /// Adds its layers to a network and gives what it computes: one value, but of Detect one for each level.
  ///
  /// - Parameter name: the layer's own, such as `model.4`.
  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int]
}

extension YOLOModule {
  static var className: String { "models.common.\(name)" }
  static var usage: String { "a row of it is written as \(example)" }
  static var takesRepeats: Bool { false }
  static var holdsBackbone: Bool { false }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { inputs[0] }
  var tensors: [ModuleTensor] { [] }
  var parameterCount: Int { tensors.parameterCount }
}

/// Every module that is known.
enum YOLOModules {
  static let all: [any YOLOModule.Type] = [
    ConvNeXtBlockModule.self,
    ConvModule.self,
    DWConvModule.self,
    GhostConvModule.self,
    MixConv2dModule.self,
    CrossConvModule.self,
    FocusModule.self,
    BottleneckModule.self,
    GhostBottleneckModule.self,
    BottleneckCSPModule.self,
    C3Module.self,
    C3TRModule.self,
    C3SPPModule.self,
    C3GhostModule.self,
    C3xModule.self,
    SPPModule.self,
    SPPFModule.self,
    ConcatModule.self,
    ContractModule.self,
    ExpandModule.self,
    UpsampleModule.self,
    ConvTranspose2dModule.self,
    DWConvTranspose2dModule.self,
    MaxPool2dModule.self,
    ZeroPad2dModule.self,
    BatchNorm2dModule.self,
    SiLUModule.self,
    ReLUModule.self,
    LeakyReLUModule.self,
    HardswishModule.self,
    MishModule.self,
    GELUModule.self,
    SigmoidModule.self,
    IdentityModule.self,
    DetectModule.self,
  ]

  /// What YOLOv5 has beside them and nothing here builds.
  private static let others = [
    "Segment": "the head of a segmentation model", "Proto": "a part of a segmentation model",
    "Classify": "the head of a classification model",
  ]

  /// The module that rows call `name`.
  ///
  /// - Parameter error: makes an error with the row's place.
  static func named(
    _ name: String, _ error: (_ message: String, _ advice: String?) -> YAMLError
  ) throws -> any YOLOModule.Type {
    if let known = all.first(where: { $0.name == name }) { return known }
    if let what = others[name] {
      throw error(
        "\(name) is \(what), which is neither built nor run",
        "checkpoints of such a model can be inspected, converted, edited, and checked against another checkpoint of it"
      )
    }
    let names = all.map { $0.name }
    throw error(
      "the module \(name.quoted()) is not known; \(names.joined(separator: ", ")) are",
      Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" })
  }
}

/// A tensor of a module's state dict.
struct ModuleTensor: Sendable, Equatable {
  /// Within the module: `cv1.conv.weight`.
  var name: String
  let shape: [Int]
  let dtype: DType
  /// Whether it is trained; what is not is a buffer.
  let isParameter: Bool
  /// Whether a forward pass reads it.
  let isRead: Bool
  /// What it holds before training.
  let initial: InitialValues

  init(
    _ name: String, _ shape: [Int], _ initial: InitialValues, dtype: DType = .float32,
    isParameter: Bool = true,
    isRead: Bool = true
  ) {
    (self.name, self.shape, self.dtype) = (name, shape, dtype)
    (self.isParameter, self.isRead, self.initial) = (isParameter, isRead, initial)
  }
}

extension Array<ModuleTensor> {
  /// The same within a module called `start`.
  func within(_ start: String) -> [ModuleTensor] {
    map {
      var tensor = $0
      tensor.name = "\(start).\(tensor.name)"
      return tensor
    }
  }

  var parameterCount: Int {
    reduce(0) { $0 + ($1.isParameter ? $1.shape.reduce(1, *) : 0) }
  }
}
