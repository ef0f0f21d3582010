/// One cut: a small value that changes names, and moves views about without reading a byte.
public protocol Step: Sendable {
  /// The step in the words of the command line: `drop "norm*"`.
  var summary: String { get }

  /// Changes the draft and tells how many entries it touched.
  ///
  /// - Throws: ``StepFailure``, or ``PatternError`` where its text cannot be read.
  func apply(to draft: inout Draft) throws -> Int

  /// All that the step is told, for the digest of a plan.
  var identity: String { get }

  /// Where the step is written, as a hint; empty where nobody knows.
  var place: [String] { get }
}

extension Step {
  public var identity: String { summary }
  public var place: [String] { [] }
}

/// Why a step cannot be done; ``Plan`` adds which one it was.
public struct StepFailure: Error {
  let kind: SurgeryError.Kind
  let reason: String
  let hints: [String]
}

extension Step {
  /// Throws unless each pattern fits some name, and tells which entries fit any of them.
  func match(_ texts: [String], _ draft: Draft) throws -> [Bool] {
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
    if let unused = used.firstIndex(of: false) { throw noMatch(texts[unused], draft) }
    return hits
  }

  /// Like ``match(_:_:)``, and notes in the draft what fits and what nearly does.
  func touch(_ texts: [String], _ draft: inout Draft, restIs verb: String = "left alone") throws -> [Bool] {
    let hits = try match(texts, draft)
    draft.touched = zip(draft.entries, hits).filter(\.1).map(\.0.name)
    let rest = zip(draft.entries, hits).filter { !$0.1 }.map(\.0.name)
    draft.notes += try NearMisses.notes(for: texts, among: rest, verb: verb)
    return hits
  }

  func noMatch(_ text: String, _ draft: Draft) -> StepFailure {
    StepFailure(
      kind: .noMatch, reason: "matched no keys",
      hints: Suggestion.hints(for: text, among: draft.entries.map(\.name)))
  }

  /// `"a", "b"`, as the summaries have patterns.
  func quoted(_ texts: [String]) -> String { texts.map { "\"\($0)\"" }.joined(separator: ", ") }
}
