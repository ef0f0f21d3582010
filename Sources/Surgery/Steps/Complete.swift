internal import SutureArchitectures
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Adds what the model of a YOLO model file has beside, with the values that it has before training.
///
/// What there is takes the place that `load_state_dict` would give it: every key must be one of the model's, with the
/// same shape, and takes its dtype. What comes out has every key of the model, in its order.
public struct Complete: Step {
  let model: String
  let seed: Int
  let classes: Int?
  let anchors: Int?

  /// - Parameters:
  ///   - model: a model file by what ``Inputs/modelFile`` knows it by; the command's are paths.
  ///   - seed: other numbers where it is another.
  ///   - classes: how many classes the model has, where it is not for the file to say.
  ///   - anchors: how many anchors each level has, where training is to find them.
  public init(_ model: String, seed: Int = 0, classes: Int? = nil, anchors: Int? = nil) {
    (self.model, self.seed, self.classes, self.anchors) = (model, seed, classes, anchors)
  }

  public static let schema = StepSchema(
    "complete", .files, "Add what the model of a YOLO model file has beside, as it is before training.",
    operand: .operand(.file, "MODEL.yaml"),
    fields: [
      .optional("seed", .integer, "N"), .optional("nc", .integer, "N"), .optional("anchors", .integer, "N"),
    ],
    example: #"{complete: "yolov5_ConvNeXt_Tiny.yaml", seed: 1}"#)

  public init(_ record: StepRecord) throws {
    self.init(
      try record.operand.string(), seed: try record["seed"]?.integer() ?? 0,
      classes: try record["nc"]?.integer(), anchors: try record["anchors"]?.integer())
  }

  public var record: StepRecord {
    var fields: [(key: String, value: JSONValue)] = []
    if seed != 0 { fields.append(("seed", .integer(seed))) }
    if let classes { fields.append(("nc", .integer(classes))) }
    if let anchors { fields.append(("anchors", .integer(anchors))) }
    return StepRecord("complete", .string(model), fields)
  }

  public func summary(_: ResolvedFields) -> String {
    let asked = [classes.map { "nc \($0)" }, anchors.map { "anchors \($0)" }].compactMap(\.self)
    return "complete as \"\(model)\"\(asked.isEmpty ? "" : ", \(asked.joined(separator: ", ")),") "
      + "with initial values of seed \(seed)"
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    let file = try draft.modelFile(model, classes: classes, anchors: anchors)
    let (expected, given) = (file.expectedTensors(), try draft.stateDict())
    let base = try file.initialStateDict(seed: seed)
    try requireFit(given, expected, base)
    var places = draft.places
    let output = given.isEmpty ? base : try Graft(given, onto: base).output
    var made: [String] = []
    draft.entries = output.entries.map { entry in
      if let place = places.removeValue(forKey: ExactString(entry.name)) {
        return Draft.Entry(name: entry.name, sources: draft.entries[place].sources, tensor: entry.tensor)
      }
      made.append(entry.name)
      return Draft.Entry(name: entry.name, origins: [], tensor: entry.tensor)
    }
    var outcome = StepOutcome(touched: made)
    outcome.notes += file.assumptions.map { "assumed \($0.what) \($0.value): \($0.because)" }
    outcome.recordKeys()
    return outcome
  }

  /// Refuses what would not load, and a backbone of which only a part would.
  private func requireFit(_ given: StateDict, _ expected: [ExpectedTensor], _ base: StateDict)
    throws(SurgeryError)
  {
    let misfits = given.entries.compactMap { entry in
      base[entry.name].flatMap { $0.shape == entry.tensor.shape ? nil : (entry, model: $0.shape) }
    }
    if let (entry, model) = misfits.first {
      throw SurgeryError(
        .doesNotFit, "needs other shapes for \(Format.plural(misfits.count, "key"))",
        remedies: [
          .advice("\(entry.name): \(entry.tensor.shape) in the checkpoint, \(model) in the model"),
          "the model file and the checkpoint are of different variants",
        ])
    }
    let unexpected = given.names.filter { base[$0] == nil }
    if !unexpected.isEmpty {
      throw SurgeryError(
        .impossible, "has no place for \(Format.plural(unexpected.count, "key"))",
        remedies: [
          .advice(unexpected.summary),
          "the model file has fewer blocks, or the keys other prefixes, than the checkpoint",
        ])
    }
    // model_dict.update hides it: blocks that nobody trained do nothing, and their layer scales are never trained.
    let backbone = expected.filter { $0.isBackbone && $0.isRead }.map(\.name)
    let untrained = backbone.filter { given[$0] == nil }
    if !untrained.isEmpty, untrained.count < backbone.count {
      throw SurgeryError(
        .expectation,
        "lacks \(untrained.count) of the \(backbone.count) keys of the backbone that a forward pass reads",
        remedies: [
          .advice(untrained.summary),
          "the model file has more blocks than the checkpoint: YOLOv5 would leave them untrained and not say so",
        ])
    }
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let made = resolved.names(ResolvedFields.keys) else { return .unknown }
    return made.contains { ExactString($0) == ExactString(name) } ? .all([]) : .one(name)
  }
}
