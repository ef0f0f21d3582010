internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureModelRuntime
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

struct Check: Command {
  static let name = "check"
  static let pages = true
  static let summary =
    "Read every byte of a checkpoint: checksums, bounds, NaN and Inf, what the pickle names; and whether it loads."
  static let details = """
    Exit code 0 where the file is sound, 1 where it is not: damaged, ambiguous, unsafe to load in Python, or with
    NaN in a tensor (--allow-nan passes those). Infinities are counted, but do not fail: masks are made of them.

    --into BASE tells what load_state_dict would say if the model had the keys of BASE, which may be a state dict or a
    module pickled whole: missing and unexpected keys, sizes and dtypes that differ, and how to make it load. Exit code
    0 where a strict load succeeds and the file is sound.

    --into MODEL.yaml takes a YOLO model file: every key and shape is built as parse_model would, and told which come
    from the file and which stay at their initial values. Exit code 0 where all that the file has loads, and every
    block gets what a forward pass reads. A model file that YOLOv5, or Ultralytics, could not build is refused.

    --into alone takes the model file that lies in FILE, where a model was pickled whole (best.pt).

    --format sarif and cyclonedx print one document for all FILEs: findings for code hosts and editors (SARIF 2.1.0), or a
    bill of materials with each file's hash, contents and verdict (CycloneDX 1.6). The exit code is the same, and a FILE that
    cannot be had is told in them too. Files are named from the folder in which the command runs.
    """

  static var arguments: [Argument<Self>] {
    [
      .operands("FILE", "The checkpoints, each with its own report.", \.files),
      into,
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
      .flag(
        "all", "Read every byte of a file at an address too, of which otherwise the structure is checked.",
        \.readsAll),
      .flag("strict", "Fail for what torch.load(weights_only=True) would refuse.", \.isStrict),
      .flag("allow-nan", "Report NaN, but do not fail for it.", \.allowsNaN),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
      .choice(
        "format", "How to print: for people, as JSON, or one document for all files, SARIF or CycloneDX.",
        \.format
      ),
      .flag("json", "Print JSON, as --format json.", \.json),
      .flag("absolute-paths", "In SARIF and CycloneDX: name files by their whole paths.", \.namesAbsolutely),
    ]
  }

  private static var into: Argument<Self> {
    var into = Argument<Self>.option(
      "into", "BASE|MODEL.yaml", "A checkpoint of the model, or its model file: tell what would load.",
      \.base)
    into.implied = ""
    return into
  }

  var files: [String] = []
  private var file = ""
  var base: String?
  var classes: Int?
  var anchors: Int?
  var isVerbose = false
  var key: String?
  var baseKey: String?
  var allowsNaN = false
  var isStrict = false
  var readsAll = false
  var limits = ReadLimits()
  var format: Format?
  var json = false
  var namesAbsolutely = false

  enum Format: String, CaseIterable {
    case text, json, sarif, cyclonedx

    var isDocument: Bool { self == .sarif || self == .cyclonedx }
  }

  mutating func run() throws -> ExitCode {
    if json, let format, format != .json {
      throw UsageError("--json is --format json, and --format \(format.rawValue) is asked for too")
    }
    json = json || format == .json
    if namesAbsolutely, format?.isDocument != true {
      throw UsageError("--absolute-paths goes with --format sarif or --format cyclonedx")
    }
    if base == nil {
      let given = [
        (classes != nil, "nc"), (anchors != nil, "anchors"), (isVerbose, "verbose"), (key != nil, "key"),
        (baseKey != nil, "base-key"),
      ]
      if let option = given.first(where: \.0)?.1 {
        throw UsageError("--\(option) goes with --into BASE", hints: ["check reads every tensor of the file"])
      }
    }
    if files.isEmpty { throw UsageError("check needs FILE: the checkpoint") }
    if let format, format.isDocument { return try document(format) }
    return try eachFile(files, json: json) { file in
      var check = self
      check.file = file
      return try check.run(isOne: files.count == 1)
    }
  }

  /// What came of looking at a file.
  private enum Outcome {
    case checked(CheckReport, LoadText?)
    /// It was refused on opening, which fails the check.
    case refused(any SutureError)
  }

  private func run(isOne: Bool) throws -> ExitCode {
    let start = CurrentProcess.seconds
    switch try look() {
    case .refused(let error):
      let diagnosis = Diagnosis(error)
      Console.error(diagnosis)
      if json {
        try Console.print(diagnosis.report(["path": file, "passed": false], code: .negative), isLine: !isOne)
      }
      return .negative
    case .checked(let report, let load):
      if json {
        try Console.print(report.json(load?.json), isLine: !isOne)
      } else {
        try Console.print(
          report.lines(seconds: CurrentProcess.seconds - start) + (load.map { [""] + $0.lines } ?? []))
      }
      return report.passed && load?.passed != false ? .done : .negative
    }
  }

  /// One document for all files, those too that cannot be had.
  private func document(_ format: Format) throws -> ExitCode {
    var (checked, first) = ([CheckedFile](), ExitCode.done)
    for file in files {
      var check = self
      check.file = file
      let (one, code) = try check.outcomeForDocument()
      checked.append(one)
      if first.rawValue == 0 { first = code }
    }
    try Console.print(
      document: format == .sarif
        ? try SARIFLog(checked, areAbsolute: namesAbsolutely).text
        : try BillOfMaterials(checked, areAbsolute: namesAbsolutely, readsRemote: readsAll).text)
    return first
  }

  private func outcomeForDocument() throws -> (CheckedFile, ExitCode) {
    do {
      switch try look() {
      case .refused(let error):
        Console.error(Diagnosis(error))
        return (CheckedFile(file, refused: error), .negative)
      case .checked(let report, let load):
        let one = CheckedFile(file, report, load: load.map { ($0.passed, $0.sentence) })
        return (one, one.passed ? .done : .negative)
      }
    } catch let error as any SutureError {
      // What is asked of one cannot be asked of any.
      if error is UsageError { throw error }
      let diagnosis = Diagnosis(error)
      Console.error(diagnosis)
      return (CheckedFile(file, unavailable: error), diagnosis.code)
    }
  }

  /// Opens the file and reads it.
  ///
  /// - Throws: where nothing can be said about it, or about what it would be loaded into.
  private func look() throws -> Outcome {
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(file, key: ".", limits: limits) } catch let error as SystemError {
      // Nothing can be said about a file that cannot be had.
      throw error
    } catch let error as any SutureError where ![.remote, .usage].contains(error.kind) {
      return .refused(error)
    }
    // Whether it loads is told before the bytes are read, which may take long; a BASE that cannot be had ends it.
    let load = try base.map { try self.load(into: $0) }
    let progress = ProgressMeter(total: checkpoint.stateDict.byteCount, Progress.auto.handler)
    var report = try CheckReport(of: checkpoint, readsBytes: readsAll || !checkpoint.isRemote) {
      progress.advance($0)
    }
    (report.allowsNaN, report.isStrict) = (allowsNaN, isStrict)
    progress.finish()
    return .checked(report, load)
  }

  /// What loading would do.
  private func load(into base: String) throws -> LoadText {
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    if base.isEmpty { return try loadIntoItsOwn(checkpoint) }
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

  /// What loading into the model would do that was pickled with the weights.
  private func loadIntoItsOwn(_ checkpoint: Checkpoint) throws -> LoadText {
    if baseKey != nil { throw UsageError("--base-key goes with --into BASE") }
    guard let model = try checkpoint.modelFile(classes: classes, anchors: anchors) else {
      throw UsageError(
        "no model file lies in \(file): --into needs BASE or MODEL.yaml",
        hints: ["a YOLO that was pickled whole has one"])
    }
    return LoadText(
      try ModelLoadCheck(of: checkpoint, into: model), model: "the model file in \(file)",
      isVerbose: isVerbose)
  }
}
