internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// Names that two state dicts do not share, though what they stand for is the same, element for element.
///
/// Content that only one lost name had tells where that went. Where several had it, or where it is one number over
/// and over, the names have to agree too: with the names that another library would give, or with what became of the
/// others' prefixes.
struct ContentMatches {
  struct Match {
    let from: String
    let to: String
    /// Whether it is the name that the second library has for the same part of a ConvNeXt.
    let isByNaming: Bool
  }

  /// A tensor under its name in the first and in the second.
  private(set) var renamed: [Match] = []
  /// Further names in the second for a tensor of the first.
  private(set) var copied: [Match] = []

  /// Candidates of one content, gathered as they are paired.
  private struct Group {
    let sources: [StateDict.Entry]
    let candidates: [StateDict.Entry]
    /// Whether the content alone tells who is who.
    let isTelling: Bool
  }

  private var targets: [ExactString: [(name: String, isByNaming: Bool)]] = [:]
  private var taken: Set<ExactString> = []

  /// Pairs of one content that are looked at one by one; where there are more, none is told.
  private static let mostPairs = 1_000_000
  private static let mostRules = 16

  /// - Parameter namesInSecond: what the library of the second would call tensors of the first.
  init(
    removed: [StateDict.Entry], added: [StateDict.Entry], namesInSecond: [ExactString: String], workers: Int,
    progress: @escaping @Sendable (Int) -> Void
  ) throws {
    let (old, groups) = try Self.groups(removed, added, workers, progress)
    for group in groups where group.isTelling { pairByContent(group, namesInSecond) }
    let rules = PrefixRule.learn(from: targets.mapValues { $0.map(\.name) }, limit: Self.mostRules)
    for group in groups where !group.isTelling { pairByName(group, namesInSecond, rules) }
    for entry in old {
      for (index, target) in (targets[ExactString(entry.name)] ?? []).enumerated() {
        let match = Match(from: entry.name, to: target.name, isByNaming: target.isByNaming)
        if index == 0 { renamed.append(match) } else { copied.append(match) }
      }
    }
  }

  private static func groups(
    _ removed: [StateDict.Entry], _ added: [StateDict.Entry], _ workers: Int,
    _ progress: @escaping @Sendable (Int) -> Void
  ) throws -> (old: [StateDict.Entry], groups: [Group]) {
    /// What two tensors must have in common before they are read.
    struct Kind: Hashable {
      let dtype: DType
      let count: Int

      init?(_ tensor: Tensor) {
        guard case .strided = tensor.layout, tensor.elementCount > 0, tensor.isReadable else { return nil }
        (dtype, count) = (tensor.dtype, tensor.elementCount)
      }
    }
    let kinds = Set(removed.compactMap { Kind($0.tensor) }).intersection(added.compactMap { Kind($0.tensor) })
    func isPossible(_ entry: StateDict.Entry) -> Bool { Kind(entry.tensor).map(kinds.contains) ?? false }
    let (old, new) = (removed.filter(isPossible), added.filter(isPossible))
    let contents = try ContentHashes((old + new).map(\.tensor), workers: workers, progress: progress)
    let sources = Dictionary(grouping: old) { contents[$0.tensor] }
    let candidates = Dictionary(grouping: new) { contents[$0.tensor] }
    var seen: Set<ContentHashes.Content> = []
    let groups = old.compactMap { entry -> Group? in
      guard let content = contents[entry.tensor], seen.insert(content).inserted,
        let own = sources[content], let others = candidates[content]
      else { return nil }
      return Group(sources: own, candidates: others, isTelling: own.count == 1 && !content.isConstant)
    }
    return (old, groups)
  }

  private mutating func add(_ source: StateDict.Entry, _ name: String, isByNaming: Bool = false) {
    guard taken.insert(ExactString(name)).inserted else { return }
    targets[ExactString(source.name), default: []].append((name, isByNaming))
  }

  /// One source: all candidates are it, and the one that is called most like it comes first.
  private mutating func pairByContent(_ group: Group, _ namesInSecond: [ExactString: String]) {
    let source = group.sources[0]
    if let name = namesInSecond[ExactString(source.name)],
      group.candidates.contains(where: { ExactString($0.name) == ExactString(name) })
    {
      add(source, name, isByNaming: true)
    }
    let best = group.candidates.indices.max {
      (likeness(source, group.candidates[$0]), -$0) < (likeness(source, group.candidates[$1]), -$1)
    }
    if let best { add(source, group.candidates[best].name) }
    for candidate in group.candidates { add(source, candidate.name) }
  }

  private mutating func pairByName(
    _ group: Group, _ namesInSecond: [ExactString: String], _ rules: [PrefixRule]
  ) {
    let names = Set(group.candidates.map { ExactString($0.name) })
    for source in group.sources {
      if let name = namesInSecond[ExactString(source.name)], names.contains(ExactString(name)) {
        add(source, name, isByNaming: true)
      }
      for rule in rules {
        if let name = rule.apply(to: source.name), names.contains(ExactString(name)) { add(source, name) }
      }
    }
    let sources = group.sources.filter { targets[ExactString($0.name)] == nil }
    var left = group.candidates.filter { !taken.contains(ExactString($0.name)) }
    // As many lost as came: most alike goes with most alike, so long as the last component is the same.
    guard sources.count == left.count, sources.count * left.count <= Self.mostPairs else { return }
    for source in sources {
      let best = left.indices.max { (likeness(source, left[$0]), -$0) < (likeness(source, left[$1]), -$1) }
      guard let best, likeness(source, left[best]) >= 2 else { continue }
      add(source, left.remove(at: best).name)
    }
  }

  /// Twice the number of components that two names have in common at their end, and one where the shapes are the same.
  private func likeness(_ one: StateDict.Entry, _ other: StateDict.Entry) -> Int {
    let rule = PrefixRule(from: one.name, to: other.name)
    let dots = { (text: String) in text.utf8.count { $0 == UInt8(ascii: ".") } }
    let common = rule.map { dots(one.name) + 1 - dots($0.from) } ?? 0
    return 2 * common + (one.tensor.shape == other.tensor.shape ? 1 : 0)
  }
}

/// The SHA-256 of tensors' elements, each view hashed once however many names it has.
struct ContentHashes {
  struct Content: Hashable {
    let dtype: DType
    let hash: String
    /// Whether all elements are the same, as those of norms are before training: then the content says little.
    let isConstant: Bool
  }

  private var contents: [ViewIdentity: Content] = [:]

  /// - Parameter progress: is told how many bytes were read.
  init(_ tensors: [Tensor], workers: Int, progress: @escaping @Sendable (Int) -> Void) throws {
    var views: [ViewIdentity: Tensor] = [:]
    for tensor in tensors { views[ViewIdentity(tensor)] = tensor }
    let work = Array(views)
    let found = Guarded<[ViewIdentity: Content]>([:])
    try concurrently(work.count, workers: workers) { index in
      let content = try Self.content(work[index].value)
      progress(work[index].value.byteCount)
      found.withLock { $0[work[index].key] = content }
    }
    contents = found.withLock { $0 }
  }

  subscript(tensor: Tensor) -> Content? { contents[ViewIdentity(tensor)] }

  private static func content(_ tensor: Tensor) throws -> Content {
    let size = tensor.dtype.byteCount
    var digest = try SHA256()
    var first: [UInt8] = []
    var isConstant = true
    try tensor.forEachChunk { buffer, count in
      digest.update(buffer, count: count)
      if !isConstant { return }
      if first.isEmpty { first = Array(buffer[..<size]) }
      let bytes = buffer[..<count]
      isConstant = bytes.starts(with: first) && zip(bytes, bytes.dropFirst(size)).allSatisfy { $0 == $1 }
    }
    return Content(dtype: tensor.dtype, hash: digest.hexadecimal(), isConstant: isConstant)
  }
}
