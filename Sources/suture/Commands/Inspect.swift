internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureModelRuntime
internal import SutureSurgery
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

struct Inspect: Command {
  static let name = "inspect"
  static let summary = "Show what is in a checkpoint: names, dtypes, shapes, sharing, and everything else."
  static let details = """
    A PATTERN must fit a whole name: * is any run of characters, # a run of digits, ? one character,
    {a,b} and {0..3} are choices, re:/…/ is a regular expression, a leading ! turns it round.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint.", \.file),
      .operands("PATTERN", "Only tensors whose names fit one of these.", \.patterns),
      .flag("tree", "Fold indices: stages.2.{0..8}.gamma.", \.tree),
      .flag("extras", "List everything that is not in the state dict.", \.extras),
      .option("into", "MODEL.yaml", "Mark what a forward pass of this YOLOv5 reads.", \.model),
      .option(
        "key", "PATH", "The dict to enter instead of the one found; . shows every tensor of the file.", \.key),
      .flag("sha256", "Hash the elements of every tensor.", \.sha256),
      .flag("stats", "Read every element: least, largest, mean, deviation, zeros, NaN, Inf.", \.stats),
      .flag("storages", "List the storages, where they lie, and the tensors on them.", \.storages),
      .limit(\.limits),
      .salvage(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var patterns: [String] = []
  var tree = false
  var extras = false
  var model: String?
  var key: String?
  var sha256 = false
  var stats = false
  var storages = false
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    let filters = try patterns.map { try Pattern($0) }
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    var report = Inspection(of: checkpoint)
    if !filters.isEmpty {
      report.shown = checkpoint.stateDict.filter { entry in filters.contains { $0.matches(entry.name) } }
    }
    (report.hashes, report.measures, report.listsStorages) = (sha256, stats, storages)
    report.model = try model.map { .init(try ModelFile(path: $0), path: $0) }
    if json {
      try Console.print(report.json)
    } else {
      try Console.print(report.lines(isFolded: tree, listsAll: extras))
    }
    for warning in checkpoint.warnings { Console.warning(warning) }
    if report.shown.isEmpty, !checkpoint.stateDict.isEmpty {
      Console.error(
        "no name fits \(patterns.map { "\"\($0)\"" }.joined(separator: " or "))",
        hints: nearMisses(checkpoint))
      return .negative
    }
    return .done
  }

  /// A pattern that fits nothing often lacks its stars.
  private func nearMisses(_ checkpoint: Checkpoint) -> [String] {
    let loose = patterns.compactMap { try? Pattern("*\($0)*") }
    let near = checkpoint.stateDict.names.filter { name in loose.contains { $0.matches(name) } }
    guard let first = near.first else {
      return ["patterns fit whole names: \"norm*\", \"*.bias\", \"stages.#.*\""]
    }
    return ["\(Format.plural(near.count, "name")) contain it, \(first) for one: put * around it"]
  }
}
