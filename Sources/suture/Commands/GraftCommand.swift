internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors

struct GraftCommand: Command {
  static let name = "graft"
  static let writes = true
  static let summary = "Put the tensors of one checkpoint into another: base.update(part), with a report."
  static let details = """
    Every key of PART must be one of BASE, with the same shape; it takes BASE's dtype, as load_state_dict copies it. The
    keys of BASE that PART does not have stay as they are, and are told: model_dict.update hides them.
    BASE may be a state dict or a module that was pickled whole, such as a YOLOv5 .pt: a state dict is written.

    The detector with a pretrained backbone:
      suture edit convnext_tiny_1k_224_ema.pth -o backbone.pth --preset convnext-yolov5
      suture graft yolov5.pt --from backbone.pth -o weights.pth --expect 712

    \(Writing.details)
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("BASE", "The checkpoint whose keys the result has.", \.base),
      .option("from", "PART", "The checkpoint to take tensors from.", \.part),
      .option("exclude", "PATTERN", "Keys of PART that are not taken.") { $0.options.excluded.append($1) },
      .option("allow-missing", "PATTERN", "Refuse where PART lacks other keys of BASE than these.") {
        $0.options.allowedMissing.append($1)
      },
      .choice("unexpected", "Keys of PART that BASE does not have; error if unsaid.", \.unexpected),
      .number("expect", "N", "Refuse unless N keys come from PART.", \.options.expected),
      .option("key", "PATH", "The dict of BASE to take instead of the one found.", \.key),
      .option("from-key", "PATH", "The dict of PART to take instead of the one found.", \.partKey),
      .flag("dry-run", short: "n", "Print the report and write nothing.", \.dryRun),
      .limit(\.limits),
    ] + Argument.group(Writing.arguments, \.writing)
  }

  var base = ""
  var part: String?
  var options = Graft.Options()
  var unexpected: Graft.Unexpected?
  var key: String?
  var partKey: String?
  var dryRun = false
  var limits = ReadLimits()
  var writing = Writing()

  mutating func run() throws -> ExitCode {
    guard let part else { throw UsageError("say where the tensors come from: --from PART") }
    options.unexpected = unexpected ?? .error
    let output = dryRun && writing.output == nil ? nil : try Output(writing)
    func open(_ path: String, _ key: String?) throws -> Checkpoint {
      let checkpoint =
        try output?.open(path, key: key, limits: limits) ?? Checkpoint.open(path, key: key, limits: limits)
      Notes.opened(checkpoint)
      try checkpoint.requireTensors()
      return checkpoint
    }
    let (base, source) = (try open(base, key), try open(part, partKey))
    let graft = try Graft(source.stateDict, onto: base.stateDict, options)
    let report = GraftReport(graft: graft, base: base, part: source)
    report.say()
    let prepared = try output?.prepare(
      graft.output, from: base, steps: [.string("graft \(Format.plural(graft.replaced.count, "key"))")],
      key: key, object: nil)
    for path in prepared?.plan.paths ?? [] where source.files.contains(where: { isSameFile($0, path) }) {
      throw UsageError(
        "\(path) is the input itself", hints: ["files are never edited in place: choose another name"])
    }
    if dryRun {
      prepared?.describe()
      if prepared == nil { Console.note("plan   nothing is written: this is a dry run") }
      if writing.json {
        let value = report.json(space: prepared?.plan.byteCount)
        try Console.print(JSONWriter.text(value, style: .pretty) + "\n")
      }
      return .done
    }
    if let done = try prepared?.write() {
      for line in done.lines() { Console.note(line) }
      warn(graft.casts)
      if writing.json {
        try Console.print(
          JSONWriter.text(report.json(space: nil, written: done.json(schema: "suture.write/1"))) + "\n")
      }
    }
    return .done
  }
}
