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
  /// What it was told to look for and did not find, with the step's own reason.
  ///
  /// Whether that is allowed is not for a step to know: it does what the rest says, and the plan refuses the outcome, or
  /// tells it. What a step throws is refused in any case.
  public private(set) var unmatched: [Unmatched] = []
  /// The keys beside the state dict that are to go, with all that they hold.
  public var stripped: Set<String> = []

  /// Whether a pattern fitted something, whatever came of it.
  private var isMatched = false

  public init(touched: [String] = []) { self.touched = touched }

  public var matched: Int { count ?? touched.count }

  /// Whether there was nothing to do it to.
  var isVain: Bool { !unmatched.isEmpty && matched == 0 && !isMatched }

  /// Records the names that were touched, where the way back needs them.
  public mutating func recordKeys(_ names: [String]? = nil) {
    resolved.set(ResolvedFields.keys, names: names ?? touched)
  }
}

// MARK: Matching

extension StepOutcome {
  /// A pattern that fits nothing, or what else a step looked for in vain.
  public struct Unmatched: Sendable {
    /// The pattern, or what else there is none of.
    public let what: String
    /// Goes on after the step's words: "matched no keys".
    let reason: String
    /// How the report tells it, where it is allowed.
    let note: String
    let remedies: [Remedy]
    /// Whether ``what`` is a pattern that was perhaps meant to be another.
    let isPattern: Bool
  }

  /// Tells which entries fit any of the patterns, and notes what fits and what nearly does.
  ///
  /// Each pattern counts by itself: one that fits nothing is ``unmatched``.
  ///
  /// - Parameter verb: what becomes of the others: "kept".
  public mutating func match(_ texts: [String], in draft: Draft, restIs verb: String = "left alone") throws
    -> [Bool]
  {
    let hits = try hits(of: texts, in: draft)
    isMatched = isMatched || hits.contains(true)
    touched += zip(draft.entries, hits).filter(\.1).map(\.0.name)
    let rest = zip(draft.entries, hits).filter { !$0.1 }.map(\.0.name)
    notes += try NearMisses.notes(for: texts, among: rest, verb: verb)
    return hits
  }

  /// Tells which entries fit any of the patterns, as ``match(_:in:restIs:)`` does, of what is not touched: exceptions.
  mutating func hits(of texts: [String], in draft: Draft) throws -> [Bool] {
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
    for index in used.indices {
      if !used[index] {
        miss(pattern: texts[index], among: texts)
      } else if patterns[index].hasChoices {
        notes += patterns[index].idleChoices(among: draft.names)
      }
    }
    return hits
  }

  /// Tells that a pattern fits nothing.
  ///
  /// - Parameter texts: all that the step has.
  mutating func miss(pattern text: String, among texts: [String]) {
    unmatched.append(
      Unmatched(
        what: text, reason: "matched no keys" + (texts.count > 1 ? " with \"\(text)\"" : ""),
        note: "\"\(text)\" matched no keys", remedies: [], isPattern: true))
  }

  /// Tells that there is nothing of what the step looks for.
  ///
  /// - Parameters:
  ///   - what: what there is none of.
  ///   - reason: goes on after the step's words: "found no key with that prefix".
  public mutating func miss(_ what: String, _ reason: String, remedies: [Remedy]) {
    unmatched.append(
      Unmatched(what: what, reason: reason, note: "it \(reason)", remedies: remedies, isPattern: false))
  }

  /// The refusal of what is ``unmatched``; `nil` where nothing is.
  ///
  /// - Parameter draft: what the step began with.
  func refusal(in draft: Draft) -> SurgeryError? {
    guard let first = unmatched.first else { return nil }
    let guesses =
      first.isPattern
      ? Suggestion.remedies(for: first.what, among: draft.entries.map { ($0.name, $0.tensor.shape) }) : []
    return SurgeryError(
      .noMatch, first.reason,
      remedies: guesses + first.remedies + unmatched.dropFirst().map { .advice("and it \($0.reason)") })
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
    let before = zip(draft.entries, hits).filter(\.1).map(\.0.tensor)
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      let identity = ViewIdentity(entry.tensor)
      let result = try done[identity] ?? entry.fitting { try change(entry) }
      done[identity] = result
      draft.entries[index].tensor = result
    }
    let copied = zip(before, zip(draft.entries, hits).filter(\.1)).filter {
      !$0.sharesStorage(with: $1.0.tensor)
    }
    outcome.tellTied(
      Set(done.keys), copied: copied.map(\.0), among: zip(draft.entries, hits).filter { !$0.1 }.map(\.0))
    return outcome
  }

  /// Tells which of the names that were not touched are the same tensors as some that were.
  ///
  /// - Parameter copied: those that lie in new memory now, while other views of the old one stay where they are.
  mutating func tellTied(
    _ changed: Set<ViewIdentity>, copied: [Tensor] = [], among others: [Draft.Entry]
  ) {
    let names = others.filter { changed.contains(ViewIdentity($0.tensor)) }.map(\.name)
    if !names.isEmpty {
      notes.append("the same tensors under other names stay as they were: \(names.summary)")
    }
    let bytes = CoveredBytes(copied)
    let views = others.filter { !changed.contains(ViewIdentity($0.tensor)) && bytes.overlap($0.tensor) }
    if !views.isEmpty {
      notes.append("other views of the same memory stay as they were: \(views.map(\.name).summary)")
    }
  }
}
