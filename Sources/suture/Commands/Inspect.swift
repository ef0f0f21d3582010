internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureModelRuntime
internal import SutureSurgery
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

struct Inspect: Command {
  static let name = "inspect"
  static let pages = true
  static let summary = "Show what is in a checkpoint: names, dtypes, shapes, sharing, and everything else."
  static let details = """
    A PATTERN must fit a whole name: * is any run of characters, # a run of digits, ? one character,
    {a,b} and {0..3} are choices, re:/…/ is a regular expression, a leading ! turns it round. A word that is the path of
    a file, or an address, is another FILE.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint; where others follow, each has its own report.", \.file),
      .operands("PATTERN", "Only tensors whose names fit one of these.", \.patterns),
      .flag("tree", "Fold indices: stages.2.{0..8}.gamma.", \.tree),
      .number("by", "DEPTH", "Sum up by the first DEPTH components of the names.", in: 1...64, \.depth),
      .choice("sort", "By name, dtype, or size, the largest first.", \.order),
      .option("dtype", "DTYPE", "Only tensors of this dtype, or of another.") { inspect, word in
        guard let dtype = DType(word: word) else {
          throw UsageError("--dtype takes a dtype of torch, such as float16, not \"\(word)\"")
        }
        inspect.dtypes.insert(dtype)
      }.offering { DType.allCases.map(\.rawValue) },
      .option("larger-than", "SIZE", "Only tensors of more bytes, say 5MB or 500KiB.", isRepeated: false) {
        do { $0.leastSize = try WriteOption.size($1) } catch let error as Failure {
          throw UsageError("--larger-than \(error.reason)", remedies: error.remedies)
        }
      },
      .flag("extras", "List everything that is not in the state dict.", \.extras),
      .option("into", "MODEL.yaml", "Mark what a forward pass of this model reads.", \.model),
      .option(
        "key", "PATH", "The dict to enter instead of the one found; . shows every tensor of the file.", \.key),
      .flag("sha256", "Hash the elements of every tensor.", \.sha256),
      .flag("stats", "Read every element: least, largest, mean, deviation, zeros, NaN, Inf.", \.stats),
      .flag("storages", "List the storages, where they lie, and the tensors on them.", \.storages),
      .flag(
        "plain",
        "A line for each thing, which depends on nothing else, not even the file's name: for git's textconv.",
        \.plain),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var patterns: [String] = []
  var tree = false
  var depth: Int?
  var order: Inspection.Order?
  var dtypes: Set<DType> = []
  var leastSize: Int?
  var extras = false
  var model: String?
  var key: String?
  var sha256 = false
  var stats = false
  var storages = false
  var plain = false
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    // A word that is a file, or is called like one, is no pattern.
    let files =
      [file]
      + patterns.filter { word in Self.isFile(word) || Checkpoint.suffixes.contains { word.hasSuffix($0) } }
    patterns.removeAll(where: files.dropFirst().contains)
    let other = [
      ("tree", tree), ("by", depth != nil), ("extras", extras), ("into", model != nil),
      ("storages", storages), ("json", json),
    ].first(where: \.1)?.0
    if plain, let other {
      throw UsageError("--plain prints lines of its own, and --\(other) asks for others")
    }
    let filters = try patterns.map { try Pattern($0) }
    let model = try model.map { Inspection.Model(try ModelFile(path: $0), path: $0) }
    return try eachFile(files, json: json) { try inspect($0, filters, model, isOne: files.count == 1) }
  }

  /// Whether a word stands for a file that is there.
  static func isFile(_ word: String) -> Bool {
    Address.isAddress(word) || pathExists(word) || word == StandardInput.word
  }

  private func inspect(_ file: String, _ filters: [Pattern], _ model: Inspection.Model?, isOne: Bool) throws
    -> ExitCode
  {
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    var report = Inspection(of: checkpoint)
    defer { if isOne { CurrentProcess.keep(report) } }
    if !filters.isEmpty {
      report.shown = checkpoint.stateDict.filter { entry in filters.contains { $0.matches(entry.name) } }
    }
    let fitting = report.shown.count
    report.restrict(to: dtypes.isEmpty ? nil : dtypes, largerThan: leastSize)
    if let order { report.sort(by: order) }
    (report.hashes, report.measures, report.listsStorages) = (sha256, stats, storages)
    (report.model, report.depth) = (model, depth)
    if json {
      try Console.print(report.json, isLine: !isOne)
    } else if plain {
      try Console.print(report.plainLines)
    } else {
      try report.show(isFolded: tree, listsAll: extras)
    }
    for warning in checkpoint.warnings { Console.warning(warning) }
    guard report.shown.isEmpty, !checkpoint.stateDict.isEmpty else { return .done }
    if fitting > 0 {
      Console.error("none of \(Format.plural(fitting, "tensor")) has that dtype and that size")
    } else {
      Console.error(
        "no name fits \(patterns.map { "\"\($0)\"" }.joined(separator: " or "))",
        hints: nearMisses(patterns, among: checkpoint.stateDict.names))
    }
    return .negative
  }
}
