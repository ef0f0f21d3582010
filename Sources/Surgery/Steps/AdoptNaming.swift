public import SutureArchitectures
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Gives the tensors of every ConvNeXt the names, and the shapes, that another library has for them.
///
/// Whose names they are now is told by the names and shapes. Prefixes stay, and so does everything that belongs to no
/// ConvNeXt. What comes out is proven to lead back to what went in.
public struct AdoptNaming: Step {
  let scheme: NamingScheme

  public init(_ scheme: NamingScheme) { self.scheme = scheme }

  public static let schema = StepSchema(
    "naming", .names, "Name a ConvNeXt as \(schemes.joined(separator: ", ")) would.",
    operand: .operand(.choice(schemes), "SCHEME"), example: "{naming: timm}")

  private static let schemes = NamingScheme.targets.map(\.rawValue)

  public init(_ record: StepRecord) throws { self.init(try record.operand.choice(NamingScheme.self)) }
  public var record: StepRecord { StepRecord("naming", .string(scheme.rawValue)) }

  public func summary(_ resolved: ResolvedFields) -> String {
    let from = resolved["from"]?.stringValue.map { " \($0) to" } ?? ""
    return "naming\(from) \(scheme.rawValue)\(resolved["classifier"] == nil ? "" : " with classifier")"
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    do {
      let scan = try NamingScan(draft.entries.map { ($0.name, $0.tensor.shape) }, settled: scheme)
      try convert(scan, &draft, &outcome)
    } catch let error as Failure {
      let reason = "cannot be done: \(error.reason)"
      // What looks like a ConvNeXt and cannot be named is there, whatever else may be missing.
      if NamingScan.hasStem(draft.names) {
        throw SurgeryError(.impossible, reason, remedies: error.remedies)
      }
      outcome.miss("ConvNeXt", reason, remedies: error.remedies)
    }
    return outcome
  }

  private func convert(_ scan: NamingScan, _ draft: inout Draft, _ outcome: inout StepOutcome) throws {
    /// What becomes of each entry: its new self, and what it is.
    var result: [[(entry: Draft.Entry, key: ConvNeXtKey?)]] = draft.entries.map { [($0, nil)] }
    var touched: [String] = []
    for network in scan.networks {
      guard network.scheme.stageCount == scheme.stageCount else {
        func stages(_ scheme: NamingScheme) -> String {
          "\(scheme.rawValue) \(scheme.stageCount == 1 ? "has none" : "has \(scheme.stageCount)")"
        }
        throw Failure(
          .refused, "its blocks are not in the same stages: \(stages(network.scheme)), \(stages(scheme))")
      }
      for (index, key) in network.members {
        let old = draft.entries[index]
        if key.part == .repeatedNorm, !scheme.has(.repeatedNorm) {
          try requireFinalNorm(network, again: index, key, draft.entries)
          result[index] = []
          touched.append(old.name)
          outcome.notes.append("\(old.name) is the final norm once more, and goes")
          continue
        }
        let tensor =
          try old.tensor.laid(scheme.form(of: key), from: network.scheme.form(of: key), name: old.name)
        let name = try network.name(key, in: scheme)
        if name != old.name || tensor.shape != old.tensor.shape { touched.append(old.name) }
        var new = old
        if tensor.shape != old.tensor.shape { new.tensor = tensor }
        new.name = name
        result[index] = [(new, key)]
      }
      if scheme.required == .repeatedNorm, !network.has(.repeatedNorm) {
        try repeatFinalNorm(of: network, &result)
      }
    }
    let renamed = result.flatMap { $0 }
    try prove(scan, renamed)
    let networks = scan.networks.filter { $0.scheme.library != scheme.library }
    let notes = try networks.compactMap { try lacking($0) }
    outcome.notes += notes.prefix(Self.mostNotes)
    if notes.count > Self.mostNotes {
      outcome.notes.append("and \(notes.count - Self.mostNotes) more parts of networks")
    }
    describe(scan, &outcome)
    (draft.entries, outcome.touched) = (renamed.map(\.entry), touched)
  }

  /// Puts the final norm there once more, behind itself; the copies share their storage.
  private func repeatFinalNorm(
    of network: NamedNetwork, _ result: inout [[(entry: Draft.Entry, key: ConvNeXtKey?)]]
  ) throws {
    let norms = network.members.filter { $0.key.part == .finalNorm }
    guard let last = norms.last else {
      throw Failure(.refused, "\(scheme.rawValue) needs the final norm, and there is none")
    }
    for (index, key) in norms {
      let again = ConvNeXtKey(part: .repeatedNorm, leaf: key.leaf)
      var copy = result[index][0].entry
      copy.name = try network.name(again, in: scheme)
      result[last.index].append((copy, again))
    }
  }

  /// Refuses a final norm's repetition that is none: it cannot go without a loss.
  private func requireFinalNorm(
    _ network: NamedNetwork, again index: Int, _ key: ConvNeXtKey, _ entries: [Draft.Entry]
  ) throws {
    let norm = network.members.first { $0.key.part == .finalNorm && $0.key.leaf == key.leaf }
    let (one, other) = (entries[index], norm.map { entries[$0.index] })
    if let other {
      if ViewIdentity(one.tensor) == ViewIdentity(other.tensor) { return }
      if one.tensor.dtype == other.tensor.dtype, one.tensor.shape == other.tensor.shape,
        one.tensor.elementCount <= Self.widestNorm,
        try one.tensor.contiguousBytes() == other.tensor.contiguousBytes()
      {
        return
      }
    }
    throw Failure(
      .refused, "\(one.name) is not the final norm once more, and \(scheme.rawValue) has no name for it",
      remedies: [.setting("drop", value: one.name, "leaves it out")])
  }

  /// No network is wider; what claims to be is not read.
  private static let widestNorm = 1 << 20

  /// Reads the new names as a stranger would: the same networks must come out.
  private func prove(
    _ scan: NamingScan, _ renamed: [(entry: Draft.Entry, key: ConvNeXtKey?)]
  ) throws(Failure) {
    let again = try NamingScan(
      renamed.map { ($0.entry.name, $0.entry.tensor.shape) }, settled: scheme)
    let told = again.networks.reduce(0) { $0 + $1.members.count }
    let isWhole = told == renamed.count { $0.key != nil }
    for network in scan.networks {
      let twin = again.networks.first { $0.prefix.utf8.elementsEqual(network.prefix.utf8) }
      let isSame =
        twin.map { twin in
          twin.scheme == scheme && twin.members.allSatisfy { renamed[$0.index].key == $0.key }
        } ?? false
      if !isSame || !isWhole {
        throw Failure(
          .refused,
          "under the names of \(scheme.rawValue) the parts of the network could not be told again",
          remedies: ["the names under \"\(network.prefix)\" would not lead back to what they are now"])
      }
    }
  }

  /// What the other library has beside, in a sentence, where the file has only a part of a network.
  ///
  /// What is missing in some blocks or stages and there in others has been cut off; what a network has nowhere, such as
  /// the biases of RMSNorms, makes it another kind of network, which the other library would not load.
  ///
  /// - Throws: `Failure` where it is another kind of network.
  private func lacking(_ network: NamedNetwork) throws(Failure) -> String? {
    let keys = Set(network.members.map(\.key))
    let has = Set(keys.map { Kind(part: $0.part, leaf: $0.leaf) })
    // A layer scale is optional, but not in every library, and not in one block of several.
    let parts = ConvNeXtKey.Part.allCases.filter { part in
      part.isOfBlock
        && (!part.isOptionalInBlock || network.has(part) || part == .layerScale && scheme.needsLayerScale)
    }
    var needed: Set<ConvNeXtKey> = keys
    let stages = Dictionary(grouping: keys.filter(\.part.isOfBlock), by: \.stage).mapValues { keys in
      keys.map(\.block).max() ?? 0
    }
    for (stage, last) in stages {
      for (block, part) in product(0...last, parts) {
        needed.insert(
          ConvNeXtKey(part: part, stage: stage, block: block, leaf: part == .layerScale ? nil : .weight))
      }
    }
    let isBiased = !scheme.hasNormsWithoutBias || keys.contains { $0.part.isNorm && $0.leaf == .bias }
    for var key in needed where key.leaf != nil {
      let mayLackBias = !isBiased && (key.part.isNorm || key.part.isOfStem)
      for leaf in ConvNeXtKey.Leaf.allCases where leaf == .weight || !mayLackBias {
        key.leaf = leaf
        needed.insert(key)
      }
    }
    var (nowhere, missing): ([String], [String]) = ([], [])
    for key in needed where !keys.contains(key) {
      if key.part == .repeatedNorm, scheme.required == .repeatedNorm { continue }
      let name = try network.name(key, in: scheme)
      missing.append(name)
      if !has.contains(Kind(part: key.part, leaf: key.leaf)) { nowhere.append(name) }
    }
    if !nowhere.isEmpty {
      throw Failure(
        .refused, "\(scheme.rawValue) needs \(nowhere.count) names that the file has nothing for",
        remedies: [.advice(nowhere.sorted().summary)])
    }
    let absent = (0..<scheme.stageCount).filter { stages[$0] == nil }.map(String.init)
    var notes: [String] = []
    if !absent.isEmpty { notes.append("of stage \(absent.joined(separator: ", ")) there are no blocks") }
    if !missing.isEmpty {
      notes.append("\(missing.count) names have nothing in the file: \(missing.sorted().summary)")
    }
    if !keys.contains(where: { $0.part == .stemConvolution }) { notes.insert("there is no stem", at: 0) }
    let under = network.prefix.isEmpty ? "" : " under \"\(network.prefix)\""
    return notes.isEmpty ? nil : "a part of a network\(under): " + notes.joined(separator: "; ")
  }

  private struct Kind: Hashable {
    let part: ConvNeXtKey.Part
    let leaf: ConvNeXtKey.Leaf?
  }

  /// Every pair, what is bounded by the file's own numbers: blocks beyond those are no gaps.
  private func product(_ blocks: ClosedRange<Int>, _ parts: [ConvNeXtKey.Part]) -> [(
    Int, ConvNeXtKey.Part
  )] {
    blocks.prefix(Self.mostBlocks).flatMap { block in parts.map { (block, $0) } }
  }

  private static let mostNotes = 8
  /// More blocks than these has no stage.
  private static let mostBlocks = 1000

  private func describe(_ scan: NamingScan, _ outcome: inout StepOutcome) {
    outcome.resolved.members.append(("from", .string(scan.scheme.rawValue)))
    if scan.networks.contains(where: \.hasClassifier) {
      outcome.resolved.members.append(("classifier", true))
    }
    if let norm = scan.networks.first(where: { $0.members.contains { $0.key.part == .finalNorm } }) {
      outcome.resolved.members.append(("last-stage", .integer(norm.lastStage)))
    }
    // What stands between the prefix and the names, for ``sources(of:_:)``.
    if let network = scan.networks.first {
      let bodies = ["from-body": network.body, "to-body": network.body(in: scheme)]
      for (name, body) in bodies.sorted(by: { $0.key < $1.key }) where !body.isEmpty {
        outcome.resolved.members.append((name, .string(body)))
      }
      let borrowed = ConvNeXtKey.Part.allCases.filter { scheme.borrowed.contains($0) && network.has($0) }
      if let part = borrowed.first {
        outcome.notes.append("\(scheme.library) itself builds no network with \(part.words)")
      }
    }
    if scan.scheme == scheme { outcome.notes.append("the names are those of \(scheme.rawValue) already") }
    let prefixes = scan.prefixes.filter { !$0.isEmpty }
    if let first = prefixes.first {
      let several = prefixes.count > 1 ? " and \(prefixes.count - 1) more" : ""
      outcome.notes.append("the prefix \"\(first)\"\(several) stays")
    }
    if let first = scan.outside.first {
      let verb =
        scan.outside.count == 1
        ? "key that belongs to no ConvNeXt stays as it is: "
        : "keys that belong to no ConvNeXt stay as they are, such as "
      outcome.notes.append("\(scan.outside.count) \(verb)\(first)")
    }
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let from = resolved["from"]?.stringValue.flatMap(NamingScheme.init(rawValue:)) else {
      // Nothing was a ConvNeXt, or nobody recorded what it was.
      return resolved.isEmpty ? .unknown : .one(name)
    }
    let (old, new) = (from, scheme)
    // Files of before bodies were recorded tell whether there is a classifier.
    let isOfOld = resolved["classifier"] != nil && resolved["from-body"] == nil && resolved["to-body"] == nil
    func body(_ name: String, _ scheme: NamingScheme) -> String {
      resolved[name]?.stringValue ?? (isOfOld ? scheme.body(isVersion2: false) : "")
    }
    let (oldBody, newBody) = (body("from-body", old), body("to-body", new))
    let lastStage = resolved["last-stage"]?.integerValue
    // The longest rest that is a name: norm.weight alone would be one in stages.0.0.norm.weight.
    var rest = name[...]
    while true {
      if var key = new.key(rest) {
        let start = String(name[..<rest.startIndex])
        let body = new.outside.contains(key.part) ? "" : newBody
        guard let prefix = body.isEmpty ? start : start.start(before: body) else { return .one(name) }
        // Some call the final norm like that of the last stage's output.
        if key.part == .outputNorm, new.finalNormIsLastOutputNorm, key.stage == lastStage {
          key = ConvNeXtKey(part: .finalNorm, leaf: key.leaf)
        }
        if key.part == .repeatedNorm, !old.has(.repeatedNorm) {
          key = ConvNeXtKey(part: .finalNorm, leaf: key.leaf)
        }
        if key.part == .finalNorm, old.finalNormIsLastOutputNorm {
          key = ConvNeXtKey(part: .outputNorm, stage: lastStage ?? 3, leaf: key.leaf)
        }
        guard let own = old.name(key) else { return .unknown }
        return .one(prefix + (old.outside.contains(key.part) ? "" : oldBody) + own)
      }
      guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else { return .one(name) }
      rest = rest[rest.utf8.index(after: dot)...]
    }
  }
}

extension Tensor {
  /// The same elements under other axes: a view.
  ///
  /// - Parameter old: the form that it has, which it fits.
  /// - Throws: `Failure` where no view has the other form, or the tensor is sparse.
  fileprivate func laid(
    _ form: TensorForm?, from old: TensorForm?, name: String
  ) throws(Failure) -> Tensor {
    if form == old { return self }
    let plain = old?.plain((shape, strides)) ?? (shape, strides)
    guard let axes = form.map({ $0.laid(plain) }) ?? plain else {
      throw Failure(.refused, "\(name) of shape \(shape) cannot be stored so without a copy")
    }
    if axes.sizes == shape { return self }
    do {
      switch layout {
      case .meta: return try Tensor(dtype: dtype, shape: axes.sizes, layout: layout)
      case .strided, .quantized:
        return try Tensor(
          storage, dtype: dtype, shape: axes.sizes, strides: axes.strides, offset: offset, layout: layout,
          lazyBits: lazyBits)
      case .sparse: break
      }
    } catch { throw Failure(.refused, "\(name) cannot be reshaped: \(error)") }
    throw Failure(
      .refused, "\(name) is sparse, and its shape has to change",
      remedies: [.setting("sparse", value: "dense", "makes it dense")])
  }
}
