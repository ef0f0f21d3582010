internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureWorkflows

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

    \(WritingOptions.details)
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("BASE", "The checkpoint whose keys the result has.", \.grafting.base),
      .option("from", "PART", "The checkpoint to take tensors from.", \.part),
      .option("exclude", "PATTERN", "Keys of PART that are not taken.", isPattern: true) {
        $0.grafting.options.excluded.append($1)
      },
      .option(
        "allow-missing", "PATTERN", "Refuse where PART lacks other keys of BASE than these.", isPattern: true
      ) { $0.grafting.options.allowedMissing.append($1) },
      .choice("unexpected", "Keys of PART that BASE does not have; error if unsaid.", \.unexpected),
      .number("expect", "N", "Refuse unless N keys come from PART.", \.grafting.options.expected),
      .flag(
        "by-order", "Pair by position: the first tensor of PART to the first key of BASE.",
        \.grafting.options.byOrder),
      .option("key", "PATH", "The dict of BASE to take instead of the one found.", \.grafting.key),
      .option("from-key", "PATH", "The dict of PART to take instead of the one found.", \.grafting.partKey),
      .limit(\.grafting.limits), .salvage(\.grafting.limits), .step(\.grafting.limits),
    ] + Argument.group(WritingOptions.arguments, \.writing)
  }

  var grafting = Grafting("", onto: "")
  var part: String?
  var unexpected: Graft.Unexpected?
  var writing = WritingOptions()

  mutating func run() throws -> ExitCode {
    guard let part else { throw UsageError("say where the tensors come from: --from PART") }
    (grafting.part, grafting.options.unexpected) = (part, unexpected ?? .error)
    grafting.request = try writing.resolved()
    let prepared = try grafting.prepare { event in
      switch event {
      case .opened(let checkpoint, _): Notes.opened(checkpoint)
      case .grafted(let graft): graft.tell()
      case .planned: break
      }
    }
    return try writing.finish(prepared.output) {
      prepared.json()
    } done: {
      prepared.json($0)
    }
  }
}
