internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureText
internal import SutureWorkflows

struct Fetch: Command {
  static let name = "fetch"
  static let summary = "Fetch a published checkpoint by its name, or any file by its address, and check it."
  static let details = """
    NAME is one of --list; ADDRESS is https://…, http://…, or hf://OWNER/REPO[@REVISION]/FILE on the Hugging Face Hub.

    A file goes to torch.hub's cache ($TORCH_HOME/hub/checkpoints, ~/.cache/torch/hub/checkpoints), so that Python finds
    it there, unless -o names a file or a folder. One that is there is checked and not fetched again.

    The SHA-256 is compared with --sha256, with the digits in the name (-983f1562.pth), or with the Hub's record. Where
    there is none of these, that is said, and what can be checked is: the length, every CRC of the archive, and the
    variant that the name promises. A fetch that ends early leaves NAME.part, from which the same line goes on.

    HF_TOKEN or ~/.cache/huggingface/token is told to the Hub alone. HTTPS_PROXY, NO_PROXY and CURL_CA_BUNDLE are
    curl's; SUTURE_TIMEOUT is how many seconds a server may be silent; SUTURE_MIRROR stands for --mirror.
    """

  static var arguments: [Argument<Self>] {
    [
      .operands("NAME|ADDRESS", "What to fetch.", \.sources).offering { PublishedCheckpoint.all.map(\.name) },
      .option("output", short: "o", "FILE|DIR", "Where to, instead of torch.hub's cache.", \.output),
      .option("sha256", "HEX", "The hash that it must have, or at least its first 8 digits.", \.sha256),
      .option(
        "mirror", "BASE", "Where the published checkpoints are instead: the address of a folder.", \.mirror),
      .flag("force", "Fetch again what is there.", \.force),
      .flag("list", "List the names, with what they stand for.", \.lists),
      .limit(\.limits),
      .choice("progress", "How to say how far it is.", \.progress),
      .flag("json", "Report as JSON on standard output, a line for each.", \.json),
    ]
  }

  var sources: [String] = []
  var output: String?
  var sha256: String?
  var mirror: String?
  var force = false
  var lists = false
  var limits = ReadLimits()
  var progress: Progress?
  var json = false

  mutating func run() throws -> ExitCode {
    if lists { return try list() }
    if sources.isEmpty {
      throw UsageError("say what to fetch: a name or an address", hints: ["--list shows the names"])
    }
    if sources.count > 1, sha256 != nil {
      throw UsageError("--sha256 is that of one file", hints: ["fetch them one by one"])
    }
    if sources.count > 1, let output, !output.hasSuffix("/"), !FetchReport.isFolder(output) {
      throw UsageError("there are \(sources.count) files and one output", hints: ["-o DIR/ takes all"])
    }
    for source in sources {
      var fetching = Fetching(source)
      (fetching.output, fetching.sha256, fetching.mirror) = (output, sha256, mirror)
      (fetching.replaces, fetching.limits) = (force, limits)
      fetching.progress = (progress ?? .auto).handler
      let report = try fetching.run()
      if json { try Console.print(report.json, isLine: true) } else { FetchReport(report).tell() }
    }
    return .done
  }

  private func list() throws -> ExitCode {
    if json {
      try Console.print(FetchReport.list)
    } else {
      try Console.print(FetchReport.table)
    }
    return .done
  }
}
