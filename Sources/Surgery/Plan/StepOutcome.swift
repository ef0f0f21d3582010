public import SutureTensors
public import SutureText

/// What a step did.
public struct StepOutcome: Sendable {
  /// The names that it touched, as they were before it.
  public var touched: [String]
  /// How many entries or other values it touched, where that is another number than that of the names.
  public var count: Int?
  /// What else is worth knowing: near misses, names that it could not use.
  public var notes: [String] = []
  /// What it found out, for the record.
  public var resolved = ResolvedFields()
  /// Keys of the input whose elements were replaced by new ones.
  public var replaced: [String] = []
  /// Patterns that fitted nothing, where that is allowed.
  public var unmatched: [String] = []
  /// What was cast, for those who want to know of overflows.
  public var casts: [DTypeCast] = []
  /// Whether everything beside the state dict that has to do with training is to go.
  public var stripsOptimizer = false

  public init(touched: [String] = []) { self.touched = touched }

  public var matched: Int { count ?? touched.count }

  /// Records the names that were touched, where the way back needs them.
  public mutating func recordKeys(_ names: [String]? = nil) {
    resolved.set(ResolvedFields.keys, names: names ?? touched)
  }
}

// MARK: Matching

extension StepOutcome {
  /// Tells which entries fit any of the patterns, and notes what fits and what nearly does.
  ///
  /// Each pattern counts by itself: one that fits nothing is refused by its name, or noted where that is allowed.
  ///
  /// - Parameter verb: what becomes of the others: "kept".
  public mutating func match(_ texts: [String], in draft: Draft, restIs verb: String = "left alone") throws
    -> [Bool]
  {
    let patterns = try texts.map { try Pattern($0) }
    var used = [Bool](repeating: false, count: patterns.count)
    let hits = draft.entries.map { entry in
      var isHit = false
      for (index, pattern) in patterns.enumerated() where pattern.matches(entry.name) {
        used[index] = true
        isHit = true
      }
      return isHit
    }
    for index in used.indices where !used[index] {
      let what = texts.count > 1 ? " with \"\(texts[index])\"" : ""
      try miss(
        texts[index], "matched no keys\(what)", in: draft,
        remedies: Suggestion.remedies(for: texts[index], among: draft.names))
    }
    touched += zip(draft.entries, hits).filter(\.1).map(\.0.name)
    let rest = zip(draft.entries, hits).filter { !$0.1 }.map(\.0.name)
    notes += try NearMisses.notes(for: texts, among: rest, verb: verb)
    return hits
  }

  /// Refuses a pattern that fits nothing, unless that is allowed.
  ///
  /// - Parameters:
  ///   - what: the pattern, or what else there is none of.
  ///   - reason: goes on after the step's words: "matched no keys".
  public mutating func miss(
    _ what: String, _ reason: String, in draft: Draft, remedies: [Remedy]
  ) throws(SurgeryError) {
    if !draft.allowsUnmatched { throw SurgeryError(.noMatch, reason, remedies: remedies) }
    unmatched.append(what)
    notes.append(
      reason.hasPrefix("matched no keys")
        ? "\"\(what)\" matched no keys, which is allowed" : "it \(reason), which is allowed")
  }

  /// Replaces the tensor of every entry that fits one of the patterns.
  ///
  /// Names that are the same view before are the same view after.
  public static func transforming(
    _ texts: [String], _ draft: inout Draft, _ change: (Draft.Entry) throws -> Tensor
  ) throws -> StepOutcome {
    var outcome = StepOutcome()
    let hits = try outcome.match(texts, in: draft)
    var done: [ViewIdentity: Tensor] = [:]
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      let identity = ViewIdentity(entry.tensor)
      let result = try done[identity] ?? entry.fitting { try change(entry) }
      done[identity] = result
      draft.entries[index].tensor = result
    }
    return outcome
  }
}
