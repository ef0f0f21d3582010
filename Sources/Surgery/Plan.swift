internal import Bytes
public import Tensors

/// What surgery will do, proven before a byte is read.
public struct Plan: Sendable {
  /// What one step did.
  public struct Report: Sendable {
    public let summary: String
    /// How many entries it touched.
    public let matched: Int
    public let before: Int
    public let after: Int
    public let notes: [String]
  }

  /// What became of the input's keys; each stands in exactly one of the three.
  public struct Accounting: Sendable {
    public var kept: [String] = []
    public var dropped: [String] = []
    /// Keys with two names or more in the output.
    public var copied: [String] = []
  }

  public let output: StateDict
  public let reports: [Report]
  public let accounting: Accounting

  /// Applies the steps in order, each to what the ones before it left.
  ///
  /// - Parameter expected: how many tensors must come out.
  /// - Throws: ``SurgeryError`` where a pattern fits nothing, two keys would have one name, nothing is left, or the
  ///   count is not the expected one.
  public init(of input: StateDict, steps: [any Step], expecting expected: Int? = nil) throws(SurgeryError) {
    var draft = Draft(input)
    var reports: [Report] = []
    for (index, step) in steps.enumerated() {
      let before = draft.entries.count
      draft.notes = []
      draft.resolvedSummary = nil
      let matched: Int
      do { matched = try step.apply(to: &draft) } catch { throw Self.error(error, step, index + 1) }
      try Self.refuseCollisions(draft, step, index + 1)
      reports.append(
        Report(
          summary: draft.resolvedSummary ?? step.summary, matched: matched, before: before,
          after: draft.entries.count,
          notes: draft.notes))
    }
    if draft.entries.isEmpty {
      throw SurgeryError(.empty, "the steps leave no tensors", hints: ["the input has \(input.count)"])
    }
    if let expected, expected != draft.entries.count {
      throw SurgeryError(
        .expectation, "\(draft.entries.count) tensors come out, \(expected) were expected",
        hints: reports.map { "\($0.summary): \($0.before) -> \($0.after)" })
    }
    do {
      var output = try StateDict(draft.entries.map { .init(name: $0.name, tensor: $0.tensor) })
      output.metadata = input.metadata
      self.output = output
    } catch {
      throw SurgeryError(.collision, "\(error)", hints: [])
    }
    self.reports = reports
    accounting = Self.account(input, draft)
  }

  /// How many bytes the distinct storages of the output take.
  public var storedByteCount: Int { output.storages.reduce(0) { $0 &+ $1.byteCount } }

  private static func account(_ input: StateDict, _ draft: Draft) -> Accounting {
    var uses: [ExactString: Int] = [:]
    for entry in draft.entries { uses[ExactString(entry.origin), default: 0] += 1 }
    var accounting = Accounting()
    for name in input.names {
      switch uses[ExactString(name)] {
      case nil: accounting.dropped.append(name)
      case 1?: accounting.kept.append(name)
      default: accounting.copied.append(name)
      }
    }
    return accounting
  }

  private static func refuseCollisions(_ draft: Draft, _ step: any Step, _ number: Int) throws(SurgeryError) {
    var origins: [ExactString: String] = [:]
    var hints: [String] = []
    var collisions = 0
    for entry in draft.entries {
      guard let other = origins.updateValue(entry.origin, forKey: ExactString(entry.name)) else { continue }
      collisions += 1
      if collisions == 1 { hints = ["\(other) and \(entry.origin) would both be \"\(entry.name)\""] }
    }
    if collisions == 0 { return }
    if collisions > 1 { hints.append("and \(collisions - 1) more") }
    throw SurgeryError(
      .collision, step: number,
      "step \(number) (\(step.summary)) gives \(collisions + 1) keys a name that is taken",
      hints: hints)
  }

  private static func error(_ error: any Error, _ step: any Step, _ number: Int) -> SurgeryError {
    switch error {
    case let failure as StepFailure:
      SurgeryError(
        failure.kind, step: number, "step \(number) (\(step.summary)) \(failure.reason)", hints: failure.hints
      )
    case let error as PatternError:
      SurgeryError(
        .badPattern, step: number, "step \(number): the pattern \"\(error.text)\" cannot be read",
        hints: ["column \(error.column): \(error.reason)"])
    default: SurgeryError(.badPattern, step: number, "step \(number) (\(step.summary)): \(error)", hints: [])
    }
  }
}
