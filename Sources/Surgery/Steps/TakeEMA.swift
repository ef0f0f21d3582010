internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Takes the moving average of the weights that training code keeps beside them, such as `model_ema`.
///
/// It has to be the first step: what others did to the weights would be lost. Its names are those of the weights, however
/// the library spells them; see `MovingAverage`. What it has no average of, such as the buffers of batch norms, is the
/// weights' own.
public struct TakeEMA: Step {
  /// The names that training code gives it: timm and facebookresearch, mmengine and PaddleDetection, YOLOv5, GANs; and
  /// to the equal average of the last epochs, SWA.
  public static let names = [
    "model_ema", "state_dict_ema", "ema_state_dict", "params_ema", "ema_model", "ema", "model_averaged",
    "model_ema_state_dict", "ema_model_state_dict", "ema_state", "g_ema", "G_ema",
    "swa_state_dict", "swa_model_state_dict", "swa_model", "model_swa",
  ]

  /// Whether a list of averages without names is paired with the parameters by order.
  let takesOrder: Bool
  /// Whether buffers called `ema_…` are the averages, and not what they were exchanged for.
  let takesBuffers: Bool

  /// - Parameters:
  ///   - takesOrder: whether a list of averages without names is paired with the parameters by order.
  ///   - takesBuffers: whether mmcv's buffers called `ema_…` are the averages: it exchanges them for the weights at the
  ///     end of an epoch, and a file does not say whether it had.
  public init(byOrder takesOrder: Bool = false, fromBuffers takesBuffers: Bool = false) {
    (self.takesOrder, self.takesBuffers) = (takesOrder, takesBuffers)
  }

  public static let schema = StepSchema(
    "take-ema", .files, "Take the moving average of the weights, such as model_ema.",
    fields: [.optional(orderKey, .flag, ""), .optional(buffersKey, .flag, "")],
    variants: [
      .init(
        "take-ema-by-order", "Take an average that is a list, such as shadow_params, by order.",
        flags: [orderKey]),
      .init(
        "take-ema-from-buffers", "Take mmcv's buffers called ema_…, of a file saved within an epoch.",
        flags: [buffersKey]),
    ],
    example: "{take-ema: , optional: true}",
    on: "fc.weight [10,64]")

  private static let (orderKey, buffersKey) = ("by-order", "from-buffers")

  public init(_ record: StepRecord) throws {
    try record.requireAlone()
    self.init(
      byOrder: try record[Self.orderKey]?.bool() ?? false,
      fromBuffers: try record[Self.buffersKey]?.bool() ?? false)
  }

  public var record: StepRecord {
    StepRecord(
      "take-ema", .null,
      (takesOrder ? [(Self.orderKey, .bool(true))] : [])
        + (takesBuffers ? [(Self.buffersKey, .bool(true))] : []))
  }

  public func summary(_: ResolvedFields) -> String {
    "take the EMA" + (takesOrder ? " by order" : "") + (takesBuffers ? " from buffers" : "")
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard draft.isUntouched else {
      throw SurgeryError(
        .impossible, "comes after another step",
        remedies: ["make it the first: what others did to the weights would be lost"])
    }
    var outcome = StepOutcome()
    guard try take(&draft, &outcome) else {
      outcome.miss(
        "model_ema", "found none beside the weights",
        remedies: [
          "it would be called \(Self.names.joined(separator: ", "))",
          .setting("key", value: "PATH", "takes any other place"),
        ])
      return outcome
    }
    draft.takenEMA = self
    return outcome
  }

  /// Whether there is any, wherever it lies.
  private func take(_ draft: inout Draft, _ outcome: inout StepOutcome) throws -> Bool {
    if let reason = try Self.isAlready(draft.inputs) {
      if MovingAverage(draft.entries, beside: []).isList {
        throw SurgeryError(
          .impossible, "found an EMA that is a list, and no weights beside it whose names they could have",
          remedies: [.advice("it has \(draft.names.summary)")])
      }
      outcome.notes.append(reason)
      outcome.count = draft.entries.count
      return true
    }
    if let path = draft.inputs.siblings.first(where: Self.isEMA) {
      try take(from: path, &draft, &outcome)
      return true
    }
    for name in Self.names {
      if let (own, rest) = Self.split(draft.entries, name + ".") {
        draft.entries = try prefixed(name + ".", own, rest, &outcome)
        return true
      }
    }
    return try takeBuffers(&draft, &outcome)
  }

  static func isEMA(_ path: String) -> Bool {
    path.split(separator: ".").contains { names.contains(String($0)) }
  }

  /// Why the weights of a file are the average already; `nil` where they are not.
  static func isAlready(_ inputs: Inputs) throws -> String? {
    func holds(_ path: String) -> Bool {
      (inputs.siblings + inputs.extras).contains { $0 == path || $0.rest(after: path + ".") != nil }
    }
    let place = inputs.wrapper.isEmpty ? "the file" : inputs.wrapper
    if isEMA(inputs.wrapper) { return "the weights under \(place) are it already" }
    // Lightning's WeightAveraging and mmengine's EMAHook put it in the weights' place.
    if holds("averaging_state") || holds("current_model_state") {
      return "the weights under \(place) are it already: the others lie under current_model_state"
    }
    guard inputs.siblings.contains("ema_state_dict") else { return nil }
    let names = try inputs.sibling("ema_state_dict").names
    let isExchanged =
      names.contains("steps") && names.allSatisfy { $0 == "steps" || $0.rest(after: "module.") != nil }
    return isExchanged
      ? "the weights under \(place) are it already: mmengine exchanges them for those under ema_state_dict"
      : nil
  }

  // MARK: Where it lies

  /// An average that has a place of its own in the file.
  private func take(from path: String, _ draft: inout Draft, _ outcome: inout StepOutcome) throws {
    outcome.notes.append("taken from \(path)")
    outcome.resolved.members.append((Trail.from, .string(path)))
    let weights = draft.entries
    draft.restart(with: try draft.sibling(path))
    let average = MovingAverage(draft.entries, beside: weights)
    tell(average.counters, &outcome)
    outcome.touched = average.entries.map(\.name)
    if average.isList {
      draft.entries = try paired(average, weights, path, &outcome)
      return
    }
    let matches = average.matches(weights)
    // Under the weights' own names it has its own order, and may have more than they.
    draft.entries =
      weights.isEmpty || matches.rule == .init() && matches.count > 0
      ? try completed(average, matches, weights, &outcome)
      : try replaced(average, matches, weights, path, &outcome)
  }

  /// An average among the other keys of a file, each under its full path.
  private func prefixed(
    _ prefix: String, _ own: [Draft.Entry], _ rest: [Draft.Entry], _ outcome: inout StepOutcome
  ) throws -> [Draft.Entry] {
    let average = MovingAverage(own, beside: [])
    tell(average.counters.map { prefix + $0 }, &outcome)
    outcome.touched = average.entries.map { prefix + $0.name }
    if average.isList {
      outcome.resolved.members.append((Trail.prefix, .string(prefix)))
      return try paired(average, rest, prefix, &outcome)
    }
    let matches = average.matches(rest)
    // Names that lost their dots are nobody's but the weights', so those have to be found.
    let isDotted = { (entry: Draft.Entry) in entry.name.utf8.contains(UInt8(ascii: ".")) }
    let isJoined = !average.entries.contains(where: isDotted) && rest.contains(where: isDotted)
    guard matches.rule.form == .plain, matches.rule.prefix.isEmpty, matches.count > 0 || !isJoined else {
      return try replaced(average, matches, rest, prefix, prefix: prefix, &outcome)
    }
    // The names are the average's own, without what stands before the weights'.
    outcome.resolved.members.append((Trail.prefix, .string(prefix)))
    if matches.count > 0 { return try completed(average, matches, rest, &outcome) }
    if !rest.isEmpty { outcome.notes.append("nothing beside it has its names, so nothing completes it") }
    return average.entries
  }

  private static let buffers = "ema_"

  /// mmcv's buffers among the weights; whether there are any.
  private func takeBuffers(_ draft: inout Draft, _ outcome: inout StepOutcome) throws -> Bool {
    let own = draft.entries.filter { $0.name.rest(after: Self.buffers) != nil }
    if own.isEmpty { return false }
    let rest = draft.entries.filter { $0.name.rest(after: Self.buffers) == nil }
    let average = MovingAverage(own, beside: rest)
    let matches = average.matches(rest, [.underscored])
    if matches.count == 0 { return false }
    guard takesBuffers else {
      throw SurgeryError(
        .impossible,
        "found \(own.count) buffers such as \(own[0].name), which mmcv exchanges for the weights at the end of an epoch",
        remedies: [
          "of a file that was saved then the weights are the EMA: drop \"ema_*\" leaves them",
          .setting("take-ema-from-buffers", "takes the buffers of one that was saved within an epoch"),
        ])
    }
    outcome.touched = average.entries.map(\.name)
    draft.entries = try replaced(average, matches, rest, "the weights' names", &outcome)
    return true
  }

  /// The entries whose names begin so, without that, and the others; `nil` where none does.
  private static func split(_ entries: [Draft.Entry], _ prefix: String) -> (
    own: [Draft.Entry], rest: [Draft.Entry]
  )? {
    var (own, rest): ([Draft.Entry], [Draft.Entry]) = ([], [])
    for var entry in entries {
      guard let name = entry.name.rest(after: prefix), !name.isEmpty else {
        rest.append(entry)
        continue
      }
      entry.name = String(name)
      own.append(entry)
    }
    return own.isEmpty ? nil : (own, rest)
  }

  private func tell(_ counters: [String], _ outcome: inout StepOutcome) {
    if !counters.isEmpty { outcome.notes.append("left out: its own \(counters.summary)") }
  }

  // MARK: The way back

  /// What is recorded for the way back.
  enum Trail {
    /// Where it lay, and what its names began with.
    static let (from, prefix) = ("from", "prefix")
    /// What the weights' names begin with that its have not, and how they are spelled.
    static let (strip, form) = ("strip", "form")
    /// The names that are the weights' own, and what they began with.
    static let (completed, weights) = ("completed", "weights")
    /// The parameters in their order, and the names that are the same tensor as another.
    static let (order, tied) = ("order", "tied")
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    func isName(_ other: String) -> Bool { ExactString(other) == ExactString(name) }
    if resolved.names(Trail.completed)?.contains(where: isName) == true {
      return .one((resolved[Trail.weights]?.stringValue ?? "") + name)
    }
    let parameter =
      resolved[Trail.tied]?.members?.first { isName($0.key) }?.value.stringValue ?? name
    let prefix = resolved[Trail.prefix]?.stringValue ?? ""
    if let order = resolved[Trail.order]?.arrayValue?.compactMap(\.stringValue) {
      guard let place = order.firstIndex(where: { ExactString($0) == ExactString(parameter) }) else {
        return .unknown
      }
      return .one("\(prefix)\(MovingAverage.list)\(place)")
    }
    let rule = MovingAverage.Rule(
      form: resolved[Trail.form]?.stringValue.flatMap(MovingAverage.Rule.Form.init) ?? .plain,
      prefix: prefix, strip: resolved[Trail.strip]?.stringValue ?? "")
    return rule.name(of: parameter).map { .one($0) } ?? .oneOf([])
  }
}
