internal import SutureBytes
public import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
public import SutureTensors
internal import SutureText

/// Where a checkpoint is written and how.
///
///     var request = WriteRequest(to: "out.safetensors")
///     request.dtype = .float16
///     let report = try Conversion(of: "in.pth", request).run()
///
/// An option is a property here and an entry of the list below; what it does to tensors stands at the end.
public struct WriteRequest: Sendable {
  /// What becomes of everything beside the state dict.
  public enum Extras: String, CaseIterable, Sendable { case keep, drop }
  /// What becomes of sparse tensors.
  public enum Sparse: String, CaseIterable, Sendable { case dense }
  /// A program that asks more of a file than that torch reads it.
  public enum Program: String, CaseIterable, Sendable { case yolov5, ultralytics }

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
      WriteOption(
        name: "output", short: "o", placeholder: "OUT",
        help: "A .safetensors or .pth file, .npy or .npz, a folder with a slash at its end, or - .", uses: []
      ) {
        $0.output = $1
      } value: {
        $0.output.isEmpty ? nil : .string($0.output)
      },
      .choice("format", "The format, where OUT does not say it.", \.format, .recipe),
      .value(
        "dtype", "DTYPE", "Cast floating tensors: float16, bfloat16, float32, …", \.dtype,
        [.recipe, .provenance], read: WriteOption.dtype, word: \.rawValue),
      WriteOption(
        name: "keep-dtype", placeholder: "PATTERN", help: "But not those whose whole name fits.",
        isRepeated: true, isPattern: true, uses: [.recipe, .provenance]
      ) {
        _ = try Pattern($1)
        $0.keptDTypes.append($1)
      } value: {
        $0.keptDTypes.isEmpty ? nil : .array($0.keptDTypes.map { .string($0) })
      },
      .choice("shared", "For .safetensors: what becomes of names that share storage.", \.shared, .recipe),
      .choice("sparse", "Write sparse tensors with all their zeros.", \.sparse, [.recipe, .provenance]),
      .value(
        "max-shard-size", "SIZE", "Several files and an index, say 5GB or 500MiB each.", \.maximumShardSize,
        .recipe, read: WriteOption.size, word: { "\($0)B" }),
      .choice("extras", "Epoch, optimizer and all else beside the state dict, in a .pth.", \.extras, .recipe),
      .choice(
        "as", "A .pt that an unmodified YOLOv5 or Ultralytics trains from.", \.program,
        [.recipe, .provenance]),
      .flag(
        "keep-storages", "In a .pth, keep parts of storages that no tensor views.", \.keepsStorages, .recipe),
      WriteOption(
        name: "metadata", placeholder: "KEY=VALUE", help: "Set metadata; KEY alone takes it out.",
        isRepeated: true, uses: [.recipe, .provenance]
      ) {
        let parts = $1.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        $0.metadata.append((parts[0], parts.count > 1 ? parts[1] : nil))
      } value: {
        let pairs = $0.metadata.map { ($0.key, $0.value.map { JSONValue.string($0) } ?? .null) }
        return pairs.isEmpty ? nil : .object(pairs)
      },
      .flag("no-provenance", "Do not record what was done.", \.recordsProvenance, sets: false, .recipe),
      .flag("hash", "Record the input's name and SHA-256 with it.", \.hashes, .recipe),
      .flag("no-verify", "Do not compare the input with its checksums.", \.verifies, sets: false),
      .flag("proof", "Read the output again and compare every tensor by its hash.", \.proves, .recipe),
      .flag(
        "sync", "Wait until the output is on the disk, safe from a power cut: many times slower.", \.syncs),
      .flag("force", short: "f", "Replace OUT where it exists.", \.replaces),
    ]
  }

  // MARK: What the options do to the tensors and the metadata

  func apply(to stateDict: StateDict, of checkpoint: Checkpoint) throws -> (StateDict, DTypeCast?) {
    var stateDict = stateDict
    if sparse == .dense { stateDict = try Self.dense(stateDict, checkpoint) }
    var cast: DTypeCast?
    if let dtype {
      let kept = try keptPatterns(stateDict)
      let done = try stateDict.cast(to: dtype) { name in kept.contains { $0.matches(name) } }
      (stateDict, cast) = (done.stateDict, done)
    }
    for (key, value) in metadata {
      let place = stateDict.metadata.firstIndex { $0.key == key }
      switch (place, value) {
      case (let place?, let value?): stateDict.metadata[place].value = value
      case (let place?, nil): stateDict.metadata.remove(at: place)
      case (nil, let value?): stateDict.metadata.append((key, value))
      case (nil, nil): break
      }
    }
    return (stateDict, cast)
  }

  private static func dense(_ stateDict: StateDict, _ checkpoint: Checkpoint) throws -> StateDict {
    try stateDict.mapTensors { place in
      let entry = stateDict.entries[place]
      do { return try entry.tensor.dense() } catch let error as TensorError {
        throw Failure(
          .doesNotFit, at: FailurePlace(file: checkpoint.path),
          "\(entry.name) is a \(entry.tensor.layout.name ?? "") tensor, and \(error)")
      }
    }
  }

  private func keptPatterns(_ stateDict: StateDict) throws -> [Pattern] {
    let patterns = try keptDTypes.map { try Pattern($0) }
    for pattern in patterns where !stateDict.names.contains(where: pattern.matches) {
      throw Failure(
        .usage, "keep-dtype \"\(pattern.text)\" fits no name",
        remedies: pattern.suggestions(among: stateDict.names))
    }
    return patterns
  }
}
