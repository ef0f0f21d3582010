internal import SutureBytes
internal import SutureJSON
public import SutureTensors
internal import SutureText

/// What surgery will do, proven before a byte is read.
public struct Plan: Sendable {
  /// What one step did.
  public struct Report: Sendable {
    /// The step with what it found out: what a provenance holds.
    public let record: StepRecord
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
  public var origins: [[String]] { sources.map(\.names) }
  private let sources: [Draft.Origins]

  /// The keys beside the state dict that are to go with all that they hold: the optimizer's and its like.
  public let stripped: Set<String>

  /// The steps as they were told, without what they found out.
  let records: [StepRecord]

  /// Applies the steps in order, each to what the ones before it left.
  ///
  /// - Parameter expected: how many tensors must come out.
  /// - Throws: ``SurgeryError`` where a pattern fits nothing, two keys would have one name, a shape does not fit,
  ///   nothing is left, or the count is not the expected one.
  public init(of input: StateDict, steps: [any Step], expecting expected: Int? = nil) throws(SurgeryError) {
    try self.init(
      of: input, steps: steps.map { PlannedStep($0) }, expecting: PlanExpectation(output: expected))
  }

  /// Applies the steps in order, each to what the ones before it left.
  ///
  /// - Parameter inputs: what steps may ask for beside `input`.
  public init(
    of input: StateDict, steps: [PlannedStep], expecting expectation: PlanExpectation = PlanExpectation(),
    with inputs: Inputs = Inputs()
  ) throws(SurgeryError) {
    var draft = Draft(input, inputs)
    var (reports, replaced, stripped): ([Report], [String], Set<String>) = ([], [], [])
    var places: NameIndex?
    for (index, step) in steps.enumerated() {
      let before = draft
      let outcome: StepOutcome
      do {
        outcome = try step.step.apply(to: &draft)
        if !step.allowsUnmatched, let refusal = outcome.refusal(in: before) { throw refusal }
      } catch { throw SurgeryError(error, step, index + 1) }
      if !draft.namesAreSome(of: before) {
        places = try Self.indexNames(draft, step, index + 1)
      } else if draft.entries.count < before.entries.count {
        places = nil
      }
      replaced += outcome.replaced
      stripped.formUnion(outcome.stripped)
      reports.append(
        Self.report(step, outcome, before: before.entries.count, after: draft.entries.count))
    }
    if draft.entries.isEmpty {
      throw SurgeryError(.empty, "the steps leave no tensors", remedies: ["the input has \(input.count)"])
    }
    var output = try draft.stateDict(places)
    output.metadata = draft.input.metadata
    (self.input, self.output, self.reports) = (draft.input, output, reports)
    self.stripped = stripped
    (sources, records) = (draft.entries.map(\.sources), steps.map(\.record))
    accounting = Accounting(draft, replaced: replaced)
    try require(expectation)
  }

  private static func report(_ step: PlannedStep, _ outcome: StepOutcome, before: Int, after: Int) -> Report {
    var record = step.record
    record.resolved = outcome.resolved
    if !outcome.unmatched.isEmpty {
      record.resolved.members.append(
        (ResolvedFields.unmatched, .array(outcome.unmatched.map { .string($0.what) })))
    }
    return Report(
      record: record,
      summary: outcome.isVain ? "\(step.summary): there was none" : step.step.summary(outcome.resolved),
      matched: outcome.matched, keys: outcome.touched, before: before, after: after,
      notes: outcome.unmatched.map { "\($0.note), which is allowed" } + outcome.notes)
  }

  private func require(_ expectation: PlanExpectation) throws(SurgeryError) {
    let failure: String?
    do { failure = try expectation.failure(self) } catch {
      throw SurgeryError(.badPattern, error.reason, remedies: error.remedies)
    }
    if let failure {
      throw SurgeryError(
        .expectation, failure,
        remedies: reports.map { .advice("\($0.summary): \($0.before) -> \($0.after)") })
    }
  }

  /// How many bytes the distinct storages of the output take.
  public var storedByteCount: Int { output.storages.reduce(0) { $0.adding(saturating: $1.byteCount) } }

  /// Where each name stands.
  ///
  /// - Throws: ``SurgeryError`` where two names are the same.
  private static func indexNames(_ draft: Draft, _ step: PlannedStep, _ number: Int)
    throws(SurgeryError) -> NameIndex
  {
    var places = NameIndex(capacity: draft.entries.count)
    var remedies: [Remedy] = []
    var collisions = 0
    for (place, entry) in draft.entries.enumerated() {
      guard let other = places.insert(entry.name, at: place, among: { draft.entries[$0].name }) else {
        continue
      }
      collisions += 1
      if collisions == 1 {
        let other = draft.entries[other].origin
        remedies = ["\(other) and \(entry.origin) would both be \"\(entry.name)\""]
      }
    }
    if collisions == 0 { return places }
    if collisions > 1 { remedies.append("and \(collisions - 1) more") }
    let error = SurgeryError(
      .collision, "gives \(collisions + 1) keys a name that is taken", remedies: remedies)
    throw SurgeryError(error, step, number)
  }
}

/// What became of the input's keys; each stands in exactly one of the lists.
public struct Accounting: Sendable {
  /// Keys that are one tensor of the output, perhaps under another name.
  public private(set) var kept: [String] = []
  /// Keys that nothing of the output comes from.
  public private(set) var dropped: [String] = []
  /// Keys that two tensors of the output or more come from.
  public private(set) var copied: [String] = []
  /// Keys that are in the output only together with others: joined, averaged, fused.
  public private(set) var merged: [String] = []
  /// Keys whose elements gave way to new ones.
  public private(set) var replaced: [String] = []

  init(_ draft: Draft, replaced: [String]) {
    // How often a key is a tensor of the output by itself; 0 where it is so only together with others.
    var uses = [Int?](repeating: nil, count: draft.input.count)
    var next = 0
    for entry in draft.entries {
      if let origin = entry.sources.only {
        // Some are of another checkpoint.
        guard let place = draft.input.place(of: origin, near: next) else { continue }
        uses[place] = (uses[place] ?? 0) + 1
        next = place + 1
        continue
      }
      let origins = Set(entry.origins.map(ExactString.init)).map(\.string)
      for origin in origins {
        guard let place = draft.input.place(of: origin) else { continue }
        uses[place] = (uses[place] ?? 0) + (origins.count == 1 ? 1 : 0)
      }
    }
    let filled = Set(replaced.map(ExactString.init))
    for (name, uses) in zip(draft.input.names, uses) {
      switch uses {
      case nil where filled.contains(ExactString(name)): self.replaced.append(name)
      case nil: dropped.append(name)
      case 0?: merged.append(name)
      case 1?: kept.append(name)
      default: copied.append(name)
      }
    }
  }
}

extension Plan {
  /// The SHA-256 of all that the plan says: the input's names, dtypes and shapes, the steps, and for each tensor of the
  /// output its name, dtype, shape, origins, and which others it shares its storage with.
  ///
  /// The same steps on a file of the same names and shapes have the same digest, wherever it lies. How the output is
  /// written is no part of it.
  public var digest: String {
    get throws {
      var text: [UInt8] = []
      func add(_ value: JSONValue) { text += JSONWriter.bytes(value) + [UInt8(ascii: "\n")] }
      func sizes(_ tensor: Tensor) -> JSONValue { .array(tensor.shape.map { .integer($0) }) }
      add("suture.plan/2")
      for entry in input.entries {
        add([.string(entry.name), .string(entry.tensor.dtype.rawValue), sizes(entry.tensor)])
      }
      for record in records { add(record.json) }
      var places: [ObjectIdentifier: Int] = [:]
      for (entry, origins) in zip(output.entries, origins) {
        let id = ObjectIdentifier(entry.tensor.storage)
        let place = places[id] ?? places.count
        places[id] = place
        add([
          .string(entry.name), .string(entry.tensor.dtype.rawValue), sizes(entry.tensor),
          .array(origins.map { .string($0) }), .integer(place),
        ])
      }
      var digest = try SHA256()
      digest.update(text)
      return "sha256:" + digest.hexadecimal()
    }
  }
}
