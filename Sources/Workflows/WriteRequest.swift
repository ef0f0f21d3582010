internal import SutureBytes
public import SutureCheckpoints
internal import SutureNumbers
public import SutureTensors
internal import SutureText

/// Where a checkpoint is written and how.
///
///     var request = WriteRequest(to: "out.safetensors")
///     request.dtype = .float16
///     let report = try Conversion(of: "in.pth", request).run()
///
/// An option is a property here and an entry of the list below.
public struct WriteRequest: Sendable {
  /// What becomes of everything beside the state dict.
  public enum Extras: String, CaseIterable, Sendable { case keep, drop }
  /// What becomes of sparse tensors.
  public enum Sparse: String, CaseIterable, Sendable { case dense }
  /// A program that asks more of a file than that torch reads it.
  public enum Program: String, CaseIterable, Sendable { case yolov5 }

  /// A file, a folder with a slash at its end, or `-` for standard output.
  public var output: String
  /// The format; `nil` where the name of the output says it.
  public var format: WriteOptions.Format?
  /// What floating tensors are cast to.
  public var dtype: DType?
  /// Patterns of names that are not cast.
  public var keptDTypes: [String] = []
  /// What becomes of names that share storage, where the format cannot share; in full each, where it is `nil`.
  public var shared: SharedPolicy?
  public var sparse: Sparse?
  /// How many bytes of tensors a file may have before another is begun; `nil` for one file.
  public var maximumShardSize: Int?
  /// `nil` for what the workflow usually does.
  public var extras: Extras?
  /// The program that the file is for.
  public var program: Program?
  /// Whether a `.pth` keeps those parts of its storages that no tensor views.
  public var keepsStorages = false
  /// Metadata to set; a key without a value is taken out.
  public var metadata: [(key: String, value: String?)] = []
  /// Whether the file says what was done to make it.
  public var recordsProvenance = true
  /// Whether it says the input's name and SHA-256 with it.
  public var hashes = false
  /// Whether the input is compared with its checksums.
  public var verifies = true
  /// Whether the output is read again, and every tensor compared by its hash, before it gets its name.
  public var proves = false
  /// Whether to wait until the output is on the disk, safe from a power cut.
  public var syncs = false
  /// Whether what stands at the output's paths may be replaced.
  public var replaces = false

  /// How many threads work on one file.
  public var workers = processorCount
  /// Is told how far reading and writing are.
  public var progress: WorkProgress.Handler?

  public init(to output: String) { self.output = output }

  // MARK: The list

  package static var options: [WriteOption] {
    [
      .text(
        "output", short: "o", "OUT", "A .safetensors or .pth file, a folder with a slash at its end, or - .",
        \.output),
      .choice("format", "The format, where OUT does not say it.", \.format, .recipe),
      .value(
        "dtype", "DTYPE", "Cast floating tensors: float16, bfloat16, float32, …", \.dtype,
        [.recipe, .provenance], read: dtype, word: \.rawValue),
      .patterns(
        "keep-dtype", "PATTERN", "But not those whose whole name fits.", \.keptDTypes, [.recipe, .provenance]),
      .choice("shared", "For .safetensors: what becomes of names that share storage.", \.shared, .recipe),
      .choice("sparse", "Write sparse tensors with all their zeros.", \.sparse, [.recipe, .provenance]),
      .value(
        "max-shard-size", "SIZE", "Several files and an index, say 5GB or 500MiB each.", \.maximumShardSize,
        .recipe, read: size, word: { "\($0)B" }),
      .choice("extras", "Epoch, optimizer and all else beside the state dict, in a .pth.", \.extras, .recipe),
      .choice(
        "as", "A .pt that an unmodified YOLOv5 train.py takes as --weights.", \.program,
        [.recipe, .provenance]),
      .flag(
        "keep-storages", "In a .pth, keep parts of storages that no tensor views.", \.keepsStorages, .recipe),
      .pairs(
        "metadata", "KEY=VALUE", "Set metadata; KEY alone takes it out.", \.metadata, [.recipe, .provenance]),
      .flag("no-provenance", "Do not record what was done.", \.recordsProvenance, sets: false, .recipe),
      .flag("hash", "Record the input's name and SHA-256 with it.", \.hashes, .recipe),
      .flag("no-verify", "Do not compare the input with its checksums.", \.verifies, sets: false),
      .flag("proof", "Read the output again and compare every tensor by its hash.", \.proves, .recipe),
      .flag(
        "sync", "Wait until the output is on the disk, safe from a power cut: many times slower.", \.syncs),
      .flag("force", short: "f", "Replace OUT where it exists.", \.replaces),
    ]
  }

  private static func dtype(_ word: String) throws -> DType {
    // torch casts to float8_e8m0fnu, but that has neither a sign nor a zero: it is for scales, not for weights.
    let formats = FloatFormat.allCases.filter { $0 != .float8_e8m0fnu }
    let short = [
      "fp16": "float16", "half": "float16", "bf16": "bfloat16", "fp32": "float32", "float": "float32",
    ]
    let bare = word.hasPrefix("torch.") ? String(word.dropFirst(6)) : word
    if let dtype = DType(rawValue: short[bare] ?? bare), let format = dtype.floatFormat,
      formats.contains(format)
    {
      return dtype
    }
    throw Failure(
      .usage, "\(word) is not a floating dtype that weights can have",
      remedies: [.advice("there are: \(formats.map(\.rawValue).joined(separator: ", "))")])
  }

  /// As Hugging Face reads sizes: GB is 10⁹ bytes, GiB 2³⁰.
  private static func size(_ word: String) throws -> Int {
    let digits = word.prefix { $0.isNumber }
    let unit = word.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    let factors = [
      "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
      "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    ]
    guard let number = Int(digits), number > 0, let factor = factors[unit],
      case let (bytes, overflow) = number.multipliedReportingOverflow(by: factor), !overflow
    else { throw Failure(.usage, "takes a size such as 5GB or 500MiB, not \"\(word)\"") }
    return bytes
  }
}
