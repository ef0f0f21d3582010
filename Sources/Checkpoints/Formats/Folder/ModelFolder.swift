internal import SutureBytes
internal import SutureText

/// A folder in which one checkpoint lies, and the folders in which the Hugging Face cache keeps such folders.
///
///     <folder>/model.safetensors                                             beside configuration and the like
///     models--OWNER--NAME/{blobs,refs,snapshots}/, snapshots/<revision>/…    the cache
enum ModelFolder: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard input.file == nil else { return nil }
    if let snapshot = try snapshot(input) {
      return try Checkpoint.open(CheckpointInput(folder: snapshot, key: input.key, limits: input.limits))
    }
    let files = input.fileNames.filter { name in
      Checkpoint.suffixes.contains { name.hasSuffix($0) } && !isFolder("\(input.name)/\(name)")
    }
    // Of several, which is meant is for the user to say.
    guard files.count == 1 else { return nil }
    return try Checkpoint.open(
      CheckpointInput(
        try FileSource("\(input.name)/\(files[0])"), key: input.key, limits: input.limits, mayNameFiles: true)
    )
  }

  /// The snapshot of a folder of the cache that is meant: its only one, or that of the branch main.
  private static func snapshot(_ input: CheckpointInput) throws -> String? {
    let folder = "\(input.name)/snapshots"
    guard input.fileNames.contains("snapshots"), isFolder(folder) else { return nil }
    let revisions = try fileNames(in: folder).filter { isFolder("\(folder)/\($0)") }
    if revisions.count == 1 { return "\(folder)/\(revisions[0])" }
    if let reference = try? FileSource("\(input.name)/refs/main"),
      let bytes = try? reference.bytes(0..<min(reference.byteCount, 100))
    {
      let main = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
      if revisions.contains(main) { return "\(folder)/\(main)" }
    }
    throw Failure(
      in: input.name, "the cache holds \(revisions.count) snapshots of this model, and none is that of main",
      remedies: revisions.isEmpty
        ? ["fetch the model again"]
        : [.advice("open one of: \(revisions.prefix(8).map { "snapshots/\($0)" }.joined(separator: ", "))")])
  }
}
