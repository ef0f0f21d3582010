public import SutureText

/// A recipe that comes with the tool.
public struct Preset: Sendable {
  public let name: String
  /// As it is printed, and could be kept in a file.
  public let text: String

  /// The recipe.
  ///
  /// - Throws: `Failure`, which the tests rule out.
  public func recipe() throws(Failure) -> Recipe { try Recipe(Array(text.utf8), name: name) }

  /// All there are.
  public static let all = [
    Preset(name: "convnext-yolov5", text: convNeXtYOLOv5),
    Preset(name: "convnext-yolov5-live", text: convNeXtYOLOv5Live),
    Preset(name: "convnext-ultralytics", text: convNeXtUltralytics),
    Preset(name: "normalise-in-stem", text: normaliseInStem),
    Preset(name: "strip-training", text: stripTraining),
  ]

  /// Steps to the backbone in what wraps it: data parallelism, torch.compile, OpenCLIP, FCMAE's pre-training, a detector,
  /// a classifier of transformers that is cut off.
  private static let unwrapped = """
      - strip-prefix: "module."
        optional: true
      - strip-prefix: "_orig_mod."
        optional: true
      - keep: "visual.trunk.*"
        optional: true
      - strip-prefix: "visual.trunk."
        optional: true
      - keep: "encoder.*"
        optional: true
      - strip-prefix: "encoder."
        optional: true
      - strip-prefix: "backbone."
        optional: true
      - strip-prefix: "convnext."
        optional: true
      - strip-prefix: "convnextv2."
        optional: true
    """

  /// The names of facebookresearch's backbone, without what stands behind it.
  private static let backboneAlone = #"""
      - naming: facebookresearch
    \#(unwrapped)
      - drop: "norm*"
        optional: true
      - drop: "head*"
        optional: true
    """#

  private static let convNeXtYOLOv5 = #"""
    recipe: 1
    description: "The backbone of any library's ConvNeXt checkpoint under model.0. to model.3., for a YOLOv5 of four ConvNeXt_Block layers"
    steps:
    \#(backboneAlone)
      - replicate: "model.{0..3}."
    expect:
      has: ["model.{0..3}.downsample_layers.3.1.weight", "model.3.stages.3.0.dwconv.weight"]

    """#

  private static let convNeXtYOLOv5Live = #"""
    recipe: 1
    description: "Of what convnext-yolov5 writes only what a forward pass reads: layer i has stage i, a quarter of the keys"
    steps:
    \#(backboneAlone)
      - rename: "{downsample_layers,stages}.#.*"
        to: "model.{2}.{1}.{2}.{3}"
    expect:
      has: ["model.0.downsample_layers.0.0.weight", "model.3.stages.3.0.dwconv.weight"]

    """#

  private static let convNeXtUltralytics = #"""
    recipe: 1
    description: "The backbone of any library's ConvNeXt checkpoint as Ultralytics' module TorchVision has it in layer 0"
    steps:
      - naming: torchvision
    \#(unwrapped)
      - drop: "classifier.*"
        optional: true
      - rename: "features.*"
        to: "model.0.m.{1}"
    expect:
      has: ["model.0.m.0.0.weight", "model.0.m.7.0.block.0.weight"]

    """#

  private static let normaliseInStem = #"""
    recipe: 1
    description: "ImageNet's normalisation folded into the stem of a ConvNeXt, so that it takes pixels in 0..1 as YOLOv5 feeds them"
    steps:
      - fold-normalization: "*downsample_layers.0.0.weight"
        mean: [0.485, 0.456, 0.406]
        std: [0.229, 0.224, 0.225]

    """#

  private static let stripTraining = #"""
    recipe: 1
    description: "The weights alone: the moving average where there is one, and no optimizer"
    steps:
      - take-ema:
        optional: true
      - strip-optimizer:
        optional: true

    """#
}
