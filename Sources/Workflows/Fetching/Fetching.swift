internal import SutureArchitectures
internal import SutureBytes
public import SutureCheckpoints
internal import SutureText

/// Fetches a file by its address, or a published checkpoint by its name, and checks that it is what was promised.
///
///     var fetching = Fetching("convnext_tiny_1k")
///     let report = try fetching.run()
///
/// A file goes to torch.hub's own cache unless another place is named, so that Python finds it there.
public struct Fetching: Sendable {
  /// A name of ``PublishedCheckpoint``, or an address.
  public var source: String
  /// A file, or a folder with a slash at its end or that is there; `nil` for torch.hub's cache.
  public var output: String?
  /// The SHA-256 that the file must have, or its first digits; `nil` for what its name says.
  public var sha256: String?
  /// Where published checkpoints are instead: their file names are put behind it.
  public var mirror: String?
  /// Whether a file that is there is fetched again.
  public var replaces = false
  public var limits = ReadLimits()
  /// Is told how far it is.
  public var progress: WorkProgress.Handler?

  public init(_ source: String) { self.source = source }

  /// Where a hash came from that the file was compared with.
  public enum Promise: Sendable, Equatable {
    /// The caller.
    case asked
    /// The name of the file, `NAME-HASH.pth`, as torch.hub reads it.
    case name
    /// The Hub's record.
    case hub
  }

  /// What was fetched.
  public struct Report: Sendable {
    public let address: String
    public let path: String
    public let byteCount: Int
    /// Whether it was there already.
    public let wasThere: Bool
    /// How many bytes an earlier fetch had left.
    public let resumedFrom: Int
    /// The hash that was compared, and who says it; `nil` where there was nothing to compare with.
    public let hash: (sha256: String, promise: Promise)?
    /// What the file holds, where it is a checkpoint.
    public let checkpoint: Checkpoint?
    /// How many of its records were compared with their checksums.
    public let checksumCount: Int
    /// The variant that was found to be what the name promises.
    public let variant: String?
    public let seconds: Double?

    /// The schema `suture.fetch/1`.
    public var json: JSONReport {
      JSONReport(
        "suture.fetch/1",
        [
          "address": address, "path": path, "bytes": byteCount, "status": wasThere ? "there" : "fetched",
          "resumed_from": resumedFrom > 0 ? resumedFrom : nil, "sha256": hash?.sha256,
          "compared_with": (hash?.promise).map {
            switch $0 {
            case .asked: "sha256"
            case .name: "name"
            case .hub: "hub"
            }
          } ?? "nothing",
          "container": checkpoint?.container.rawValue, "checksums": checksumCount, "variant": variant,
        ])
    }
  }

  /// - Throws: `Failure`: of the kind `usage` for a name that is not known, `remote` for what a server does, `unreadable`
  ///   for a file that is not what was promised.
  public func run() throws -> Report {
    let (address, published) = try target()
    let path = try place(address)
    if pathExists(path), !replaces { return try verifyExisting(path, address, published) }
    let start = CurrentProcess.seconds
    try createFolders(folder(of: path))
    let part = try PartialDownload(address, to: path)
    let promised = try self.promised(address)
    let meter = FetchMeter(address.name, progress)
    defer { meter.finish() }
    // The Hub says its record with the answer, when hashing has begun.
    let mayHash = promised != nil || address.isAtHub
    let computed: String?
    do { computed = try part.run(hashes: mayHash) { meter.tell($0, $1) } } catch let error as SystemError {
      throw Failure(
        error.kind, at: error.place, error.reason,
        remedies: error.remedies.filter { _ in !error.isOutOfSpace } + [
          .advice("what came stays in \(part.partPath.visible): with space, the same line goes on from there")
        ])
    }
    let wanted = promised ?? part.recordedSHA256.map { ($0, .hub) }
    if let computed, let wanted, !computed.hasPrefix(wanted.0) {
      part.discard()
      throw Self.mismatch(address.name, computed, wanted)
    }
    let checked: FetchedContent
    do {
      checked = try look(part.partPath, path, address.name, published, isHashed: wanted != nil)
    } catch {
      part.discard()
      throw error
    }
    do { try part.commit(replacing: replaces) } catch let error as SystemError where error.isAlreadyThere {
      throw OutputExists(path: path)
    }
    return Report(
      address: address.name, path: path, byteCount: part.byteCount, wasThere: false,
      resumedFrom: part.resumedFrom, hash: wanted.flatMap { wanted in computed.map { ($0, wanted.1) } },
      checkpoint: checked.checkpoint, checksumCount: checked.checksumCount, variant: checked.variant,
      seconds: CurrentProcess.seconds - start)
  }

  /// The file that a word means: of the name of a published checkpoint that in the cache, fetched where it is not there;
  /// otherwise the word itself.
  ///
  /// - Parameter tell: is told what was fetched.
  /// - Throws: what ``run()`` throws.
  public static func located(
    _ word: String, progress: WorkProgress.Handler? = nil, tell: (Report) -> Void = { _ in }
  ) throws -> String {
    guard !Address.isAddress(word), !pathExists(word), word != StandardInput.word else { return word }
    guard PublishedCheckpoint.named(word) != nil else {
      // Whoever misspells a name is not helped by hearing of a file.
      guard !word.contains("/"), !word.contains("."), let near = Self.nearest(to: word) else { return word }
      throw Failure(
        in: word, "there is no such file, and no published checkpoint of that name",
        remedies: [.advice("did you mean \(near)?"), "the names are those of fetch --list"])
    }
    var fetching = Fetching(word)
    fetching.progress = progress
    let path = try fetching.place(try fetching.target().0)
    if pathExists(path) { return path }
    let report = try fetching.run()
    tell(report)
    return report.path
  }

  // MARK: Where from and where to

  private func target() throws -> (Address, PublishedCheckpoint?) {
    if Address.isAddress(source) { return (try Address(source), nil) }
    guard let published = PublishedCheckpoint.named(source) else {
      let near = Self.nearest(to: source).map { [Remedy.advice("did you mean \($0)?")] } ?? []
      throw Failure(
        .usage, "\"\(source.visible)\" is no address, and no name of a published checkpoint",
        remedies: near + [.setting("list", "shows the names")])
    }
    let given = mirror ?? CurrentProcess.environment("SUTURE_MIRROR") ?? ""
    if given.isEmpty { return (try Address(published.address), published) }
    guard Address.isAddress(given) else {
      throw Failure(
        .usage, "the mirror \"\(given.visible)\" is no address",
        remedies: [.setting("mirror", value: "https://HOST/FOLDER", "is one")])
    }
    return (try Address(given + (given.hasSuffix("/") ? "" : "/") + published.fileName), published)
  }

  private static func nearest(to word: String) -> String? {
    let names = PublishedCheckpoint.all.flatMap { [$0.name] + ($0.shortName.map { [$0] } ?? []) }
    return Spelling.nearest(to: word, among: names)
  }

  private func place(_ address: Address) throws -> String {
    let name = address.fileName
    func inside(_ folder: String) throws -> String {
      guard !name.isEmpty, name != ".", name != "..", !name.contains("/"),
        !name.utf8.contains(where: { $0 < 32 })
      else {
        throw Failure(
          .usage, "the address ends in no name for a file",
          remedies: [.setting("output", value: "FILE", "names one")])
      }
      return folder + (folder.hasSuffix("/") ? "" : "/") + name
    }
    guard let output else { return try inside(Self.cache) }
    return output.hasSuffix("/") || isFolder(output) ? try inside(output) : output
  }

  /// The folder in which torch.hub keeps checkpoints: `$TORCH_HOME/hub/checkpoints`, `~/.cache/torch/hub/checkpoints`.
  public static var cache: String {
    func variable(_ name: String) -> String? {
      CurrentProcess.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    let home = variable("HOME") ?? "."
    let torch =
      variable("TORCH_HOME") ?? (variable("XDG_CACHE_HOME") ?? home + "/.cache") + "/torch"
    return (torch.hasPrefix("~/") ? home + torch.dropFirst() : torch) + "/hub/checkpoints"
  }

  // MARK: What was promised

  /// The digits that the SHA-256 must begin with, as far as that is known before the server is asked.
  private func promised(_ address: Address) throws -> (String, Promise)? {
    if let sha256 {
      let digits = sha256.lowercased()
      guard (8...64).contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit) else {
        throw Failure(
          .usage,
          "a SHA-256 has 64 hexadecimal digits, of which at least 8 are wanted, not \"\(sha256.visible)\"")
      }
      return (digits, .asked)
    }
    return Self.hashInName(address.fileName).map { ($0, .name) }
  }

  /// The first hexadecimal digits between a dash and a dot, where they are at least 8: `convnext_tiny-983f1562.pth`.
  static func hashInName(_ name: String) -> String? {
    var rest = name[...]
    while let dash = rest.firstIndex(of: "-") {
      rest = rest[rest.index(after: dash)...]
      let digits = rest.prefix { ("0"..."9").contains($0) || ("a"..."f").contains($0) }
      if rest[digits.endIndex...].first == "." {
        return digits.count >= 8 && digits.count <= 64 ? String(digits) : nil
      }
    }
    return nil
  }

  private static func mismatch(_ name: String, _ computed: String, _ wanted: (String, Promise)) -> Failure {
    let who =
      switch wanted.1 {
      case .asked: "is asked for"
      case .name: "its name promises"
      case .hub: "the Hub's record says"
      }
    return Failure(
      in: name,
      "it is not what it should be: its SHA-256 is \(computed), and \(wanted.0)\(wanted.0.count < 64 ? "…" : "") \(who)",
      remedies: ["it was not kept; fetch it again, or from elsewhere"])
  }

  // MARK: What is there

  private func verifyExisting(_ path: String, _ address: Address, _ published: PublishedCheckpoint?) throws
    -> Report
  {
    let wanted = try promised(address)
    let again = Remedy.setting("force", "fetches it again")
    let file = try FileSource(path)
    var hash: (String, Promise)?
    if let wanted {
      let computed = try SHA256.of(file)
      guard computed.hasPrefix(wanted.0) else {
        let failure = Self.mismatch(path, computed, wanted)
        throw Failure(failure.kind, at: failure.place, failure.reason, remedies: [again])
      }
      hash = (computed, wanted.1)
    }
    let content: FetchedContent
    do { content = try look(path, path, path, published, isHashed: hash != nil) } catch let error
      as any SutureError
    {
      throw Failure(
        error.kind, at: error.place, "the file that is there cannot be used: \(error.reason)",
        remedies: [again])
    }
    return Report(
      address: address.name, path: path, byteCount: file.byteCount, wasThere: true, resumedFrom: 0,
      hash: hash, checkpoint: content.checkpoint, checksumCount: content.checksumCount,
      variant: content.variant,
      seconds: nil)
  }

  private func look(
    _ path: String, _ name: String, _ shown: String, _ published: PublishedCheckpoint?, isHashed: Bool
  ) throws -> FetchedContent {
    try FetchedContent(
      path, called: name, shown: shown, published: published, isHashed: isHashed, limits: limits)
  }
}

/// Tells how far a fetch is, whose length the server says only with its answer.
private struct FetchMeter {
  private let name: String
  private let handler: WorkProgress.Handler?

  init(_ name: String, _ handler: WorkProgress.Handler?) { (self.name, self.handler) = (name, handler) }

  func tell(_ done: Int, _ total: Int?) {
    handler?(WorkProgress(file: name, done: done, total: total ?? done, isFinished: false))
  }

  func finish() { handler?(WorkProgress(file: name, done: 0, total: 0, isFinished: true)) }
}
