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

  private static let schemes = NamingScheme.allCases.map(\.rawValue)

  public init(_ record: StepRecord) throws { self.init(try record.operand.choice(NamingScheme.self)) }
  public var record: StepRecord { StepRecord("naming", .string(scheme.rawValue)) }

  public func summary(_ resolved: ResolvedFields) -> String {
    let from = resolved["from"]?.stringValue.map { " \($0) to" } ?? ""
    return "naming\(from) \(scheme.rawValue)\(resolved["classifier"] == nil ? "" : " with classifier")"
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    do {
      let scan = try NamingScan(draft.entries.map { ($0.name, $0.tensor.shape) })
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
    var entries = draft.entries
    var touched: [String] = []
    for network in scan.networks {
      for (index, key) in network.members {
        let old = entries[index]
        let tensor =
          try scheme.rank(of: key).map { try old.tensor.withRank($0, name: old.name) } ?? old.tensor
        let name = try network.name(key, in: scheme)
        if name != old.name || tensor.shape != old.tensor.shape { touched.append(old.name) }
        if tensor.shape != old.tensor.shape { entries[index].tensor = tensor }
        entries[index].name = name
      }
    }
    try prove(scan, entries)
    let networks = scan.networks.filter { $0.scheme.library != scheme.library }
    let notes = try networks.compactMap { try lacking($0) }
    outcome.notes += notes.prefix(Self.mostNotes)
    if notes.count > Self.mostNotes {
      outcome.notes.append("and \(notes.count - Self.mostNotes) more parts of networks")
    }
    describe(scan, &outcome)
    (draft.entries, outcome.touched) = (entries, touched)
  }

  /// Reads the new names as a stranger would: the same networks must come out.
  private func prove(_ scan: NamingScan, _ entries: [Draft.Entry]) throws(Failure) {
    let again = try NamingScan(entries.map { ($0.name, $0.tensor.shape) })
    for network in scan.networks {
      let twin = again.networks.first { $0.prefix.utf8.elementsEqual(network.prefix.utf8) }
      let isSame =
        twin.map { twin in
          twin.scheme == scheme
            && twin.members.elementsEqual(network.members) { $0.index == $1.index && $0.key == $1.key }
        } ?? false
      if !isSame {
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
    // A layer scale is optional, but not in torchvision, and not in one block of several.
    let isScaled = scheme == .torchvision || keys.contains { $0.part == .layerScale }
    let parts = ConvNeXtKey.Part.allCases.filter { $0.isOfBlock && ($0 != .layerScale || isScaled) }
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
    for var key in needed where key.leaf != nil {
      for leaf in ConvNeXtKey.Leaf.allCases {
        key.leaf = leaf
        needed.insert(key)
      }
    }
    var (nowhere, missing): ([String], [String]) = ([], [])
    for key in needed where !keys.contains(key) {
      let name = try network.name(key, in: scheme)
      missing.append(name)
      if !has.contains(Kind(part: key.part, leaf: key.leaf)) { nowhere.append(name) }
    }
    if !nowhere.isEmpty {
      throw Failure(
        .refused, "\(scheme.rawValue) needs \(nowhere.count) names that the file has nothing for",
        remedies: [.advice(nowhere.sorted().summary)])
    }
    let absent = (0..<4).filter { stages[$0] == nil }.map(String.init)
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
    let (old, new, hasClassifier) = (from, scheme, resolved["classifier"] != nil)
    let lastStage = resolved["last-stage"]?.integerValue
    // The longest rest that is a name: norm.weight alone would be one in stages.0.0.norm.weight.
    var rest = name[...]
    while true {
      if var key = new.key(rest) {
        let isOutside = { (scheme: NamingScheme) in scheme.classifierIsOutside && key.part == .classifier }
        let start = String(name[..<rest.startIndex])
        let body = hasClassifier && !isOutside(new) ? new.body : ""
        guard let prefix = body.isEmpty ? start : start.start(before: body) else { return .one(name) }
        // Some call the final norm like that of the last stage's output.
        if key.part == .outputNorm, new.finalNormIsLastOutputNorm, key.stage == lastStage {
          key = ConvNeXtKey(part: .finalNorm, leaf: key.leaf)
        }
        if key.part == .finalNorm, old.finalNormIsLastOutputNorm {
          key = ConvNeXtKey(part: .outputNorm, stage: lastStage ?? 3, leaf: key.leaf)
        }
        guard let own = old.name(key) else { return .unknown }
        return .one(prefix + (hasClassifier && !isOutside(old) ? old.body : "") + own)
      }
      guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else { return .one(name) }
      rest = rest[rest.utf8.index(after: dot)...]
    }
  }
}

extension Tensor {
  /// The same elements with axes of size 1 added at the end or taken from there, until there are `rank`: a view.
  ///
  /// - Throws: `Failure` where an axis that would have to go is larger, or the tensor is sparse.
  fileprivate func withRank(_ rank: Int, name: String) throws(Failure) -> Tensor {
    if shape.count == rank { return self }
    guard shape.dropFirst(rank).allSatisfy({ $0 == 1 }) else {
      throw Failure(.refused, "\(name) of shape \(shape) cannot have \(rank) axes")
    }
    let added = [Int](repeating: 1, count: max(rank - shape.count, 0))
    let (sizes, steps) = (Array(shape.prefix(rank)) + added, Array(strides.prefix(rank)) + added)
    do {
      switch layout {
      case .meta: return try Tensor(dtype: dtype, shape: sizes, layout: layout)
      case .strided, .quantized:
        return try Tensor(
          storage, dtype: dtype, shape: sizes, strides: steps, offset: offset, layout: layout,
          lazyBits: lazyBits)
      case .sparse: break
      }
    } catch { throw Failure(.refused, "\(name) cannot be reshaped: \(error)") }
    throw Failure(
      .refused, "\(name) is sparse, and its shape has to change",
      remedies: [.setting("sparse", value: "dense", "makes it dense")])
  }
}
