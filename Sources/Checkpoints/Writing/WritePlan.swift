internal import SutureBytes
public import SutureTensors

/// What will be written, decided down to the byte before a tensor is read.
public struct WritePlan: Sendable {
  /// A file of the output.
  struct File: Sendable {
    let path: String
    let output: OutputPlan
    /// The tensors that it must turn out to hold, and the dotted path under which.
    let expected: StateDict
    let place: [String]
  }

  let files: [File]
  /// The index of a sharded checkpoint.
  let index: (path: String, bytes: [UInt8])?
  /// The folder that has to be there, and may be made.
  let folder: String?

  public let tensorCount: Int
  /// How many storages, or tensors where each has its own, are stored.
  public let storageCount: Int
  /// How many names stand in the metadata as another's.
  public let aliasCount: Int
  /// Names that share bytes with others, and are written in full for it.
  public let copiedNames: [String]
  /// How many bytes the tensors take, written as planned.
  public let payloadByteCount: Int
  /// What could not be kept of the rest of the file, or only as something simpler; a sentence each.
  public let notes: [String]

  /// The storages that are written as they are: whoever writes them has verified them.
  public var storages: [Storage] { files.flatMap(\.output.payloads).compactMap { $0 as? Storage } }

  /// How many bytes the storages of the tensors take.
  public var storedByteCount: Int { StoragePacking(files.flatMap { $0.expected.map(\.tensor) }).byteCount }

  /// How many bytes all files take.
  public var byteCount: Int {
    files.reduce(index?.bytes.count ?? 0) { $0.adding(saturating: $1.output.byteCount) }
  }

  /// The paths of all files; none where they go to standard output.
  public var paths: [String] { files.map(\.path) + (index.map { [$0.path] } ?? []) }
}

extension WritePlan {
  /// Whether all that is planned stands there already, as far as can be told without its tensors: the sizes of the files
  /// to the byte, and everything in them that is no tensor.
  public func isThere() throws -> Bool {
    for file in files where !(try Self.isThere(file.path, file.output)) { return false }
    guard let index else { return true }
    return try Self.isThere(index.path, try OutputPlan([.init(MemoryPayload(index.bytes))]))
  }

  private static func isThere(_ path: String, _ plan: OutputPlan) throws -> Bool {
    guard pathExists(path), let file = try? FileSource(path), file.byteCount == plan.byteCount else {
      return false
    }
    return try plan.agrees(with: file)
  }

  /// Whether every tensor that stands there is what it should be, by its hash.
  public func isProven() -> Bool {
    files.allSatisfy { file in (try? Proof.check(file.path, file)) != nil }
  }
}

// MARK: Parts

extension WritePlan {
  /// A file of the output as it will be.
  public struct Output: Sendable {
    public let path: String
    public let byteCount: Int
    /// What of the inputs is read for it.
    public let reads: [(file: String, ranges: [Range<Int>])]
  }

  /// All files but the index.
  public var outputs: [Output] {
    files.map { file in
      Output(
        path: file.path, byteCount: file.output.byteCount,
        reads: file.output.payloads.flatMap { $0.extents(0..<$0.byteCount) }.joined)
    }
  }

  /// The path of the index of a sharded checkpoint.
  public var indexPath: String? { index?.path }

  /// Whether a file stands there as planned, as far as can be told without its tensors.
  public func isThere(_ place: Int) throws -> Bool {
    try Self.isThere(files[place].path, files[place].output)
  }

  /// Whether the index stands there as planned; true where there is none.
  public func indexIsThere() throws -> Bool {
    guard let index else { return true }
    return try Self.isThere(index.path, OutputPlan([.init(MemoryPayload(index.bytes))]))
  }
}

extension WritePlan {
  /// The SHA-256 of everything in the files but the elements of tensors, of which their place and their length count.
  ///
  /// What the elements are is for whoever made the tensors to tell.
  public var digest: String {
    get throws {
      var sum = try SHA256()
      for file in files { file.output.describe(to: &sum) }
      if let index { sum.update(index.bytes) }
      return "sha256:" + sum.hexadecimal()
    }
  }
}
