internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

struct Report: Command {
  static let name = "report"
  static let writes = true
  static let summary =
    "Make a page of HTML: modules, sizes, statistics, histograms, differences, feature maps."
  static let details = """
    One file that any browser shows, and that asks for nothing from anywhere: sums by module, a map of sizes, each tensor
    with its numbers and its histogram to search and sort, what shares storage, what else lies in the file, what its pickle
    names and what torch.load(weights_only=True) would say, where it came from. Of a ConvNeXt, or a YOLO with one, the
    four feature maps. Where tensors cannot be read the page says so, and the exit code is 1.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint.", \.file),
      .option("against", "ORIGINAL", "Another checkpoint: what differs, most changed first.", \.original),
      .option(
        "output", short: "o", "OUT.html", "The page; FILE's name with .html in this folder where not given.",
        \.output),
      .flag("force", short: "f", "Replace the page where it exists.", \.force),
      .option(
        "key", "PATH", "The dict to enter instead of the one found; . shows every tensor of the file.", \.key),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var original: String?
  var output: String?
  var force = false
  var key: String?
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    let path = output ?? Self.page(of: file)
    if !force, pathExists(path) { throw OutputExists(path: path) }
    let checkpoint = try open(file, key: key)
    let other = try original.map { try open($0) }
    let total = checkpoint.stateDict.byteCount.adding(
      saturating: other.map { $0.stateDict.byteCount.adding(saturating: checkpoint.stateDict.byteCount) } ?? 0
    )
    let progress = ProgressMeter(total: total, Progress.auto.handler)
    let page = try CheckpointPage(of: checkpoint, against: other) { progress.advance($0) }
    progress.finish()
    let byteCount = try page.write(to: path, replacing: force)
    if json {
      try Console.print(page.json(path: path, byteCount: byteCount))
    } else {
      if let reason = page.withoutFeatures { Console.note("       no feature maps: \(reason)") }
      if let reason = page.withoutOther { Console.note("       feature maps of this file alone: \(reason)") }
      Console.note("write  \(path)  \(Format.bytes(byteCount))")
    }
    guard let first = page.problems.first else { return .done }
    Console.error(
      "\(Format.plural(page.problems.count, "tensor")) cannot be read, \(first.name) for one: \(first.reason)"
    )
    return .negative
  }

  private func open(_ path: String, key: String? = nil) throws -> Checkpoint {
    let checkpoint = try Checkpoint.open(path, key: key, limits: limits)
    Notes.opened(checkpoint)
    return checkpoint
  }

  /// `model.pth.html` of `runs/model.pth`.
  private static func page(of file: String) -> String {
    if file == StandardInput.word { return "report.html" }
    let name = file.split(separator: "/").last.map(String.init) ?? "report"
    return (name.prefix { $0 != "?" && $0 != "#" }) + ".html"
  }
}
