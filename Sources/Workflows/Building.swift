public import SutureArchitectures
internal import SutureBytes
public import SutureCheckpoints
public import SutureSurgery
public import SutureTensors
internal import SutureText

/// Makes the state dict that a YOLO has when its model file was read, with a pretrained backbone in it.
///
///     let building = Building("yolov5_ConvNeXt_Tiny.yaml", backbone: "convnext_tiny_1k_224_ema.pth", WriteRequest(to: "detector.pt"))
///     let report = try building.run()
///
/// That is `Model(cfg)`, the surgery on the checkpoint, `model_dict.update`, `load_state_dict` and `state_dict()`.
public struct Building: Sendable {
  /// The path of a model file of YOLOv5 or of Ultralytics.
  public var model: String
  /// The path of a checkpoint whose ConvNeXt goes into each `ConvNeXt_Block`, or into the `TorchVision` or `Timm`, under any
  /// library's names.
  public var backbone: String?
  /// Where the result is written and how; `nil` for a plan alone.
  public var request: WriteRequest?
  /// How many classes the model has, where it is not for the model file to say.
  public var classes: Int?
  /// How many anchors each level has, where training is to find them.
  public var anchors: Int?
  /// Other initial values where it is another.
  public var seed = 0
  /// The dict of the backbone to take instead of the one that is found.
  public var key: String?
  public var limits = ReadLimits()

  public init(_ model: String, backbone: String? = nil, _ request: WriteRequest? = nil) {
    (self.model, self.backbone, self.request) = (model, backbone, request)
  }

  /// What will be made, and how it will be written.
  public struct Prepared: Sendable {
    public let model: ModelFile
    /// The checkpoint of the backbone, where there is one.
    public let backbone: Checkpoint?
    public let plan: Plan
    /// `nil` where nothing is to be written.
    public let output: PreparedWrite?
    /// The path of the model file.
    public let path: String
    /// Of the initial values.
    public let seed: Int

    /// The keys that come from the checkpoint.
    public var loaded: [String] { names { !$0.isEmpty } }

    /// Those of them that a forward pass reads.
    public var live: [String] {
      let read = Set(model.expectedTensors().filter(\.isRead).map { ExactString($0.name) })
      return loaded.filter { read.contains(ExactString($0)) }
    }

    /// The keys that have initial values.
    public var initial: [String] { names(\.isEmpty) }

    private func names(_ isWanted: ([String]) -> Bool) -> [String] {
      zip(plan.output.names, plan.origins).filter { isWanted($1) }.map(\.0)
    }

    /// The schema `suture.build/1`.
    ///
    /// - Parameter written: what was written, where something was.
    public func json(_ written: WriteReport? = nil) throws -> JSONReport {
      try JSONReport(
        "suture.build/1",
        [
          "model": path, "backbone": (backbone?.path).json, "seed": seed, "tensors": plan.output.count,
          "storages": plan.output.storages.count, "loaded": loaded.count, "live": live.count,
          "initial": initial, "assumed": model.assumptions.json,
          "dropped": plan.accounting.dropped, "digest": plan.digest(written: output),
          "space": (output?.plan.byteCount).json,
          "written": (written.map { JSONReport("suture.write/1", $0.object).object }).json,
        ])
    }
  }

  public struct Report: Sendable {
    public let prepared: Prepared
    public let written: WriteReport
  }

  /// Reads the model file, opens the backbone, and plans what goes where.
  ///
  /// - Throws: an error with the place in the model file where YOLOv5 could not build it, and what planning throws where
  ///   the backbone does not fit it.
  public func prepare(_ observe: WriteEvent.Observer = { _ in }) throws -> Prepared {
    _ = try request.map { try WriteTarget($0) }
    let file = try ModelFile(path: model, classes: classes, anchors: anchors)
    // A provenance names no folders.
    let name = String(model.dropFirst(folder(of: model).count))
    var steps: [any Step] = []
    var checkpoint: Checkpoint?
    if let backbone {
      let opened = try Checkpoint.open(backbone, key: key, limits: request?.limits(limits) ?? limits)
      observe(.opened(opened, keepsExtras: false))
      try opened.requireTensors()
      steps = try Self.surgery(opened, file)
      checkpoint = opened
    }
    steps.append(Complete(name, seed: seed, classes: classes, anchors: anchors))
    var inputs = Inputs()
    inputs.modelFile = { _, _, _ in file }
    let plan = try Plan(
      of: checkpoint?.stateDict ?? StateDict(), steps: steps.map { PlannedStep($0) },
      expecting: PlanExpectation(),
      with: inputs)
    observe(.planned(plan))
    let output = try request.map {
      try PreparedWrite(
        plan.output, from: try checkpoint ?? .modelFile(ModelFile.path(for: model)), $0,
        steps: plan.reports.map(\.record.json),
        key: key, model: file)
    }
    return Prepared(
      model: file, backbone: checkpoint, plan: plan, output: output, path: model, seed: seed)
  }

  /// Does it.
  public func run() throws -> Report {
    let prepared = try prepare()
    guard let output = prepared.output else { throw WriteTarget.unsaid }
    return Report(prepared: prepared, written: try output.write())
  }

  /// What takes the ConvNeXt of a checkpoint into each layer that holds one.
  private static func surgery(_ checkpoint: Checkpoint, _ file: ModelFile) throws -> [any Step] {
    let (layers, libraries) = (file.backboneLayers, file.libraryBackbones)
    guard !layers.isEmpty else {
      throw Failure(
        .refused,
        "the model file has no \(file.dialect == .yolov5 ? "ConvNeXt_Block" : "TorchVision"), so there is no place for a backbone",
        remedies: [
          file.dialect == .yolov5
            ? "its first layers are rows such as [-1, 1, ConvNeXt_Block, [96, 0, 3, [3, 3, 9, 3], [96, 192, 384, 768]]]"
            : "its first layer is a row such as [-1, 1, TorchVision, [768, convnext_tiny, DEFAULT, True, 2, True]]"
        ])
    }
    let scan = try NamingScan(checkpoint.stateDict)
    guard scan.prefixes.count == 1 else {
      throw Failure(
        .refused,
        "\(checkpoint.path) holds \(scan.prefixes.count) ConvNeXts, and a backbone is one",
        remedies: scan.prefixes.prefix(4).map { .advice("one is under \"\($0)\"") }
          + [.setting("key", value: "PATH", "takes one that lies in a dict of its own")])
    }
    let scheme = libraries.first?.backbone.scheme ?? .facebookresearch
    var steps: [any Step] = scan.scheme == scheme ? [] : [AdoptNaming(scheme)]
    if !scan.prefixes[0].isEmpty { steps.append(StripPrefix(scan.prefixes[0])) }
    if let (layer, backbone) = libraries.first {
      guard layers.count == 1 else {
        throw Failure(
          .refused,
          "the model file has \(layers.count) layers that hold a backbone, and one checkpoint goes into one")
      }
      steps.append(Keep(backbone.kept))
      return steps + backbone.renames.map { Rename($0.pattern, to: "model.\(layer).\($0.template)") }
    }
    // The norm behind the last stage and the classifier are not the backbone's.
    steps.append(Keep("downsample_layers.*", "stages.*"))
    let isRow = layers == Array(layers[0]...layers[layers.count - 1]) && layers.count > 1
    let numbers =
      isRow
      ? "{\(layers[0])..\(layers[layers.count - 1])}"
      : layers.count == 1 ? "\(layers[0])" : "{\(layers.map(String.init).joined(separator: ","))}"
    steps.append(Replicate("model.\(numbers)."))
    return steps
  }
}

/// A YOLOv5 detector that is made anew.
public enum Detector {
  /// The state dict of the model that `file` describes, with the ConvNeXt of the checkpoint at `backbone` in it.
  ///
  /// Nothing is read or computed before it is asked for.
  ///
  /// - Parameter seed: of the initial values of what the checkpoint does not give.
  /// - Throws: as ``Building/prepare(_:)`` does.
  public static func build(file: String, backbone: String? = nil, seed: Int = 0) throws -> StateDict {
    var building = Building(file, backbone: backbone)
    building.seed = seed
    return try building.prepare().plan.output
  }
}
