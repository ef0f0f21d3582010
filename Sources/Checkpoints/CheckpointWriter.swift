internal import Bytes
public import Tensors

/// Writes a state dict to a file that appears only when it is whole.
public struct CheckpointWriter: Sendable {
  public enum Format: Sendable, Equatable {
    case pytorchZip
    case safetensors

    /// The format that a file name asks for; `nil` where its extension says nothing.
    public init?(path: String) {
      switch path.split(separator: "/").last?.split(separator: ".").last?.lowercased() {
      case "safetensors": self = .safetensors
      case "pth", "pt", "bin", "ckpt", "th": self = .pytorchZip
      default: return nil
      }
    }
  }

  public let path: String
  public let format: Format
  /// Whether a file that stands at `path` may be replaced.
  public let replacing: Bool

  public init(_ path: String, format: Format, replacing: Bool) {
    (self.path, self.format, self.replacing) = (path, format, replacing)
  }

  /// How many bytes of tensors the file will hold.
  public func payloadByteCount(_ stateDict: StateDict) -> Int {
    format == .safetensors ? stateDict.byteCount : TorchWriter.payloadByteCount(stateDict)
  }

  /// Writes `stateDict` and gives the size of the file.
  ///
  /// - Parameter progress: is told how many more bytes of tensors have been written.
  /// - Throws: ``OutputExists``, ``NoSpace``, `SystemError`, `CheckpointError`, or what reading the tensors throws.
  ///   Nothing stands at `path` then that did not stand there before.
  public func write(_ stateDict: StateDict, progress: (Int) -> Void = { _ in }) throws -> Int {
    if !replacing, pathExists(path) { throw OutputExists(path: path) }
    let output = try OutputFile(path)
    let needed = payloadByteCount(stateDict)
    if let free = output.freeSpace, free < needed { throw NoSpace(path: path, needed: needed, free: free) }
    switch format {
    case .safetensors:
      try SafetensorsWriter.write(stateDict, metadata: metadata(stateDict), to: output, progress: progress)
    case .pytorchZip: try TorchWriter.write(stateDict, to: output, progress: progress)
    }
    do {
      try output.commit(replacing: replacing)
    } catch let error as SystemError where error.isAlreadyThere {
      throw OutputExists(path: path)
    }
    return output.byteCount
  }

  /// The library writes `format: pt` for PyTorch, and transformers refuses a file without it.
  private func metadata(_ stateDict: StateDict) -> [(String, String)] {
    var result = stateDict.metadata.map { ($0.key, $0.value) }
    if !result.contains(where: { $0.0 == "format" }) { result.append(("format", "pt")) }
    return result
  }
}

/// Something stands where the output would go.
public struct OutputExists: Error, CustomStringConvertible {
  public let path: String

  public init(path: String) { self.path = path }

  public var description: String {
    "\(path) exists already\n  pass --force to replace it, or choose another name"
  }
}

/// The output does not fit.
public struct NoSpace: Error, CustomStringConvertible {
  public let path: String
  public let needed: Int
  public let free: Int
  public var description: String { "not enough space for \(path): \(needed) bytes needed, \(free) free" }
}
