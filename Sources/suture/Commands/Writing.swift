internal import SutureBytes
internal import SutureCheckpoints
internal import SutureNumbers
internal import SutureSurgery
internal import SutureTensors

/// What a command that writes a checkpoint is told about the writing.
struct Writing {
  enum Extras: String, CaseIterable, Sendable { case keep, drop }
  enum Sparse: String, CaseIterable, Sendable { case dense }
  enum Program: String, CaseIterable, Sendable { case yolov5 }

  var output: String?
  var format: WriteOptions.Format?
  var dtype: DType?
  /// Patterns.
  var keptDTypes: [String] = []
  var shared: SharedPolicy?
  var sparse: Sparse?
  var maximumShardSize: Int?
  var extras: Extras?
  /// The program that the file is for.
  var program: Program?
  var keepsStorages = false
  var metadata: [(key: String, value: String?)] = []
  var leavesOutProvenance = false
  var hashes = false
  var skipsVerification = false
  var syncs = false
  var proves = false
  var force = false
  var progress: Progress.Style?
  var json = false

  static var arguments: [Argument<Self>] {
    [
      .option(
        "output", short: "o", "OUT", "A .safetensors or .pth file, a folder with a slash at its end, or - .",
        \.output),
      .choice("format", "The format, where OUT does not say it.", \.format),
      .option("dtype", "DTYPE", "Cast floating tensors: float16, bfloat16, float32, …", isRepeated: false) {
        $0.dtype = try dtype($1)
      },
      .option("keep-dtype", "PATTERN", "But not those whose whole name fits.", isPattern: true) {
        _ = try Pattern($1)
        $0.keptDTypes.append($1)
      },
      .choice("shared", "For .safetensors: what becomes of names that share storage.", \.shared),
      .choice("sparse", "Write sparse tensors with all their zeros.", \.sparse),
      .option(
        "max-shard-size", "SIZE", "Several files and an index, say 5GB or 500MiB each.", isRepeated: false
      ) {
        $0.maximumShardSize = try size($1)
      },
      .choice("extras", "Epoch, optimizer and all else beside the state dict, in a .pth.", \.extras),
      .choice("as", "A .pt that an unmodified YOLOv5 train.py takes as --weights.", \.program),
      .flag("keep-storages", "In a .pth, keep parts of storages that no tensor views.", \.keepsStorages),
      .option("metadata", "KEY=VALUE", "Set metadata; KEY alone takes it out.") {
        let parts = $1.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        $0.metadata.append((parts[0], parts.count > 1 ? parts[1] : nil))
      },
      .flag("no-provenance", "Do not record what was done.", \.leavesOutProvenance),
      .flag("hash", "Record the input's name and SHA-256 with it.", \.hashes),
      .flag("no-verify", "Do not compare the input with its checksums.", \.skipsVerification),
      .flag("proof", "Read the output again and compare every tensor by its hash.", \.proves),
      .flag(
        "sync", "Wait until the output is on the disk, safe from a power cut: many times slower.", \.syncs),
      .choice("progress", "How to say how far it is.", \.progress),
      .flag("force", short: "f", "Replace OUT where it exists.", \.force),
      .flag("json", "Report as JSON on standard output.", \.json),
    ]
  }

  /// The rules of these options that help cannot say in a line.
  static let details = """
    OUT's format is told by its extension: .safetensors, or .pth, .pt, .bin, .ckpt for PyTorch's. A folder gets the
    names of Hugging Face: model.safetensors or pytorch_model.bin, with --max-shard-size in parts with an index.
    --shared copy (the default) writes each name in full; alias writes one of a group and records the others in the
    metadata, as the Hugging Face converter does; error refuses. A .pth keeps sharing as it is.
    The provenance is the tool's version and the steps; --hash adds the input's name and SHA-256. It stands in the
    metadata of a .safetensors, and in a record of a .pth that torch ignores. The same input and steps give the same bytes.
    """

  private static func dtype(_ word: String) throws -> DType {
    // torch casts to float8_e8m0fnu, but that has neither a sign nor a zero: it is for scales, not for weights.
    let formats = FloatFormat.allCases.filter { $0 != .float8_e8m0fnu }
    let short = [
      "fp16": "float16", "half": "float16", "bf16": "bfloat16", "fp32": "float32", "float": "float32",
    ]
    let bare = word.hasPrefix("torch.") ? String(word.dropFirst(6)) : word
    guard let dtype = DType(rawValue: short[bare] ?? bare), let format = dtype.floatFormat,
      formats.contains(format)
    else {
      throw UsageError(
        "--dtype \(word) is not a floating dtype that weights can have",
        hints: ["there are: \(formats.map(\.rawValue).joined(separator: ", "))"])
    }
    return dtype
  }

  /// As Hugging Face reads sizes: GB is 10⁹ bytes, GiB 2³⁰.
  private static func size(_ word: String) throws -> Int {
    let digits = word.prefix { $0.isNumber }
    let unit = word.dropFirst(digits.count).trimmed.lowercased()
    let factors = [
      "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
      "kib": 1 << 10,
      "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    ]
    guard let number = Int(digits), number > 0, let factor = factors[unit],
      case let (bytes, overflow) = number.multipliedReportingOverflow(by: factor), !overflow
    else { throw UsageError("--max-shard-size takes a size such as 5GB or 500MiB, not \"\(word)\"") }
    return bytes
  }
}

extension Substring {
  fileprivate var trimmed: Substring { drop { $0 == " " } }
}
