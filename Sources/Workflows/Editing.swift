internal import SutureArchitectures
internal import SutureBytes
public import SutureCheckpoints
public import SutureSurgery
internal import SutureTensors
internal import SutureText

/// Surgery on a checkpoint, from one file to another.
///
///     var editing = Editing(of: "in.pth", WriteRequest(to: "out.pth"))
///     editing.steps = [Drop("norm*"), Drop("head*"), Replicate("model.{0..3}.")]
///     editing.expectation.output = 712
///     let report = try editing.run()
///
/// A `.pth` holds the state dict alone, unless the request keeps the extras.
public struct Editing: Sendable {
  /// The path of a checkpoint, of the index of a sharded one, or of its folder.
  public var input: String
  /// Where the result is written and how; `nil` for a plan alone.
  public var request: WriteRequest?
  public var steps: Surgery = []
  /// What must come out.
  public var expectation = PlanExpectation()
  /// Whether patterns of steps may match nothing.
  public var allowsUnmatched = false
  /// The digest that the plan must have; `nil` for any.
  public var digest: String?
  /// The dict to take instead of the one that is found; `.` takes every tensor.
  public var key: String?
  public var limits = ReadLimits()

  public init(of input: String, _ request: WriteRequest? = nil) {
    (self.input, self.request) = (input, request)
  }

  /// Adds the steps of a recipe, and takes from it what is not said yet of reading and writing.
  ///
  /// - Throws: `Failure` where the recipe's output cannot be understood.
  public mutating func add(_ recipe: Recipe) throws {
    steps.steps += recipe.steps
    expectation = expectation.adding(recipe.expectation)
    key = key ?? recipe.key
    try request?.fill(from: recipe.output)
  }

  /// What will be done, and how it will be written.
  public struct Prepared: Sendable {
    public let checkpoint: Checkpoint
    public let plan: Plan
    /// The other checkpoints that steps asked for.
    let others: [Checkpoint]
    /// `nil` where nothing is to be written.
    public let output: PreparedWrite?

    /// The SHA-256 of all that decides the bytes of the output, but for those of the input's tensors: the plan's
    /// ``Plan/digest``, and how it is written where it is.
    public var digest: String { get throws { try plan.digest(written: output) } }

    /// The schema `suture.plan/1`, or `suture.edit/1`.
    ///
    /// - Parameter written: what was written, where something was.
    public func json(_ written: WriteReport? = nil) throws -> JSONReport {
      let digest = try digest
      if let written { return JSONReport("suture.edit/1", written.object + ["digest": digest]) }
      let accounting = plan.accounting
      return JSONReport(
        "suture.plan/1",
        [
          "input": checkpoint.path, "wrapper": checkpoint.wrapper, "keys": plan.input.count,
          "steps": plan.reports.map { report -> JSONObject in
            [
              "step": report.summary, "matched": report.matched, "keys": report.keys, "before": report.before,
              "after": report.after, "notes": report.notes,
            ]
          },
          "kept": accounting.kept, "dropped": accounting.dropped, "copied": accounting.copied,
          "merged": accounting.merged, "replaced": accounting.replaced, "tensors": plan.output.count,
          "storages": plan.output.storages.count, "bytes": plan.storedByteCount,
          "space": (output?.plan.byteCount).json,
          "output": zip(plan.output.entries, plan.origins).map { entry, origins -> JSONObject in
            ["name": entry.name, "dtype": entry.tensor.dtype, "shape": entry.tensor.shape, "from": origins]
          },
          "digest": digest,
        ])
    }
  }

  public struct Report: Sendable {
    public let plan: Plan
    public let written: WriteReport
  }

  /// Opens the input, plans the steps, and decides how the result is written.
  ///
  /// - Throws: `Failure` where the plan has another digest than the one asked for; what planning throws.
  public func prepare(_ observe: WriteEvent.Observer = { _ in }) throws -> Prepared {
    // The optimizer's state would not fit the weights any more, so nobody has it unless they say so.
    let wanted = try request.map { request in (request: request, target: try WriteTarget(request)) }
    let checkpoint = try Checkpoint.open(input, key: key, limits: request?.limits(limits) ?? limits)
    let keepsExtras =
      try wanted.map { try $0.target.keepsExtras($0.request, of: checkpoint, default: false) } ?? false
    observe(.opened(checkpoint, keepsExtras: keepsExtras))
    try checkpoint.requireTensors()
    var steps = steps.steps
    if allowsUnmatched { for index in steps.indices { steps[index].allowsUnmatched = true } }
    // A step may ask for the state dict of a file, and then for what lies beside it.
    let opened = Guarded<[(path: ExactString, checkpoint: Checkpoint)]>([])
    let plan = try Plan(
      of: checkpoint.stateDict, steps: steps, expecting: expectation, with: inputs(checkpoint, opened))
    let others = opened.withLock { $0.map(\.checkpoint) }
    observe(.planned(plan))
    guard let request else {
      return try held(Prepared(checkpoint: checkpoint, plan: plan, others: others, output: nil))
    }
    var object = keepsExtras ? try checkpoint.plainObject(keepsStructure: false) : nil
    if !plan.stripped.isEmpty { object = object?.without(plan.stripped) }
    let output = try PreparedWrite(
      plan.output, from: checkpoint, request, others: others, steps: plan.reports.map(\.record.json),
      key: key, object: object)
    return try held(Prepared(checkpoint: checkpoint, plan: plan, others: others, output: output))
  }

  /// What was prepared, where it has the digest that it must have.
  private func held(_ prepared: Prepared) throws -> Prepared {
    guard let digest else { return prepared }
    let found = try prepared.digest
    if digest == found { return prepared }
    let isOfSteps = try digest == prepared.plan.digest
    throw Failure(
      .refused, "the plan has the digest \(found), not \(digest)",
      remedies: [
        isOfSteps
          ? "that is the digest of the steps alone: with an output, how it is written counts too"
          : .setting("dry-run", "shows it")
      ])
  }

  /// Does it.
  public func run() throws -> Report {
    let prepared = try prepare()
    guard let output = prepared.output else { throw WriteTarget.unsaid }
    return Report(plan: prepared.plan, written: try output.write())
  }

  /// What steps may ask for beside the state dict.
  private func inputs(
    _ checkpoint: Checkpoint, _ opened: Guarded<[(path: ExactString, checkpoint: Checkpoint)]>
  ) -> Inputs {
    let limits = request?.limits(limits) ?? limits
    let open = { @Sendable [key] (path: String) throws -> Checkpoint in
      let name = ExactString(path)
      if let known = opened.withLock({ $0.first { $0.path == name }?.checkpoint }) { return known }
      let other = try Checkpoint.open(path, key: key, limits: limits)
      try other.requireTensors()
      opened.withLock { $0.append((name, other)) }
      return other
    }
    var inputs = Inputs(beside: checkpoint, limits)
    inputs.checkpoint = { try open($0).stateDict }
    inputs.beside = { Inputs(beside: try open($0), limits) }
    inputs.modelFile = { try ModelFile(path: $0, classes: $1, anchors: $2) }
    return inputs
  }
}

extension Inputs {
  /// What lies beside the state dict of a checkpoint.
  fileprivate init(beside checkpoint: Checkpoint, _ limits: ReadLimits) {
    self.init()
    siblings = checkpoint.candidates.map(\.path)
    extras = checkpoint.extras.map(\.path)
    wrapper = checkpoint.wrapper.joined(separator: ".")
    sibling = { try checkpoint.entering($0, limits: limits).stateDict }
    modules = {
      let modules = checkpoint.moduleFacts()
      let stages = ToldByModules(modules).stages
      return modules.map { facts in
        var isTransposed: Bool?
        if case .bool(let value)? = facts["transposed"] { isTransposed = value }
        return Module(
          facts.name, epsilon: facts.number("eps"), isTransposed: isTransposed,
          stage: stages[ExactString(facts.name + ".")])
      }
    }
  }
}
