internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureText

/// Where a request writes and in which format, checked before any work is done.
struct WriteTarget {
  let destination: Destination
  let format: WriteOptions.Format

  /// - Throws: `Failure` where the request contradicts itself.
  init(_ request: WriteRequest) throws(Failure) {
    let output = request.output
    switch output {
    case "": throw Self.unsaid
    case let path where Address.isAddress(path):
      throw Self.usage(
        "nothing is written to an address", .setting("output", value: "OUT", "is a file or a folder"))
    case "-": destination = .standardOutput
    case let path where path.hasSuffix("/") || isFolder(path): destination = .folder(path)
    // Several files and a name without an ending are a folder of them.
    case let path
    where request.maximumShardSize != nil && !path.dropFirst(folder(of: path).count).contains("."):
      destination = .folder(path)
    default: destination = .file(output)
    }
    let named = destination == .file(output) ? WriteOptions.Format(path: output) : nil
    // A folder of several files is what Hugging Face calls sharded.
    let sharded: WriteOptions.Format? =
      if case .folder = destination, request.maximumShardSize != nil { .safetensors } else { nil }
    guard let format = request.format ?? named ?? sharded else {
      throw Self.usage(
        "cannot tell the format of \(output) from its name",
        "use .safetensors, or .pth, .pt, .bin or .ckpt for PyTorch's format; .npy and .npz for NumPy's",
        .setting("format", value: "safetensors", "or pth, npy, npz says it"))
    }
    if let named, named != format {
      throw Self.usage(
        "\(output) is the name of a \(named.title) file, and the format asked for is \(format.rawValue)",
        "give it a name that ends in .\(format.rawValue), or leave the format away")
    }
    self.format = format
    if destination == .standardOutput { try Self.validateForPipe(request) }
    try validate(request)
  }

  static let unsaid = usage(
    "say where to write", .setting("output", value: "OUT", "is a file or a folder"))

  private static func usage(_ reason: String, _ remedies: Remedy...) -> Failure {
    Failure(.usage, reason, remedies: remedies)
  }

  private static func validateForPipe(_ request: WriteRequest) throws(Failure) {
    let impossible = [
      (request.proves, "a proof"), (request.syncs, "waiting for the disk"),
      (request.maximumShardSize != nil, "several files"),
    ]
    if let what = impossible.first(where: \.0)?.1 {
      throw usage(
        "\(what) does not go with standard output", .setting("output", value: "OUT", "writes a file"))
    }
    if StandardStream.output.isTerminal {
      throw usage(
        "standard output is a terminal, and the file is binary",
        "pipe it", .setting("output", value: "OUT", "writes a file"))
    }
  }

  private func validate(_ request: WriteRequest) throws(Failure) {
    if let program = request.program?.dialect.program {
      guard case .file(let path) = destination, path.hasSuffix(".pt"), request.maximumShardSize == nil else {
        throw Self.usage(
          "\(program) takes one file whose name ends in .pt",
          .setting("output", value: "weights.pt", "is such a name"))
      }
      if request.extras == .keep {
        throw Self.usage(
          "a file for \(program) has its own values beside the weights, so no extras can be kept")
      }
    }
    if format != .pytorchZip {
      if request.extras == .keep {
        throw Self.usage(".\(format) files hold tensors only, so no extras can be kept", "write a .pth")
      }
      if request.keepsStorages {
        throw Self.usage(
          ".\(format) files have no storages to keep", "write a .pth, or do not ask for their storages")
      }
    }
    if format != .safetensors, let shared = request.shared, shared != .copy {
      throw Self.usage(
        "shared: \(shared.rawValue) is for .safetensors",
        format.sharesStorages
          ? "a .pth keeps sharing as it is: leave it away" : "each name is written in full: leave it away")
    }
    if !format.holdsMetadata {
      let impossible = [
        (request.maximumShardSize != nil, "shards"), (!request.metadata.isEmpty, "metadata"),
        (request.hashes, "the hash of its input"),
      ]
      if let what = impossible.first(where: \.0)?.1 {
        throw Self.usage(".\(format) files have no place for \(what)", "write a .safetensors or a .pth")
      }
    }
    if !request.keptDTypes.isEmpty, request.dtype == nil {
      throw Self.usage(
        "keep-dtype needs a dtype: it says what is not cast", .setting("dtype", value: "DTYPE", "casts"))
    }
  }

  /// Whether everything beside the state dict goes on, where someone who says nothing would have it so.
  ///
  /// - Throws: `Failure` where that is asked for, and the checkpoint is of many files, each with a part of it.
  func keepsExtras(_ request: WriteRequest, of checkpoint: Checkpoint, default isUsual: Bool) throws -> Bool {
    guard format == .pytorchZip, request.maximumShardSize == nil,
      request.extras.map({ $0 == .keep }) ?? isUsual
    else { return false }
    if checkpoint.isPickled { return true }
    if request.extras == .keep, !checkpoint.extras.isEmpty {
      throw Failure(
        in: checkpoint.path,
        "what lies beside its weights cannot be kept: it is spread over the files of a \(checkpoint.container.rawValue) folder",
        remedies: [
          .setting("extras", value: "drop", "writes the weights alone"),
          .setting("key", value: ".", "takes every tensor, the optimizer's too"),
        ], kind: .refused)
    }
    return false
  }
}
