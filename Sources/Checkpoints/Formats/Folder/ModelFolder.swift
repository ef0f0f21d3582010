internal import SutureBytes
internal import SutureText

/// A folder in which one checkpoint lies, and the folders in which the Hugging Face cache keeps such folders.
///
///     <folder>/model.safetensors                                             beside configuration and the like
///     models--OWNER--NAME/{blobs,refs,snapshots}/, snapshots/<revision>/…    the cache; refs/main names a revision
enum ModelFolder: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard input.file == nil else { return nil }
    if input.fileNames.contains("snapshots"), isFolder("\(input.name)/snapshots") { return try cached(input) }
    // Of several, which is meant is for the user to say.
    guard let model = only(input.models) else { return nil }
    var checkpoint = try Checkpoint.open(
      CheckpointInput(
        try FileSource("\(input.name)/\(model)"), key: input.key, limits: input.limits, mayNameFiles: true
      ))
    checkpoint.tellOthers(in: input)
    return checkpoint
  }

  /// The only one, or of a model that is there in both formats the file that Hugging Face's libraries load.
  private static func only(_ models: [String]) -> String? {
    if models.count < 2 { return models.first }
    let pairs = [
      ["model.safetensors", "pytorch_model.bin"], ["adapter_model.safetensors", "adapter_model.bin"],
      ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"],
    ]
    return pairs.first { Set($0) == Set(models) }?[0]
  }

  /// Opens the snapshot of the cache that is meant: its only one, or that of the branch main.
  private static func cached(_ input: CheckpointInput) throws -> Checkpoint {
    let folder = "\(input.name)/snapshots"
    let revisions = try fileNames(in: folder).filter { isFolder("\(folder)/\($0)") }
    guard let revision = revisions.count == 1 ? revisions[0] : main(input, among: revisions) else {
      throw Failure(
        in: input.name,
        revisions.isEmpty
          ? "the cache holds no snapshot of this model"
          : "the cache holds \(revisions.count) snapshots of this model, and none is that of main",
        remedies: revisions.isEmpty
          ? ["fetch the model again"] : [input.opening(revisions.map { "snapshots/\($0)" })])
    }
    var checkpoint = try Checkpoint.open(
      CheckpointInput(folder: "\(folder)/\(revision)", key: input.key, limits: input.limits))
    if revisions.count > 1 {
      checkpoint.warnings.append(
        "the cache holds \(revisions.count) snapshots of this model; it is that of main, \(revision.shownName)"
      )
    }
    return checkpoint
  }

  private static func main(_ input: CheckpointInput, among revisions: [String]) -> String? {
    guard let file = try? FileSource("\(input.name)/refs/main"),
      let bytes = try? file.bytes(0..<min(file.byteCount, 256))
    else { return nil }
    let name = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    return revisions.first { $0 == name }
  }
}

extension CheckpointInput {
  /// The files of a folder that may be checkpoints of a model.
  var models: [String] {
    checkpoints.filter { name in !Self.trainingState.contains { name.hasPrefix($0) } }
  }

  /// Whether a folder is a checkpoint itself, whatever lies in folders in it.
  var hasModel: Bool { !models.isEmpty || fileNames.contains { $0.hasSuffix(".index.json") } }

  /// How the names begin of what the Trainer of transformers and accelerate save beside a model.
  private static let trainingState = [
    "optimizer", "scheduler", "scaler", "sampler", "rng_state", "random_states", "training_args",
  ]
}
