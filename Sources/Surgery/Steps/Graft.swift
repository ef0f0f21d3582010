public import SutureTensors
internal import SutureText

/// `base.update(part)`, with what `update` hides: which keys stay what they were, and which nobody asked for.
///
/// The tensors of the part take the dtype that the base has for them, as `load_state_dict` copies them.
public struct Graft: Sendable {
  /// What becomes of keys of the part that the base does not have.
  public enum Unexpected: String, Sendable, CaseIterable {
    case error
    /// They are left out, as `load_state_dict(strict=False)` would.
    case drop
    /// They are added, as `update` does; a strict `load_state_dict` fails on them.
    case add
  }

  public struct Options: Sendable, Equatable {
    public var unexpected = Unexpected.error
    /// Patterns of keys of the part that are not taken.
    public var excluded: [String] = []
    /// Patterns; where there are any, each key of the base that stays must fit one of them.
    public var allowedMissing: [String] = []
    /// How many keys must come from the part.
    public var expected: Int?
    /// Whether the first tensor of the part goes to the first key of the base, whatever both are called, and so on; keys of
    /// the base that may be missing are passed over.
    public var byOrder = false

    public init() {}
  }

  public let output: StateDict
  /// Keys of the base that have the part's elements now.
  public let replaced: [String]
  /// Keys of the base that the part does not have.
  public let stayed: [String]
  /// Keys of the part that the base does not have.
  public let unexpected: [String]
  /// Keys of the part that were not to be taken.
  public let excluded: [String]
  /// Of each key of ``output``, whether its elements are the part's.
  package let isTaken: [Bool]
  /// Which key of the base got which of the part, where they were paired by their order; otherwise none.
  public let pairs: [(key: String, part: String)]
  /// Keys of the base that were one tensor with others, and are not any more.
  public let untied: [Untied]
  /// Patterns of ``Options/excluded`` that fit no key of the part.
  let unmatched: [String]
  /// Choices in the braces of the others that fit none, a sentence each.
  package let idleChoices: [String]

  /// Names of one tensor of the base, some of which have the part's elements now.
  public struct Untied: Sendable, Equatable {
    /// Those that have elements of the part.
    public let names: [String]
    /// The others, which have what the base had, or another tensor of the part.
    public let others: [String]
  }

  /// Keys whose dtype in the part is another than in the base.
  public let recast: [(name: String, from: DType, to: DType)]
  /// What was cast, for those who want to know of overflows.
  public let cast: DTypeCast

  /// Compares key by key, and refuses what does not fit.
  public init(_ part: StateDict, onto base: StateDict, _ options: Options = Options()) throws(SurgeryError) {
    let idle = try Self.idle(options.excluded, part)
    if let first = idle.first {
      throw SurgeryError(
        .noMatch, "no key of the part fits \"\(first)\", which is excluded",
        remedies: Suggestion.remedies(for: first, among: part.names))
    }
    try self.init(allowingUnmatched: part, onto: base, options)
  }

  /// Compares key by key, and refuses what does not fit; that a pattern fits nothing is ``unmatched``.
  init(allowingUnmatched part: StateDict, onto base: StateDict, _ options: Options) throws(SurgeryError) {
    var taken: StateDict
    unmatched = try Self.idle(options.excluded, part)
    let used = options.excluded.filter { [unmatched] in !unmatched.contains($0) }
    idleChoices = try Self.patterns(used).flatMap { $0.idleChoices(among: part.names) }
    (taken, excluded) = try Self.exclude(options.excluded, from: part)
    pairs = options.byOrder ? try Self.pairs(taken, base, options) : []
    if options.byOrder {
      let tensors = taken.entries.map(\.tensor)
      do {
        taken = try StateDict(zip(pairs, tensors).map { .init(name: $0.key, tensor: $1) })
      } catch { throw SurgeryError(.collision, error) }
    }
    let common = CommonKeys(base, taken)
    (replaced, stayed, unexpected) = (common.replaced, common.stayed, common.unexpected)
    // Files of different keys may be merged, where that is said.
    if replaced.isEmpty, options.unexpected != .add || unexpected.isEmpty {
      throw Self.noOverlap(taken, base)
    }
    let mismatches = zip(base.entries, common.inPart).compactMap { entry, place in
      place.flatMap { Self.mismatch(entry, taken.entries[$0].tensor) }
    }
    if !mismatches.isEmpty {
      throw SurgeryError(
        .doesNotFit, "\(mismatches.count) of \(replaced.count) common keys do not fit the base",
        remedies: mismatches.prefix(10).map { .advice($0) }
          + (mismatches.count > 10 ? ["and \(mismatches.count - 10) more"] : []))
    }
    if options.unexpected == .error, !unexpected.isEmpty {
      throw SurgeryError(
        .impossible, "the base does not have \(unexpected.count) of the part's \(taken.count) keys",
        remedies: Self.folded(unexpected) + [
          .setting("unexpected", value: "drop", "leaves them out"),
          .setting("unexpected", value: "add", "adds them"),
        ])
    }
    try Self.require(options, stayed: stayed, replaced: replaced)
    recast = zip(base.entries, common.inPart).compactMap { entry, place in
      guard let dtype = place.map({ taken.entries[$0].tensor.dtype }), dtype != entry.tensor.dtype else {
        return nil
      }
      return (entry.name, dtype, entry.tensor.dtype)
    }
    (cast, output) = try Self.update(base, with: taken, common, adding: options.unexpected == .add)
    isTaken =
      common.inPart.map { $0 != nil } + .init(repeating: true, count: output.count - base.count)
    untied = Self.untied(base, output, taken: taken)
  }

  /// The groups of names that overlapped in the base of which some do not any more.
  private static func untied(_ base: StateDict, _ output: StateDict, taken: StateDict) -> [Untied] {
    base.sharing.filter(\.isAliasing).compactMap { sharing in
      let names = sharing.names.filter { taken[$0] != nil }
      if names.isEmpty { return nil }
      let stayed = sharing.names.filter { taken[$0] == nil }
      if !stayed.isEmpty { return Untied(names: names, others: stayed) }
      // All come from the part: are they one tensor there?
      guard sharing.kind == .tied, let first = output[names[0]].map({ ViewIdentity($0) }) else { return nil }
      let others = names.filter { name in output[name].map { ViewIdentity($0) != first } ?? false }
      if others.isEmpty { return nil }
      let apart = Set(others.map(ExactString.init))
      return Untied(names: names.filter { !apart.contains(ExactString($0)) }, others: others)
    }
  }

  private static func update(
    _ base: StateDict, with part: StateDict, _ common: CommonKeys, adding: Bool
  ) throws(SurgeryError) -> (DTypeCast, StateDict) {
    do {
      let cast = try part.cast { index in
        guard let dtype = common.inBase[index].map({ base.entries[$0].tensor.dtype }) else { return nil }
        return dtype == part.entries[index].tensor.dtype ? nil : dtype
      }
      var output = base.mapTensors { place in
        common.inPart[place].map { cast.stateDict.entries[$0].tensor } ?? base.entries[place].tensor
      }
      if adding {
        for (entry, place) in zip(cast.stateDict.entries, common.inBase) where place == nil {
          try output.append(entry.name, entry.tensor)
        }
      }
      return (cast, output)
    } catch { throw SurgeryError(.impossible, error) }
  }

  /// Where the keys of each stand in the other: what is not at hand takes long to look for.
  private struct CommonKeys {
    /// For each key of the base its place in the part.
    private(set) var inPart: [Int?] = []
    /// For each key of the part its place in the base.
    private(set) var inBase: [Int?]
    private(set) var replaced: [String] = []
    private(set) var stayed: [String] = []
    private(set) var unexpected: [String] = []

    init(_ base: StateDict, _ part: StateDict) {
      inBase = .init(repeating: nil, count: part.count)
      inPart.reserveCapacity(base.count)
      var next = 0
      for (index, entry) in base.entries.enumerated() {
        let place = part.place(of: entry.name, near: next)
        inPart.append(place)
        if let place {
          inBase[place] = index
          next = place + 1
          replaced.append(entry.name)
        } else {
          stayed.append(entry.name)
        }
      }
      for (entry, place) in zip(part.entries, inBase) where place == nil { unexpected.append(entry.name) }
    }
  }

  /// Pairs the tensors of both by their order.
  private static func pairs(_ part: StateDict, _ base: StateDict, _ options: Options) throws(SurgeryError)
    -> [(key: String, part: String)]
  {
    let passed = try patterns(options.allowedMissing)
    let places = base.entries.filter { entry in !passed.contains { $0.matches(entry.name) } }
    for (number, (entry, other)) in zip(places, part.entries).enumerated() {
      if let mismatch = mismatch(entry, other.tensor) {
        throw SurgeryError(
          .doesNotFit, "by their order, tensor \(number + 1) does not fit",
          remedies: [.advice(mismatch), .advice("it would be \(other.name) of the part")])
      }
    }
    guard places.count == part.count else {
      let rest =
        places.count > part.count ? places[part.count...].map(\.name) : Array(part.names[places.count...])
      throw SurgeryError(
        .doesNotFit, "the part has \(part.count) tensors, and the base \(places.count) places for them",
        remedies: [.advice("without a partner: \(rest.summary)")])
    }
    return zip(places, part.entries).map { ($0.name, $1.name) }
  }

  private static func mismatch(_ base: StateDict.Entry, _ tensor: Tensor) -> String? {
    let (name, model) = (base.name, base.tensor)
    if tensor.shape != model.shape {
      return "\(name): \(tensor.shape) in the part, \(model.shape) in the base"
    }
    if tensor.layout.name != model.layout.name {
      return
        "\(name): \(tensor.layout.name ?? "strided") in the part, \(model.layout.name ?? "strided") in the base"
    }
    if tensor.dtype == model.dtype { return nil }
    // What load_state_dict would truncate is no weight that was meant for the place.
    guard tensor.dtype.floatFormat != nil, model.dtype.floatFormat != nil else {
      return "\(name): \(tensor.dtype) in the part, \(model.dtype) in the base"
    }
    return nil
  }

  private static func exclude(_ texts: [String], from part: StateDict) throws(SurgeryError) -> (
    StateDict, [String]
  ) {
    if texts.isEmpty { return (part, []) }
    let patterns = try patterns(texts)
    let isExcluded = { (entry: StateDict.Entry) in patterns.contains { $0.matches(entry.name) } }
    do {
      return (
        try StateDict(part.entries.filter { !isExcluded($0) }), part.entries.filter(isExcluded).map(\.name)
      )
    } catch { throw SurgeryError(.collision, error) }
  }

  private static func idle(_ texts: [String], _ part: StateDict) throws(SurgeryError) -> [String] {
    try patterns(texts).filter { pattern in !part.entries.contains { pattern.matches($0.name) } }.map(\.text)
  }

  private static func require(_ options: Options, stayed: [String], replaced: [String]) throws(SurgeryError) {
    if let expected = options.expected, expected != replaced.count {
      throw SurgeryError(
        .expectation, "\(replaced.count) keys come from the part, \(expected) were expected",
        remedies: ["\(stayed.count) stay as they are in the base"])
    }
    if options.allowedMissing.isEmpty { return }
    let patterns = try patterns(options.allowedMissing)
    let missing = stayed.filter { name in !patterns.contains { $0.matches(name) } }
    if !missing.isEmpty {
      throw SurgeryError(
        .expectation, "the part does not have \(missing.count) keys of the base that it should have",
        remedies: folded(missing))
    }
  }

  private static func patterns(_ texts: [String]) throws(SurgeryError) -> [Pattern] {
    do { return try texts.map { text throws(PatternError) in try Pattern(text) } } catch {
      throw SurgeryError(.badPattern, error.reason, remedies: error.remedies)
    }
  }

  private static func folded(_ names: [String]) -> [Remedy] {
    let folds = FoldedNames.fold(names).map { $0.count > 1 ? "\($0.pattern)  (\($0.count))" : $0.pattern }
    return folds.prefix(12).map { .advice($0) } + (folds.count > 12 ? ["and \(folds.count - 12) more"] : [])
  }

  /// Nothing would change: perhaps a prefix is what separates the two.
  private static func noOverlap(_ part: StateDict, _ base: StateDict) -> SurgeryError {
    var remedies: [Remedy] = [
      "the first key of the base is \(base.names.first ?? "-"), of the part \(part.names.first ?? "-")"
    ]
    if let (longer, shorter, isPart) = prefix(part, base) {
      let prefix = String(longer.dropLast(shorter.count))
      remedies.append(
        isPart
          ? .setting("strip-prefix", value: prefix, "takes it from the part's keys")
          : .setting("add-prefix", value: prefix, "puts it before the part's keys"))
    }
    if !part.isEmpty {
      remedies.append(.setting("unexpected", value: "add", "merges files of different keys"))
    }
    return SurgeryError(
      .noMatch, "the base has no key of the part, which has \(Format.plural(part.count, "key"))",
      remedies: remedies)
  }

  private static func prefix(_ part: StateDict, _ base: StateDict) -> (String, String, isPart: Bool)? {
    for name in part.names.prefix(8) {
      if let longer = base.names.first(where: { $0.hasSuffix("." + name) }) { return (longer, name, false) }
    }
    for name in base.names.prefix(8) {
      if let longer = part.names.first(where: { $0.hasSuffix("." + name) }) { return (longer, name, true) }
    }
    return nil
  }
}
