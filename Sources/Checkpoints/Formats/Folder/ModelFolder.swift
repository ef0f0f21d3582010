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
    let models = input.checkpoints.filter { name in !trainingState.contains { name.hasPrefix($0) } }
    // Of several, which is meant is for the user to say.
    guard models.count == 1 else { return nil }
    var checkpoint = try Checkpoint.open(
      CheckpointInput(
        try FileSource("\(input.name)/\(models[0])"), key: input.key, limits: input.limits, mayNameFiles: true
      ))
    checkpoint.tellOthers(in: input)
    return checkpoint
  }

  /// How the names begin of what the Trainer of transformers and accelerate save beside a model.
  private static let trainingState = [
    "optimizer", "scheduler", "scaler", "sampler", "rng_state", "random_states", "training_args",
  ]

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
