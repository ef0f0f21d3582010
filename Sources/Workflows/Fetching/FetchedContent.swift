internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureText

/// What can be told of a file that was fetched without a hash to compare with: whether its checksums hold, and whether it
/// is the variant that its name promises.
struct FetchedContent {
  private(set) var checkpoint: Checkpoint?
  private(set) var checksumCount = 0
  private(set) var variant: String?

  /// - Parameters:
  ///   - path: where it lies now.
  ///   - name: the path that it is to have, whose ending says whether it should be a checkpoint.
  ///   - shown: what to call it in an error.
  ///   - isHashed: whether a hash has vouched for its bytes.
  init(
    _ path: String, called name: String, shown: String, published: PublishedCheckpoint?, isHashed: Bool,
    limits: ReadLimits
  ) throws {
    let mustBeCheckpoint = published != nil || Checkpoint.suffixes.contains { name.hasSuffix($0) }
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(path, limits: limits) } catch let error as any SutureError {
      // What is called like no checkpoint may be anything, but for a page that a server sends instead.
      let file = try FileSource(path)
      if !mustBeCheckpoint, try !ForeignFile.isWebPage(file.bytes(0..<min(512, file.byteCount))) { return }
      throw Self.shown(error, shown)
    }
    self.checkpoint = checkpoint
    if !isHashed {
      do {
        let integrity = try Integrity(of: checkpoint.entering(".", limits: limits))
        if let problem = integrity.problems.first {
          throw Failure(
            in: shown, "it came damaged: \(problem.message)", remedies: ["fetch it again, or from elsewhere"])
        }
        checksumCount = integrity.verifiedCount
      } catch let error as any SutureError { throw Self.shown(error, shown) }
    }
    if let published { variant = try Self.variant(checkpoint, published, shown) }
  }

  private static func shown(_ error: any SutureError, _ name: String) -> Failure {
    Failure(
      error.kind,
      at: FailurePlace(file: name, record: error.place.record, byteOffset: error.place.byteOffset),
      error.reason,
      remedies: error.remedies)
  }

  private static func variant(_ checkpoint: Checkpoint, _ published: PublishedCheckpoint, _ shown: String)
    throws -> String?
  {
    // Of networks that are recognised by name only, the size cannot be told.
    guard let found = try? ConvNeXtConfiguration(inferredFrom: checkpoint.stateDict) else { return nil }
    guard found.variantName == published.variant, found.classes == published.classes else {
      func words(_ variant: String, _ classes: Int?) -> String {
        variant + (classes.map { " of \($0) classes" } ?? " without a head")
      }
      throw Failure(
        .doesNotFit, at: FailurePlace(file: shown),
        "it is \(words(found.variantName, found.classes)), and its name promises "
          + words(published.variant, published.classes))
    }
    return found.variantName
  }
}
