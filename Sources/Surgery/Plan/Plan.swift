internal import SutureBytes
public import SutureTensors
internal import SutureText

/// What surgery will do, proven before a byte is read.
public struct Plan: Sendable {
  /// What one step did.
  public struct Report: Sendable {
    public let summary: String
    /// How many entries it touched.
    public let matched: Int
    /// Their names before it, where the step tells.
    public let keys: [String]
    public let before: Int
    public let after: Int
    public let notes: [String]
  }

  /// What the steps began with.
  public let input: StateDict
  public let output: StateDict
  public let reports: [Report]
  public let accounting: Accounting

  /// For each tensor of the output the keys of the input that it comes from.
  public let origins: [[String]]

  /// The casts among the steps, which know of overflows once their tensors have been read.
  public let casts: [DTypeCast]

  /// Whether the optimizer and its like beside the state dict are to go.
  public let stripsOptimizer: Bool

  /// What identifies the steps to one who compares two plans.
  let identities: [String]

  /// Applies the steps in order, each to what the ones before it left.
  ///
  /// - Parameter expected: how many tensors must come out.
  /// - Throws: ``SurgeryError`` where a pattern fits nothing, two keys would have one name, a shape does not fit,
  ///   nothing is left, or the count is not the expected one.
  public init(of input: StateDict, steps: [any Step], expecting expected: Int? = nil) throws(SurgeryError) {
    try self.init(of: input, steps: steps, expecting: PlanExpectation(output: expected))
  }

  /// Applies the steps in order, each to what the ones before it left.
  ///
  /// - Parameter inputs: what steps may ask for beside `input`.
  /// - Throws: ``SurgeryError``.
  public init(
    of input: StateDict, steps: [any Step], expecting expectation: PlanExpectation,
    with inputs: Inputs = Inputs()
  ) throws(SurgeryError) {
    var draft = Draft(input, inputs)
    var reports: [Report] = []
    for (index, step) in steps.enumerated() {
      let before = draft.entries.count
      (draft.notes, draft.touched, draft.resolvedSummary) = ([], [], nil)
      let matched: Int
      do { matched = try step.apply(to: &draft) } catch { throw SurgeryError(error, step, index + 1) }
      try Self.refuseCollisions(draft, step, index + 1)
      reports.append(
        Report(
          summary: draft.resolvedSummary ?? step.summary, matched: matched, keys: draft.touched,
          before: before, after: draft.entries.count, notes: draft.notes))
    }
    if draft.entries.isEmpty {
      throw SurgeryError(.empty, "the steps leave no tensors", hints: ["the input has \(input.count)"])
    }
    do {
      var output = try StateDict(draft.entries.map { .init(name: $0.name, tensor: $0.tensor) })
      output.metadata = draft.input.metadata
      self.output = output
    } catch {
      throw SurgeryError(.collision, "\(error)", hints: [])
    }
    (self.input, self.reports, origins) = (draft.input, reports, draft.entries.map(\.origins))
    (casts, stripsOptimizer, identities) = (draft.casts, draft.stripsOptimizer, steps.map(\.identity))
    accounting = Accounting(draft)
    try require(expectation)
  }

  private func require(_ expectation: PlanExpectation) throws(SurgeryError) {
    let failure: String?
    do { failure = try expectation.failure(self) } catch {
      throw SurgeryError(.badPattern, "\(error)", hints: [])
    }
    if let failure {
      throw SurgeryError(
        .expectation, failure, hints: reports.map { "\($0.summary): \($0.before) -> \($0.after)" })
    }
  }

  /// How many bytes the distinct storages of the output take.
  public var storedByteCount: Int { output.storages.reduce(0) { $0.adding(saturating: $1.byteCount) } }

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
      hints: hints + step.place)
  }
}
