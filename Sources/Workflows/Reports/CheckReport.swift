public import SutureCheckpoints
internal import SutureTensors

/// Whether a file can be trusted: its checksums, its bounds and its numbers.
public struct CheckReport: Sendable {
  public let checkpoint: Checkpoint
  public let integrity: Integrity
  /// Whether a NaN in a tensor is no reason to fail.
  public var allowsNaN = false
  /// Whether it fails for a class or function that `torch.load(weights_only=True)` does not take.
  public var isStrict = false

  /// Reads every byte of a checkpoint.
  ///
  /// - Parameter readsBytes: whether it does; otherwise structure, names and what the pickle calls are looked at alone.
  /// - Parameter progress: is told how many more bytes of tensors have been read.
  /// - Throws: what a server says that does not answer as it should.
  public init(
    of checkpoint: Checkpoint, readsBytes: Bool = true, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    self.checkpoint = checkpoint
    integrity = try Integrity(of: checkpoint, readsBytes: readsBytes, progress: progress)
  }

  public var passed: Bool {
    integrity.problems.isEmpty && (allowsNaN || nanCount == 0) && harmfulCalls.isEmpty
      && (!isStrict || weightsOnly?.loads != false)
  }

  /// The harmful functions that Python would call to load it: of a module of `torch.fx`, whose tensors are read all the
  /// same, or of a file that was salvaged.
  public var harmfulCalls: [Checkpoint.Global] {
    checkpoint.globals.filter { $0.judgement == .harmful && $0.isCalled }
  }

  /// What `torch.load(weights_only=True)` would say; `nil` of a file that holds no pickle.
  public var weightsOnly: WeightsOnlyVerdict? { .init(checkpoint) }
  public var nanCount: Int { integrity.irregular.reduce(0) { $0 &+ $1.nonFinite.nanCount } }
  public var infinityCount: Int { integrity.irregular.reduce(0) { $0 &+ $1.nonFinite.infinityCount } }
  /// How many records differ from their checksums.
  public var failedCount: Int { integrity.problems.count { $0.kind == .checksum } }

  /// The schema `suture.check/1`.
  ///
  /// - Parameter load: what a load would do, where that was asked for too.
  public func json(_ load: JSONReport? = nil) -> JSONReport {
    let dict = checkpoint.stateDict
    return JSONReport(
      "suture.check/1",
      [
        "path": checkpoint.path, "container": checkpoint.container.rawValue, "passed": passed,
        "bytes_checked": integrity.readsBytes,
        "checksums": [
          "recorded": checkpoint.recordsChecksums, "verified": integrity.verifiedCount,
          "failed": failedCount,
        ] as JSONObject,
        "tensors": dict.count, "elements": dict.elementCount, "bytes": dict.byteCount, "nan": nanCount,
        "inf": infinityCount,
        "nonfinite": integrity.irregular.map {
          [
            "name": $0.name, "nan": $0.nonFinite.nanCount, "inf": $0.nonFinite.infinityCount,
            "first": $0.nonFinite.firstIndex ?? [], "first_is_nan": $0.nonFinite.firstIsNaN,
          ] as JSONObject
        },
        "globals": checkpoint.globals.map(\.name), "judged_globals": checkpoint.globals.map(\.json),
        "weights_only": weightsOnly?.json, "unused": integrity.unusedStorages,
        "problems": integrity.problems.map {
          ["kind": $0.kind.rawValue, "place": $0.place, "message": $0.message] as JSONObject
        },
        "warnings": checkpoint.warnings, "load": load?.object,
      ])
  }
}
