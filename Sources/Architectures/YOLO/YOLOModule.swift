internal import SutureTensors
internal import SutureText
internal import SutureYAML

/// A module that a row of a model file can name: all that is known of it.
///
/// Each is one file in `Modules`, and a line in ``YOLOModules``. A value of it stands for one layer of one file.
protocol YOLOModule: Sendable {
  /// How rows name it.
  static var name: String { get }
  /// The class's name as each program prints it whose model files may name the module.
  static var classNames: [ModelDialect: String] { get }
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
  /// Whether it reads a list of maps, of a layer that gives one.
  static var takesList: Bool { get }

  /// Whether an Index into the list that it gives names the place alone, and no channels.
  static var isIndexedAlone: Bool { get }

  /// - Throws: an error with the row's place, where the program would build something wrong, or nothing.
  init(_ row: ModuleRow) throws

  /// The channels that the program believes it gives.
  var channels: Int { get }

  /// The channels of each of its maps where it gives a list of them.
  var list: [Int]? { get }

  /// What the module is made with, as Python shows it.
  var shownArguments: [ModelValue] { get }

  /// The side of its output for square inputs of these sides, in pixels.
  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int

  /// The sides of all its outputs for square inputs of these sides.
  func sides(for inputs: [Int]) throws(ModuleMisfit) -> [Int]

  /// The tensors that it has in a state dict, in the order of its definition; names without the layer's own.
  var tensors: [ModuleTensor] { get }

  /// How many parameters it has, those of unused stages included.
  var parameterCount: Int { get }

  /// Adds its layers to a network and gives what it computes: one value, but several of Detect and of what gives a list.
  ///
  /// - Parameter name: the layer's own, such as `model.4`.
  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int]
}

extension YOLOModule {
  static var classNames: [ModelDialect: String] { [.yolov5: "models.common.\(name)"] }
  /// Whose model files may name it.
  static var dialects: [ModelDialect] { ModelDialect.allCases.filter { classNames[$0] != nil } }
  static var usage: String { "a row of it is written as \(example)" }
  static var takesRepeats: Bool { false }
  static var holdsBackbone: Bool { false }
  static var takesList: Bool { false }
  static var isIndexedAlone: Bool { false }

  var list: [Int]? { nil }
  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { inputs[0] }
  func sides(for inputs: [Int]) throws(ModuleMisfit) -> [Int] { [try side(for: inputs)] }
  var tensors: [ModuleTensor] { [] }
  var parameterCount: Int { tensors.parameterCount }
}

extension YOLOModule {
  /// The names of a class that both programs have, Ultralytics in one of its files.
  static func shared(in file: String) -> [ModelDialect: String] {
    [.yolov5: "models.common.\(name)"].merging(ultralytics(file)) { $1 }
  }

  /// The name of a class that is Ultralytics' alone.
  static func ultralytics(_ file: String) -> [ModelDialect: String] {
    [.ultralytics: "ultralytics.nn.modules.\(file).\(name)"]
  }

  /// The name of a class of PyTorch, which model files of both may name.
  static func torch(_ module: String) -> [ModelDialect: String] {
    let className = "torch.nn.modules.\(module).\(name.dropFirst(3))"
    return [.yolov5: className, .ultralytics: className]
  }
}

/// The last layer of a detector.
protocol DetectingModule: YOLOModule {
  /// How many pixels of the image each level's pixels stand for, once that is known.
  var strides: [Double] { get set }
}

/// Every module that is known.
enum YOLOModules {
  static let all: [any YOLOModule.Type] = [
    ConvNeXtBlockModule.self,
    ConvNeXtV2BlockModule.self,
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
    UltralyticsBottleneckModule.self,
    C2Module.self,
    C2fModule.self,
    C3k2Module.self,
    C2PSAModule.self,
    UltralyticsSPPFModule.self,
    A2C2fModule.self,
    TorchVisionModule.self,
    TimmModule.self,
    IndexModule.self,
    UltralyticsDetectModule.self,
  ]

  /// What the programs have beside them and nothing here builds.
  private static let others = [
    "Segment": "the head of a segmentation model", "Proto": "a part of a segmentation model",
    "Classify": "the head of a classification model", "Pose": "the head of a model of poses",
    "OBB": "the head of a model of turned boxes", "v10Detect": "the head of a YOLOv10",
    "RTDETRDecoder": "the head of an RT-DETR", "WorldDetect": "the head of a YOLO-World",
    "YOLOEDetect": "the head of a YOLOE", "YOLOESegment": "the head of a YOLOE that segments",
    "Segment26": "the head of a segmentation model", "Pose26": "the head of a model of poses",
    "OBB26": "the head of a model of turned boxes", "SemanticSegment": "the head of a segmentation model",
  ]

  /// The module that rows of a dialect's files call `name`.
  ///
  /// - Parameter error: makes an error with the row's place.
  static func named(
    _ name: String, in dialect: ModelDialect, _ error: (_ message: String, _ advice: String?) -> YAMLError
  ) throws -> any YOLOModule.Type {
    let named = all.filter { $0.name == name }
    if let known = named.first(where: { $0.dialects.contains(dialect) }) { return known }
    if !named.isEmpty {
      throw error(
        "the module \(name) is of model files of \(dialect.other.program), and this is one of \(dialect.program): it has "
          + (dialect == .yolov5 ? "anchors" : "no anchors"),
        "files of Ultralytics end in a row [[…], 1, Detect, [nc]], those of YOLOv5 have anchors, depth_multiple and "
          + "width_multiple, and end in Detect, [nc, anchors]")
    }
    if let what = others[name] {
      throw error(
        "\(name) is \(what), which is neither built nor run",
        "checkpoints of such a model can be inspected, converted, edited, and checked against another checkpoint of it"
      )
    }
    let known = all.filter { $0.dialects.contains(dialect) }
    let names = known.map { $0.name }
    let near = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
    throw error(
      "the module \(name.quoted()) is not known; \(names.joined(separator: ", ")) are",
      near ?? asConvNeXt(name, among: known))
  }

  /// How files name a ConvNeXt, where `name` is that of one of a library's models.
  private static func asConvNeXt(_ name: String, among known: [any YOLOModule.Type]) -> String? {
    guard name.lowercased().hasPrefix("convnext") else { return nil }
    let ways = known.filter { $0.name == "Timm" || $0.name == "TorchVision" || $0.name.hasPrefix("ConvNeXt") }
    return "a ConvNeXt stands in such a file as \(ways.map { $0.example }.joined(separator: " or "))"
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
