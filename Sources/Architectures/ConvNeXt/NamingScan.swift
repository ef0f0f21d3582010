public import SutureTensors
public import SutureText

/// Which ConvNeXts a state dict holds, and under whose names.
public struct NamingScan: Sendable {
  package let networks: [NamedNetwork]
  /// The names that belong to none of them.
  public let outside: [String]

  /// Whose names they are.
  public var scheme: NamingScheme { networks[0].scheme }
  /// What stands before the names, once for each network.
  public var prefixes: [String] { networks.map(\.prefix) }

  /// Finds out whose names a state dict has, from the names and shapes alone.
  ///
  /// - Throws: `Failure` where that is nobody's, or could be several's.
  public init(_ stateDict: StateDict) throws(Failure) {
    try self.init(stateDict.entries.map { ($0.name, $0.tensor.shape) })
  }

  /// - Parameter settled: names of this library's network may have others beside them, which belong to no network then:
  ///   nothing has to be made of them.
  package init(
    _ entries: [(name: String, shape: [Int])], settled: NamingScheme? = nil
  ) throws(Failure) {
    let places = Self.places(entries.lazy.map(\.name))
    let known = Set(places.map(\.prefix))
    if places.isEmpty { throw Self.unknown(entries) }
    if places.count > Self.mostNetworks {
      throw Failure(.refused, "the file has \(places.count) stems, more than a model has")
    }
    // A name belongs to the network with the longest prefix; the classifier of some lies outside the prefix.
    var owned: [ExactString: [Int]] = [:]
    var rest: [Int] = []
    for (index, entry) in entries.enumerated() {
      if let place = Self.prefixes(entry.name).last(where: known.contains) {
        owned[place, default: []].append(index)
      } else {
        rest.append(index)
      }
    }
    let sorted = places.sorted {
      ($0.prefix.string.utf8.count, $0.prefix) < ($1.prefix.string.utf8.count, $1.prefix)
    }
    var networks: [NamedNetwork] = []
    for (place, schemes) in sorted {
      let inside = owned[place] ?? []
      let network = try Self.network(
        at: place.string, schemes, inside: inside, rest: rest, entries, settled: settled)
      networks.append(network)
      let used = Set(network.members.map(\.index))
      rest = (rest + inside).filter { !used.contains($0) }
    }
    let schemes = NamingScheme.allCases.filter { scheme in networks.contains { $0.scheme == scheme } }
    if schemes.count > 1 {
      throw Failure(
        .refused, "the file has the names of \(schemes.map(\.rawValue).joined(separator: " and of "))",
        remedies: networks.map { .advice("\($0.scheme.rawValue) under \"\($0.prefix)\"") } + [
          .setting("keep", value: "PREFIX*", "keeps one of them")
        ])
    }
    if let scheme = schemes.first {
      for network in Self.withoutStem(among: rest, scheme, entries) {
        let used = Set(network.members.map(\.index))
        rest.removeAll { used.contains($0) }
        networks.append(network)
      }
    }
    self.networks = networks.sorted { $0.members[0].index < $1.members[0].index }
    outside = rest.sorted().map { entries[$0].name }
  }

  /// Parts of networks that have blocks and no stem, as each replica but the first has where only what is read was kept.
  ///
  /// - Parameter scheme: whose names they are, as other networks of the file tell.
  private static func withoutStem(
    among rest: [Int], _ scheme: NamingScheme, _ entries: [(name: String, shape: [Int])]
  ) -> [NamedNetwork] {
    var places: [ExactString] = []
    for index in rest {
      let name = entries[index].name
      let place = prefixes(name).first { prefix in
        name.rest(after: prefix.string).flatMap { scheme.key($0) }?.part == .depthwise
      }
      if let place, !places.contains(place) { places.append(place) }
      if places.count > mostNetworks { return [] }
    }
    return places.compactMap { place in
      let inside = rest.filter { entries[$0].name.rest(after: place.string) != nil }
      let attempt = Attempt(scheme, at: place.string, inside: inside, rest: [], entries)
      guard attempt.strangers.isEmpty, attempt.hasBlocks else { return nil }
      return attempt.network
    }
  }

  /// More networks than these are no file that a person made, nor are prefixes of more components.
  private static let (mostNetworks, mostComponents) = (256, 32)

  /// The empty prefix, and those that end at a dot, the shortest first.
  private static func prefixes(_ name: String) -> [ExactString] {
    var prefixes = [ExactString("")]
    var place = name.utf8.startIndex
    while prefixes.count <= mostComponents, let dot = name.utf8[place...].firstIndex(of: UInt8(ascii: ".")) {
      place = name.utf8.index(after: dot)
      prefixes.append(ExactString(String(name[..<place])))
    }
    return prefixes
  }

  /// Whether any of the names could be a stem's: without one nothing is sought.
  package static func hasStem(_ names: [String]) -> Bool { !places(names).isEmpty }

  /// Where stems are, in the order of the names: the prefix, and whose stems they could be.
  static func places(_ names: some Sequence<String>) -> [(prefix: ExactString, schemes: [NamingScheme])] {
    var all: Set<ExactString>?
    let stems: [(prefix: ExactString, scheme: NamingScheme)] = names.flatMap { name in
      NamingScheme.allCases.compactMap { scheme in
        guard let start = scheme.marks.first.flatMap({ name.start(before: $0) }) else { return nil }
        for other in scheme.marks.dropFirst() {
          let known = all ?? Set(names.map { ExactString($0) })
          all = known
          if !known.contains(ExactString(start + other)) { return nil }
        }
        return (ExactString(start), scheme)
      }
    }
    let near = stems.filter { stem in
      stem.prefix.string.utf8.count { $0 == UInt8(ascii: ".") } <= mostComponents
    }
    return near.grouped(by: \.prefix).map { ($0.key, $0.members.map(\.scheme)) }
  }

  /// The network whose stem stands at `place`.
  private static func network(
    at place: String, _ schemes: [NamingScheme], inside: [Int], rest: [Int],
    _ entries: [(name: String, shape: [Int])], settled: NamingScheme?
  ) throws(Failure) -> NamedNetwork {
    var found: [NamedNetwork] = []
    var nearest: Attempt?
    var beside: NamedNetwork?
    for scheme in schemes {
      let attempt = Attempt(scheme, at: place, inside: inside, rest: rest, entries)
      if attempt.isWhole { found.append(attempt.network) }
      if scheme == settled, attempt.hasOnlyNamesBeside { beside = attempt.network }
      if attempt.strangers.count < nearest?.strangers.count ?? .max { nearest = attempt }
    }
    if found.count == 1 { return found[0] }
    if found.isEmpty, let beside { return beside }
    let under = place.isEmpty ? "" : " under \"\(place)\""
    if found.count > 1 {
      throw Failure(
        .refused,
        "the names\(under) could be those of \(found.map(\.scheme.rawValue).joined(separator: " and of "))",
        remedies: ["nothing in the file tells them apart"])
    }
    guard let nearest, let stranger = nearest.strangers.first else {
      throw Failure(
        .refused, "there is a stem\(under), but no block, so nothing tells whose names these are")
    }
    throw Failure(
      .refused, "the names\(under) are nearest to those of \(nearest.scheme.rawValue), but not all are",
      remedies: [
        "\(nearest.strangers.count) of \(inside.count) are not, such as \(stranger.name): \(stranger.why)"
      ] + hint(entries.map(\.name)))
  }

  private static func unknown(_ entries: [(name: String, shape: [Int])]) -> Failure {
    let names = entries.map(\.name)
    let marks = NamingScheme.allCases.compactMap(\.marks.first).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    return Failure(
      .refused, "the names are those of no ConvNeXt that is known",
      remedies: [
        "none of them ends in \(marks.dropLast().joined(separator: ", ")) or \(marks.last ?? "")",
        names.isEmpty ? "the file has no tensors" : "found: \(names.summary)",
      ] + hint(names))
  }

  /// What it is, where that is another network.
  private static func hint(_ names: [String]) -> [Remedy] {
    ConvNeXtRelative(names).map { ["this is \($0.rawValue)"] } ?? []
  }
}

extension ConvNeXtConfiguration {
  /// The prefixes under which whole backbones lie, in the order of the file: one empty prefix for a classifier,
  /// `model.0.` to `model.3.` for what the surgery makes.
  public static func prefixes(in dict: StateDict) -> [String] {
    NamingScan.places(dict.names).map(\.prefix.string).filter {
      NamingScheme.find(in: dict, prefix: $0) != nil
    }
  }
}

extension ConvNeXtConfiguration {
  /// The prefixes of four replicas of which each holds one stage and nothing else, in the order of the stages; `nil` where
  /// the backbones of `dict` are whole.
  ///
  /// Replicas have the names of facebookresearch.
  public static func stagePrefixes(in dict: StateDict) -> [String]? {
    let scheme = NamingScheme.facebookresearch
    var prefixes: [String] = []
    for stage in 0..<4 {
      let ends = [
        scheme.module(.depthwise, stage: stage, under: ""),
        scheme.module(Part.downsampling(stage).convolution, stage: stage, under: ""),
      ]
      .map { $0 + ".weight" }
      let found = dict.names.compactMap { $0.start(before: ends[0]) }.filter { dict[$0 + ends[1]] != nil }
      guard found.count == 1, !prefixes.contains(found[0]) else { return nil }
      prefixes.append(found[0])
    }
    return prefixes
  }

  private typealias Part = ConvNeXtKey.Part

  /// The network whose stage i lies under `prefixes[i]`, as ``stagePrefixes(in:)`` finds them.
  ///
  /// - Throws: ``ModelError`` where a tensor that the size is inferred from is missing.
  package init(stagesOf dict: StateDict, under prefixes: [String]) throws {
    var whole = StateDict()
    for entry in dict.entries {
      for (stage, prefix) in prefixes.enumerated() {
        guard let rest = entry.name.rest(after: prefix),
          NamingScheme.facebookresearch.key(rest)?.stage == stage, whole[String(rest)] == nil
        else { continue }
        try whole.append(String(rest), entry.tensor)
      }
    }
    try self.init(inferredFrom: whole)
  }
}

extension NamingScheme {
  /// The scheme of the backbone of `dict` whose stem is under `prefix`; what else lies there is not looked at.
  static func find(in dict: StateDict, prefix: String) -> NamingScheme? {
    // A sparse network is none that runs.
    let found = targets.filter { scheme in
      scheme.marks.allSatisfy { dict[prefix + $0] != nil }
        && dict[scheme.module(.depthwise, under: prefix) + ".weight"] != nil
        && scheme.required.map { dict[scheme.module($0, under: prefix) + ".weight"] != nil } ?? true
    }
    if found.count < 2 { return found.first }
    // Of two that fit, the one that needs more to be there.
    if let strict = found.first(where: { $0.required != nil }) { return strict }
    let pointwise = ConvNeXtKey(part: .pointwise1, leaf: .weight)
    return found.first { scheme in
      dict[scheme.module(.pointwise1, under: prefix) + ".weight"].map { tensor in
        scheme.form(of: pointwise)?.fits(tensor.shape) ?? true
      } ?? false
    } ?? found.first
  }
}
