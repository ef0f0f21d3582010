internal import Bytes
internal import Pickle
public import Tensors

/// A file of weights, opened without reading a tensor.
public struct Checkpoint: Sendable {
  public enum Container: String, Sendable {
    case pytorchZip = "pytorch-zip"
    case safetensors = "safetensors"
  }

  /// A place in the file that could be the state dict.
  public struct Candidate: Sendable, Equatable {
    /// The dotted path, as `key:` takes it.
    public let path: String
    public let tensorCount: Int
  }

  public let path: String
  public let container: Container
  public let byteCount: Int
  public let stateDict: StateDict

  /// The dict keys that lead from the file's root to the state dict; empty where the root is the state dict.
  public let wrapper: [String]

  /// Other places that hold state dicts, such as an EMA of the weights.
  ///
  /// They are never merged.
  public let candidates: [Candidate]

  /// Everything else in the file.
  public let extras: [Extra]

  /// What a careful reader should know, a sentence each.
  public let warnings: [String]

  /// Opens a file, telling what it is from its content.
  ///
  /// - Parameter key: the dotted path of the dict to enter; `"."` takes every tensor of the file under its full
  ///   path; `nil` finds the state dict by the names that training code gives it.
  /// - Throws: ``CheckpointError``, or an error of the file system.
  public static func open(_ path: String, key: String? = nil) throws -> Checkpoint {
    let file = try FileSource(path)
    let start = try file.bytes(0..<min(file.byteCount, 512))
    if start.isEmpty {
      throw CheckpointError(path, "the file is empty", hints: ["was the download interrupted?"])
    }
    if SafetensorsFile.looksLikeSafetensors(prefix: start, fileSize: file.byteCount) {
      return try Checkpoint(safetensors: file, key: key)
    }
    if start.starts(with: ForeignFile.zipMagic) { return try TorchArchive(file).checkpoint(key: key) }
    throw ForeignFile.explain(path, start: start, byteCount: file.byteCount)
  }

  private init(safetensors file: FileSource, key: String?) throws {
    let contents = try SafetensorsFile(file).stateDict
    if let key, key != "." {
      throw CheckpointError(
        file.name, "a safetensors file has no places to enter, so there is no \"\(key)\"",
        hints: ["leave --key away"])
    }
    self.init(
      path: file.name, container: .safetensors, byteCount: file.byteCount, stateDict: contents, wrapper: [],
      candidates: [], extras: [], warnings: [])
  }

  init(
    path: String, container: Container, byteCount: Int, stateDict: StateDict, wrapper: [String],
    candidates: [Candidate], extras: [Extra], warnings: [String]
  ) {
    (self.path, self.container, self.byteCount) = (path, container, byteCount)
    (self.stateDict, self.wrapper, self.candidates) = (stateDict, wrapper, candidates)
    (self.extras, self.warnings) = (extras, warnings)
  }

  /// Throws where there is no tensor to work on, saying what there is instead.
  public func requireTensors() throws {
    guard stateDict.isEmpty else { return }
    let found = extras.prefix(8).map { "\($0.path.isEmpty ? "the file" : $0.path) is \($0.kind) \($0.value)" }
    throw CheckpointError(
      path, "there are no tensors in this file",
      hints: found.isEmpty ? ["it holds an empty dict"] : found.map { "found: \($0)" })
  }
}
