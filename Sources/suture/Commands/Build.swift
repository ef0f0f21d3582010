internal import SutureBytes
internal import SutureSurgery
internal import SutureText
internal import SutureWorkflows

struct Build: Command {
  static let name = "build"
  static let writes = true
  static let summary = "Make a YOLO's state dict from its model file, with a pretrained ConvNeXt in it."
  static let details = """
    Every key, shape and dtype that YOLOv5's Model(cfg) has when it is new, with initial values of the same distributions;
    what is not random (norms, counters, anchors) is exact. The same seed gives the same bytes on every machine. Of an
    Ultralytics file the name says the scale, as its DetectionModel(cfg) takes it: yolo11s.yaml, or yolo11.yaml for it.

    --backbone FILE takes the ConvNeXt of a checkpoint, under any library's names, into every ConvNeXt_Block of the model
    file, or into its TorchVision or Timm, as model_dict.update and load_state_dict would: what does not fit is refused,
    and so is a backbone that would be loaded in part, of which YOLOv5 says nothing.

    --as yolov5 writes the .pt that YOLOv5's train.py takes as --weights, --as ultralytics the one that
    YOLO("yolo11n.yaml").load("detector.pt") transfers every item from:
      suture build yolov5_ConvNeXt.yaml --backbone convnext_tiny_1k_224_ema.pth -o detector.pt --as yolov5
      suture verify detector.pt

    \(WritingOptions.details)
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("MODEL.yaml", "The model file, of YOLOv5 or Ultralytics.", \.building.model),
      .option(
        "backbone", "FILE|NAME",
        "The checkpoint whose ConvNeXt becomes the backbone; NAME is one of fetch --list.",
        \.building.backbone),
      .number(
        "nc", "N", "How many classes there are, instead of the model file's nc.", in: 1...100_000,
        \.building.classes),
      .number(
        "anchors", "N", "How many anchors a level has, instead of the model file's.", in: 1...32,
        \.building.anchors),
      .number("seed", "N", "Other initial values; 0 where not given.", \.seed),
      .option("key", "PATH", "The dict of the backbone to take instead of the one found.", \.building.key),
      .limit(\.building.limits), .salvage(\.building.limits), .step(\.building.limits),
    ] + Argument.group(WritingOptions.arguments, \.writing)
  }

  var building = Building("")
  var seed: Int?
  var writing = WritingOptions()

  mutating func run() throws -> ExitCode {
    building.seed = seed ?? 0
    building.backbone = try building.backbone.map(FetchReport.located)
    building.request = try writing.resolved()
    let prepared = try building.prepare { event in
      switch event {
      case .opened(let checkpoint, _): Notes.opened(checkpoint)
      case .planned(let plan): plan.tell(atMost: 0)
      case .grafted: break
      }
    }
    prepared.tell()
    // What is reported of a file that was written holds the digest.
    if writing.json { try SHA256.requireLibrary() }
    return try writing.finish(prepared.output) {
      try prepared.json()
    } done: {
      try prepared.json($0)
    }
  }
}
