internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureModelRuntime
internal import SutureTensors
internal import SutureWorkflows

struct Check: Command {
  static let name = "check"
  static let summary =
    "Read every byte of a checkpoint: checksums, bounds, NaN and Inf, what the pickle names; and whether it loads."
  static let details = """
    Exit code 0 where the file is sound, 1 where it is not: damaged, ambiguous, unsafe to load in Python, or with
    NaN in a tensor (--allow-nan passes those). Infinities are counted, but do not fail: masks are made of them.

    --into BASE tells what load_state_dict would say if the model had the keys of BASE, which may be a state dict or a
    module pickled whole: missing and unexpected keys, sizes and dtypes that differ, and how to make it load. Exit code
    0 where a strict load succeeds and the file is sound.

    --into MODEL.yaml takes a YOLOv5 model file with ConvNeXt_Block layers: every key and shape is built as parse_model
    would, and told which come from the file and which stay at their initial values. Exit code 0 where all that the file
    has loads, and every block gets what a forward pass reads. A model file that YOLOv5 could not build is refused.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint.", \.file),
      .option(
        "into", "BASE|MODEL.yaml", "A checkpoint of the model, or YOLOv5's model file: tell what would load.",
        \.base),
      .number(
        "nc", "N", "With --into MODEL.yaml: how many classes there are, instead of the file's nc.",
        in: 1...100_000,
        \.classes),
      .number(
        "anchors", "N", "With --into MODEL.yaml: how many anchors a level has, instead of the file's.",
        in: 1...32,
        \.anchors),
      .flag("verbose", short: "v", "With --into: every line, and PyTorch's own words.", \.isVerbose),
      .option("key", "PATH", "With --into: the dict of FILE to take instead of the one found.", \.key),
      .option("base-key", "PATH", "With --into: the dict of BASE to take.", \.baseKey),
      .flag("strict", "Fail for what torch.load(weights_only=True) would refuse.", \.isStrict),
      .flag("allow-nan", "Report NaN, but do not fail for it.", \.allowsNaN),
      .limit(\.limits),
      .salvage(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var base: String?
  var classes: Int?
  var anchors: Int?
  var isVerbose = false
  var key: String?
  var baseKey: String?
  var allowsNaN = false
  var isStrict = false
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    if base == nil {
      let given = [
        (classes != nil, "nc"), (anchors != nil, "anchors"), (isVerbose, "verbose"), (key != nil, "key"),
        (baseKey != nil, "base-key"),
      ]
      if let option = given.first(where: \.0)?.1 {
        throw UsageError("--\(option) goes with --into BASE", hints: ["check reads every tensor of the file"])
      }
    }
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(file, key: ".", limits: limits) } catch let error as SystemError {
      // Nothing can be said about a file that cannot be had.
      throw error
    } catch {
      // A file that is refused on opening has failed the check.
      let diagnosis = Diagnosis(error)
      Console.error(diagnosis)
      if json { try Console.print(diagnosis.report(["path": file, "passed": false], code: .negative)) }
      return .negative
    }
    // Whether it loads is told before the bytes are read, which may take long; a BASE that cannot be had ends it.
    let outcome = try base.map { try load(into: $0) }
    let progress = ProgressMeter(total: checkpoint.stateDict.byteCount, Progress.auto.handler)
    let start = CurrentProcess.seconds
    var report = CheckReport(of: checkpoint) { progress.advance($0) }
    (report.allowsNaN, report.isStrict) = (allowsNaN, isStrict)
    progress.finish()
    if json {
      try Console.print(report.json(outcome?.json))
    } else {
      try Console.print(
        report.lines(seconds: CurrentProcess.seconds - start) + (outcome.map { [""] + $0.lines } ?? []))
    }
    return report.passed && outcome?.passed != false ? .done : .negative
  }

  /// What loading would do.
  private func load(into base: String) throws -> LoadText {
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    guard base.hasSuffix(".yaml") || base.hasSuffix(".yml") else {
      if classes != nil || anchors != nil {
        let (option, what) = classes != nil ? ("nc", "classes") : ("anchors", "anchors")
        throw UsageError("--\(option) is for a model file; a checkpoint has the \(what) that it has")
      }
      let base = try Checkpoint.open(base, key: baseKey, limits: limits)
      return LoadText(try LoadCheck(of: checkpoint, into: base), isVerbose: isVerbose)
    }
    if baseKey != nil {
      throw UsageError("--base-key is for a checkpoint; a model file has no places to enter")
    }
    return LoadText(
      try ModelLoadCheck(of: checkpoint, into: ModelFile(path: base, classes: classes, anchors: anchors)),
      model: base, isVerbose: isVerbose)
  }
}
