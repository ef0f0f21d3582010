internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureModelRuntime
internal import SutureSurgery
internal import SutureTensors

/// What `check --into MODEL.yaml` finds out: what would become of a YOLOv5 that is built of a model file when the file is
/// put into it by `model_dict.update` and `load_state_dict`.
///
/// That is never strict about what is missing: whatever the file does not bring stays at its initial value, and nobody
/// is told. Here the missing keys of the neck and head are told, and those of the backbone are an alarm.
struct CheckModel {
  let file: Checkpoint
  let path: String
  let expected: [ExpectedTensor]
  let report: LoadReport
  /// Of the keys that load, those that a forward pass reads.
  let live: [String]
  /// Keys that stay at their initial values: of the neck and head, of parts of the backbone that nothing reads, and of
  /// those that a forward pass reads.
  let initialElsewhere: [String]
  let initialUnread: [String]
  let initialBackbone: [String]
  let unexpected: [String]
  /// Blocks of the file that never got their weights.
  let untrained: [String]
  let advice: [String]?
  /// What PyTorch would say after `model_dict.update`.
  let error: String?
  let isVerbose: Bool

  init(_ file: Checkpoint, into path: String, isVerbose: Bool) throws {
    (self.file, self.path, self.isVerbose) = (file, path, isVerbose)
    try file.requireTensors()
    let expected = try ModelFile(path: path).expectedTensors()
    let base = try Self.stateDict(expected)
    report = LoadReport(loading: file.stateDict, into: base)
    self.expected = expected
    let missing = Set(report.missing)
    let initial = expected.filter { missing.contains($0.name) }
    initialElsewhere = initial.filter { !$0.isBackbone }.map(\.name)
    initialUnread = initial.filter { $0.isBackbone && !$0.isRead }.map(\.name)
    initialBackbone = initial.filter { $0.isBackbone && $0.isRead }.map(\.name)
    let read = Set(expected.filter(\.isRead).map(\.name))
    live = report.loaded.filter(read.contains)
    // YOLOv5 until October 2021 keeps the anchors in pixels too; a newer one leaves them out.
    unexpected = report.unexpected.filter { !$0.hasSuffix(".anchor_grid") }
    untrained = (try? file.stateDict.untrainedBlocks()) ?? []
    advice = Self.advice(file.stateDict, base, report)
    error = try Self.updated(base, with: file.stateDict, report).errorText(model: "Model")
  }

  /// Whether all that the file brings loads, and every block gets what it reads.
  var passed: Bool { unexpected.isEmpty && report.mismatched.isEmpty && initialBackbone.isEmpty }

  /// The model's state dict, without elements.
  private static func stateDict(_ expected: [ExpectedTensor]) throws -> StateDict {
    try StateDict(
      expected.map {
        .init(name: $0.name, tensor: try Tensor(dtype: $0.dtype, shape: $0.shape, layout: .meta))
      })
  }

  /// What `load_state_dict` says of `model_dict` after `model_dict.update(file)`.
  private static func updated(_ base: StateDict, with file: StateDict, _ report: LoadReport) throws
    -> LoadReport
  {
    var updated = StateDict()
    for entry in base.entries { try updated.append(entry.name, file[entry.name] ?? entry.tensor) }
    for entry in file.entries where base[entry.name] == nil { try updated.append(entry.name, entry.tensor) }
    return LoadReport(loading: updated, into: base)
  }

  /// The flags of `edit` with which more would load, tried before they are told.
  private static func advice(_ file: StateDict, _ base: StateDict, _ report: LoadReport) -> [String]? {
    if let preset = Preset.all.first(where: { $0.name == "convnext-yolov5" }),
      let recipe = try? preset.recipe(),
      let plan = try? Plan(of: file, steps: recipe.steps, expecting: recipe.expectation)
    {
      let better = LoadReport(loading: plan.output, into: base)
      if better.loaded.count > report.loaded.count { return ["--preset", preset.name] }
    }
    return report.loaded.isEmpty ? report.advice(loading: file, into: base)?.repairs.flatMap(\.flags) : nil
  }

  var json: JSONValue {
    let strings = { (names: [String]) in JSONValue.array(names.map { .string($0) }) }
    let integers = { (sizes: [Int]) in JSONValue.array(sizes.map { .integer($0) }) }
    return [
      "schema": "suture.load/1", "model": .string(path), "passed": .bool(passed),
      "keys": ["file": .integer(report.fileCount), "base": .integer(report.baseCount)],
      "loaded": .integer(report.loaded.count), "live": .integer(live.count),
      "no_overlap": .bool(report.hasNoOverlap),
      "initial": [
        "backbone": strings(initialBackbone), "unread": strings(initialUnread),
        "elsewhere": strings(initialElsewhere),
      ],
      "unexpected": strings(unexpected),
      "mismatched": .array(
        report.mismatched.map {
          ["name": .string($0.name), "file": integers($0.found), "base": integers($0.expected)]
        }),
      "untrained": ["file": strings(untrained)],
      "advice": advice.map { ["flags": strings($0)] } ?? .null,
      "error": error.map { .string($0) } ?? .null,
    ]
  }
}
