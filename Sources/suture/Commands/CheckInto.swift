internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors

/// What `check --into` finds out: the schema `suture.load/1`.
struct CheckInto {
  let file: Checkpoint
  let base: Checkpoint
  let report: LoadReport
  let advice: LoadAdvice?
  /// Blocks of ConvNeXts that never got their weights: of the file, and of the base where the file leaves it alone.
  let untrained: [String]
  let untrainedInBase: [String]
  let isVerbose: Bool

  init(_ file: Checkpoint, into base: Checkpoint, isVerbose: Bool) throws {
    (self.file, self.base, self.isVerbose) = (file, base, isVerbose)
    try file.requireTensors()
    try base.requireTensors()
    let (ours, theirs) = (file.stateDict, base.stateDict)
    report = LoadReport(loading: ours, into: theirs, recordsVersions: file.recordsModuleVersions)
    advice = report.advice(loading: ours, into: theirs)
    // Damage of the file is for the rest of the check to tell.
    untrained = (try? ours.untrainedBlocks()) ?? []
    let missing = Set(report.missing)
    untrainedInBase = try theirs.untrainedBlocks { missing.contains($0) }
  }

  var passed: Bool { report.passed }

  /// The class of the model, where the base was pickled whole.
  var modelClass: String? {
    let path = base.wrapper.joined(separator: ".")
    let name = base.modules.first { $0.path == path }?.className
    return name.map { $0.split(separator: ".").last.map(String.init) ?? $0 }
  }

  var json: JSONValue {
    let strings = { (names: [String]) in JSONValue.array(names.map { .string($0) }) }
    let integers = { (sizes: [Int]) in JSONValue.array(sizes.map { .integer($0) }) }
    return [
      "schema": "suture.load/1", "base": .string(base.path), "passed": .bool(report.passed),
      "keys": ["file": .integer(report.fileCount), "base": .integer(report.baseCount)],
      "loaded": .integer(report.loaded.count), "no_overlap": .bool(report.hasNoOverlap),
      "missing": strings(report.missing), "unexpected": strings(report.unexpected),
      "mismatched": .array(
        report.mismatched.map {
          ["name": .string($0.name), "file": integers($0.found), "base": integers($0.expected)]
        }),
      "recast": .array(
        report.recast.map {
          [
            "name": .string($0.name), "file": .string($0.found.rawValue),
            "base": .string($0.expected.rawValue),
          ]
        }),
      "supplied": strings(report.supplied),
      "untrained": ["file": strings(untrained), "base": strings(untrainedInBase)],
      "advice": advice.map { advice in
        [
          "flags": strings(advice.repairs.flatMap(\.flags)), "passes": .bool(advice.report.passed),
          "loaded": .integer(advice.report.loaded.count),
        ]
      } ?? .null,
      "error": report.errorText(model: modelClass).map { .string($0) } ?? .null,
    ]
  }
}
