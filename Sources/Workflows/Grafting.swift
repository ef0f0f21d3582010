internal import SutureBytes
public import SutureCheckpoints
public import SutureSurgery
internal import SutureTensors

/// Puts the tensors of one checkpoint into another: `base.update(part)`, from two files to a third.
///
/// The base may be a module that was pickled whole, such as a YOLOv5 `.pt`: a state dict is written.
public struct Grafting: Sendable {
  /// The checkpoint whose keys the result has.
  public var base: String
  /// The checkpoint to take tensors from.
  public var part: String
  /// Where the result is written and how; `nil` for a report alone.
  public var request: WriteRequest?
  public var options = Graft.Options()
  /// The dict of the base to take instead of the one that is found.
  public var key: String?
  /// The dict of the part to take.
  public var partKey: String?
  public var limits = ReadLimits()

  public init(_ part: String, onto base: String, _ request: WriteRequest? = nil) {
    (self.part, self.base, self.request) = (part, base, request)
  }

  /// What will be done, and how it will be written.
  public struct Prepared: Sendable {
    public let base: Checkpoint
    public let part: Checkpoint
    public let graft: Graft
    /// `nil` where nothing is to be written.
    public let output: PreparedWrite?

    /// The schema `suture.graft/1`.
    ///
    /// - Parameter written: what was written, where something was.
    public func json(_ written: WriteReport? = nil) -> JSONReport {
      let object: JSONObject =
        [
          "base": base.path, "part": part.path, "wrapper": base.wrapper, "tensors": graft.output.count,
          "storages": graft.output.storages.count, "replaced": graft.replaced, "stayed": graft.stayed,
          "unexpected": graft.unexpected, "excluded": graft.excluded,
          "untied": graft.untied.map { ["names": $0.names, "others": $0.others] as JSONObject },
          "cast": graft.recast.map { ["name": $0.name, "from": $0.from, "to": $0.to] as JSONObject },
        ]
      guard let written else {
        return JSONReport("suture.graft/1", object + ["space": output?.plan.byteCount])
      }
      return JSONReport(
        "suture.graft/1", object + ["written": JSONReport("suture.write/1", written.object).object])
    }
  }

  public struct Report: Sendable {
    public let graft: Graft
    public let written: WriteReport
  }

  /// Opens both, compares them key by key, and decides how the result is written.
  public func prepare(_ observe: WriteEvent.Observer = { _ in }) throws -> Prepared {
    _ = try request.map { try WriteTarget($0) }
    func open(_ path: String, _ key: String?) throws -> Checkpoint {
      let checkpoint = try Checkpoint.open(path, key: key, limits: request?.limits(limits) ?? limits)
      observe(.opened(checkpoint, keepsExtras: false))
      try checkpoint.requireTensors()
      return checkpoint
    }
    let (base, part) = (try open(base, key), try open(part, partKey))
    let graft = try Graft(part.stateDict, onto: base.stateDict, options)
    observe(.grafted(graft))
    // A provenance names no folders.
    let name = String(self.part.dropFirst(folder(of: self.part).count))
    let output = try request.map {
      try PreparedWrite(
        graft.output, from: base, $0, others: [part],
        steps: [GraftFrom.record(graft, of: name, options).json], key: key)
    }
    return Prepared(base: base, part: part, graft: graft, output: output)
  }

  /// Does it.
  public func run() throws -> Report {
    let prepared = try prepare()
    guard let output = prepared.output else { throw WriteTarget.unsaid }
    return Report(graft: prepared.graft, written: try output.write())
  }
}
