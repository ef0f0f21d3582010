internal import SutureText
internal import SutureWorkflows

/// What the commands that write have in common: where to and how, and how it is reported.
struct WritingOptions {
  var request = WriteRequest(to: "")
  var dryRun = false
  var progress: Progress?
  var json = false

  static var arguments: [Argument<Self>] {
    WriteRequest.options.map(Argument.init) + [
      .flag("dry-run", short: "n", "Print what would be done, and write nothing.", \.dryRun),
      .choice("progress", "How to say how far it is.", \.progress),
      .flag("json", "Report as JSON on standard output.", \.json),
    ]
  }

  /// The rules of these options that help cannot say in a line.
  static let details = """
    OUT's format is told by its extension: .safetensors, or .pth, .pt, .bin, .ckpt for PyTorch's. A folder gets the
    names of Hugging Face: model.safetensors or pytorch_model.bin, with --max-shard-size in parts with an index.
    .npy takes one tensor, .npz several, as NumPy saves them, with neither metadata nor provenance; NumPy lacks bfloat16
    and the 8-bit floats, which --dtype float32 widens.
    --shared copy (the default) writes each name in full; alias writes one of a group and records the others in the
    metadata, as the Hugging Face converter does; error refuses. A .pth keeps sharing as it is.
    The provenance is the tool's version and the steps; --hash adds the input's name and SHA-256. It stands in the
    metadata of a .safetensors, and in a record of a .pth that torch ignores. The same input and steps give the same bytes.
    """

  /// The request, or `nil` for a dry run that says no output.
  func resolved() throws -> WriteRequest? {
    if dryRun, request.output.isEmpty { return nil }
    if json, request.output == "-" {
      throw UsageError("--json does not go with standard output", hints: ["name a file: -o OUT"])
    }
    var request = request
    request.progress = (progress ?? .auto).handler
    return request
  }

  /// Writes what a workflow has prepared and says so, or says what would be written: the end of every command that
  /// writes.
  ///
  /// - Parameters:
  ///   - plan: what a dry run tells a program.
  ///   - done: what is told of what was written.
  func finish(
    _ output: PreparedWrite?, plan: () throws -> JSONReport, done: (WriteReport) throws -> JSONReport
  ) throws -> ExitCode {
    if dryRun {
      for line in output?.planLines ?? [] { Console.note(line) }
      Console.note("plan   nothing is written: this is a dry run")
      if json { try Console.print(try plan()) }
    } else if let output {
      for line in output.costLines { Console.note(line) }
      let report = try output.write()
      report.tell()
      if json { try Console.print(try done(report), isLine: true) }
    }
    return .done
  }
}

extension Argument<WritingOptions> {
  fileprivate init(_ option: WriteOption) {
    self.init(
      form: option.takesValue ? .option(isRepeated: option.isRepeated) : .flag, name: option.name,
      short: option.short, placeholder: option.placeholder, help: option.help, isPattern: option.isPattern
    ) { writing, word in
      do { try option.read(&writing.request, word) } catch let error as Failure {
        throw UsageError("--\(option.name) \(error.reason)", remedies: error.remedies)
      }
    }
  }
}
