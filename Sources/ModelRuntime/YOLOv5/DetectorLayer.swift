internal import SutureArchitectures

/// A layer as YOLOv5's `parse_model` makes it of a row.
struct DetectorLayer: Sendable {
  enum Module: Sendable {
    case convNeXtBlock(index: Int, ConvNeXtConfiguration)
    case convolution(ConvolutionShape)
    case c3(CSPShape)
    case bottleneck(BottleneckShape)
    case concat
    case upsample(factor: Int)
    case detect
  }

  let row: ModelFile.Row
  let index: Int
  let module: Module
  /// The layers that it reads by number; −1 is the image.
  let sources: [Int]
  /// How often it is repeated, scaled by the depth multiple.
  let repeats: Int
  /// The channels that YOLOv5 believes it gives.
  let channels: Int
  /// What the module is made with, as Python shows it.
  let arguments: [ModelValue]
  /// How many parameters the module has, those of unused stages included.
  let parameterCount: Int

  /// A convolution without bias, batch norm, SiLU.
  struct ConvolutionShape: Sendable {
    let inputs: Int
    let outputs: Int
    var kernel = 1
    var stride = 1
    var padding: Int?
    var groups = 1

    var parameterCount: Int { outputs * (inputs / groups) * kernel * kernel + 2 * outputs }
  }

  /// 1×1, then 3×3, and the input added where the widths allow it.
  struct BottleneckShape: Sendable {
    let inputs: Int
    let outputs: Int
    let hidden: Int
    let groups: Int
    let shortcut: Bool

    var first: ConvolutionShape { ConvolutionShape(inputs: inputs, outputs: hidden) }
    var second: ConvolutionShape {
      ConvolutionShape(inputs: hidden, outputs: outputs, kernel: 3, groups: groups)
    }
    var parameterCount: Int { first.parameterCount + second.parameterCount }
  }

  /// Two paths of half the width, one through `repeats` bottlenecks, joined by a third convolution.
  struct CSPShape: Sendable {
    let inputs: Int
    let outputs: Int
    let hidden: Int
    let groups: Int
    let shortcut: Bool
    let repeats: Int

    var bottleneck: BottleneckShape {
      BottleneckShape(inputs: hidden, outputs: hidden, hidden: hidden, groups: groups, shortcut: shortcut)
    }
    var entry: ConvolutionShape { ConvolutionShape(inputs: inputs, outputs: hidden) }
    var exit: ConvolutionShape { ConvolutionShape(inputs: 2 * hidden, outputs: outputs) }
    var parameterCount: Int {
      2 * entry.parameterCount + exit.parameterCount + repeats * bottleneck.parameterCount
    }
  }

  /// The class's name, as YOLOv5 prints it.
  var className: String {
    switch module {
    case .convNeXtBlock: "models.common.ConvNeXt_Block"
    case .convolution: "models.common.Conv"
    case .c3: "models.common.C3"
    case .bottleneck: "models.common.Bottleneck"
    case .concat: "models.common.Concat"
    case .upsample: "torch.nn.modules.upsampling.Upsample"
    case .detect: "models.yolo.Detect"
    }
  }
}
