internal import SutureBytes
public import SutureTensors
internal import SutureText

/// Which ConvNeXts a state dict holds, and under whose names.
public struct NamingScan: Sendable {
  let networks: [NamedNetwork]
  /// The names that belong to none of them.
  public let outside: [String]

  /// Whose names they are.
  public var scheme: NamingScheme { networks[0].scheme }
  /// What stands before the names, once for each network.
  public var prefixes: [String] { networks.map(\.prefix) }

  /// Tells whose names a state dict has, from the names and shapes alone.
  ///
  /// - Throws: ``NamingError`` where that is nobody's, or could be several's.
  public init(_ stateDict: StateDict) throws(NamingError) {
    try self.init(stateDict.entries.map { ($0.name, $0.tensor.shape) })
  }

  init(_ entries: [(name: String, shape: [Int])]) throws(NamingError) {
    let places = Self.places(entries)
    if places.isEmpty { throw Self.unknown(entries) }
    if places.count > Self.mostNetworks {
      throw NamingError(.ambiguous, "the file has \(places.count) stems, more than a model has")
    }
    // A name belongs to the network with the longest prefix; the classifier of some lies outside the prefix.
    var owned: [ExactString: [Int]] = [:]
    var rest: [Int] = []
    for (index, entry) in entries.enumerated() {
      if let place = Self.prefixes(entry.name).last(where: { places[$0] != nil }) {
        owned[place, default: []].append(index)
      } else {
        rest.append(index)
      }
    }
    let sorted = places.keys.sorted { ($0.string.utf8.count, $0) < ($1.string.utf8.count, $1) }
    var networks: [NamedNetwork] = []
    for place in sorted {
      let network = try Self.network(
        at: place.string, places[place] ?? [], inside: owned[place] ?? [], rest: rest, entries)
      networks.append(network)
      let used = Set(network.members.map(\.index))
      rest.removeAll { used.contains($0) }
    }
    let schemes = NamingScheme.allCases.filter { scheme in networks.contains { $0.scheme == scheme } }
    if schemes.count > 1 {
      throw NamingError(
        .ambiguous, "the file has the names of \(schemes.map(\.rawValue).joined(separator: " and of "))",
        hints: networks.map { "\($0.scheme.rawValue) under \"\($0.prefix)\"" } + [
          "keep one of them: --keep 'PREFIX*'"
        ])
    }
    self.networks = networks.sorted { $0.members[0].index < $1.members[0].index }
    outside = rest.sorted().map { entries[$0].name }
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

  /// Where stems are: the prefix, and whose stems they could be.
  private static func places(_ entries: [(name: String, shape: [Int])]) -> [ExactString: [NamingScheme]] {
    let marks = NamingScheme.allCases.map { ($0, $0.table.mark) }
    var places: [ExactString: [NamingScheme]] = [:]
    for entry in entries {
      for (scheme, mark) in marks {
        if let start = entry.name.start(before: mark),
          start.utf8.count(where: { $0 == UInt8(ascii: ".") }) <= mostComponents
        {
          places[ExactString(start), default: []].append(scheme)
        }
      }
    }
    return places
  }

  /// The network whose stem stands at `place`.
  private static func network(
    at place: String, _ schemes: [NamingScheme], inside: [Int], rest: [Int],
    _ entries: [(name: String, shape: [Int])]
  ) throws(NamingError) -> NamedNetwork {
    var found: [NamedNetwork] = []
    var nearest: Attempt?
    for scheme in schemes {
      let attempt = Attempt(scheme, at: place, inside: inside, rest: rest, entries)
      if attempt.strangers.isEmpty, attempt.hasBlocks {
        found.append(
          NamedNetwork(scheme: scheme, prefix: attempt.prefix, members: attempt.members))
      }
      if attempt.strangers.count < nearest?.strangers.count ?? .max { nearest = attempt }
    }
    if found.count == 1 { return found[0] }
    let under = place.isEmpty ? "" : " under \"\(place)\""
    if found.count > 1 {
      throw NamingError(
        .ambiguous,
        "the names\(under) could be those of \(found.map(\.scheme.rawValue).joined(separator: " and of "))",
        hints: ["nothing in the file tells them apart"])
    }
    guard let nearest, let stranger = nearest.strangers.first else {
      throw NamingError(
        .ambiguous, "there is a stem\(under), but no block, so nothing tells whose names these are")
    }
    throw NamingError(
      .unknown, "the names\(under) are nearest to those of \(nearest.scheme.rawValue), but not all are",
      hints: [
        "\(nearest.strangers.count) of \(inside.count) are not, such as \(stranger.name): \(stranger.why)"
      ] + hint(entries.map(\.name)))
  }

  private static func unknown(_ entries: [(name: String, shape: [Int])]) -> NamingError {
    let names = entries.map(\.name)
    let marks = NamingScheme.allCases.map(\.table.mark).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    return NamingError(
      .unknown, "the names are those of no ConvNeXt that is known",
      hints: [
        "none of them ends in \(marks.dropLast().joined(separator: ", ")) or \(marks.last ?? "")",
        names.isEmpty ? "the file has no tensors" : "found: \(Suggestion.list(names))",
      ] + hint(names))
  }

  /// What it is, where that is another network.
  private static func hint(_ names: [String]) -> [String] {
    if names.contains(where: { $0.contains(".grn.") }) {
      return ["it has GRN layers: this is ConvNeXt V2, which is another network"]
    }
    if names.contains(where: { $0.start(before: "blocks.0.dwconv.weight") != nil }) {
      return ["this is an isotropic ConvNeXt, which is another network"]
    }
    return []
  }
}
