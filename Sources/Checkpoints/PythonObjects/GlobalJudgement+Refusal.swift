internal import SutureBytes
internal import SuturePickle
internal import SutureText

extension PickleGraph {
  /// Throws where the pickle calls something harmful, though its values are of no interest.
  @discardableResult
  func refuseHarm(_ location: PickleLocation, _ limits: ReadLimits) throws -> GlobalJudgement {
    let judgement = GlobalJudgement(self, location)
    guard let first = judgement.harmfulCalls.first, !limits.salvages else { return judgement }
    throw location.failure(
      "the pickle calls \(judgement.sentence), if Python loads it", at: offset(of: first),
      remedies: [
        "do not load this file in Python",
        .setting("salvage", "takes the tensors that do not depend on that"),
      ], kind: .unsafe
    ).of(.harmfulCall)
  }
}

extension Unpickler {
  /// The pickle that begins at `offset` of `source`.
  ///
  /// Where it cannot be read to its end, what stands before the fault is judged first, since Python does it first.
  ///
  /// - Throws: `PickleError`; `Failure` where something harmful is called before the fault.
  static func judged(
    _ source: any ByteSource, at offset: Int = 0, _ location: PickleLocation, _ limits: ReadLimits
  ) throws -> PickleGraph {
    let (graph, fault) = try prefix(of: source, at: offset, limits: limits.pickle)
    guard let fault else { return graph }
    try graph.refuseHarm(location, limits)
    throw fault
  }
}
