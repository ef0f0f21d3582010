internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// How torch names the parts that a weight is computed from.
struct PartNames: Sendable {
  /// What follows the weight's name where the hooks of `torch.nn.utils` made the parts: `conv.weight_g`.
  let hooked: [String]
  /// What follows `conv.parametrizations.weight.` where `torch.nn.utils.parametrizations` made them.
  let parametrized: [String]

  private static let room = "parametrizations."

  /// The weight of whose parts a name is the first, and the names of all its parts; `nil` for other names.
  func weight(ofFirst name: String) -> (name: String, parts: [String])? {
    for ending in [hooked[0], "." + parametrized[0]] where name.hasSuffix(ending) {
      let rest = String(name.dropLast(ending.count))
      let weight: String
      if ending == hooked[0] {
        weight = rest
      } else {
        let dot = rest.utf8.lastIndex(of: UInt8(ascii: ".")).map { rest.utf8.index(after: $0) }
        let (room, leaf) = dot.map { (rest[..<$0], rest[$0...]) } ?? ("", rest[...])
        guard room == Self.room || room.hasSuffix("." + Self.room) else { continue }
        weight = String(room.dropLast(Self.room.count)) + leaf
      }
      if let parts = spellings(of: weight).first(where: { ExactString($0[0]) == ExactString(name) }) {
        return (weight, parts)
      }
    }
    return nil
  }

  /// What the parts of a weight may be called.
  func spellings(of weight: String) -> [[String]] {
    let room = Self.room(of: weight)
    return [hooked.map { weight + $0 }, parametrized.map { room + $0 }]
  }

  /// Where the parametrizations of a weight lie: `conv.parametrizations.weight.`.
  static func room(of weight: String) -> String {
    guard let dot = weight.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "\(room)\(weight)." }
    let leaf = weight.utf8.index(after: dot)
    return "\(weight[..<leaf])\(room)\(weight[leaf...])."
  }

  /// The place of a weight's parametrizations in which a name lies, as ``room(of:)`` gives it; `nil` where it lies in none.
  static func room(holding name: String) -> String? {
    let words = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard let place = words.lastIndex(where: { $0.elementsEqual("parametrizations".utf8) }),
      place + 2 < words.count
    else { return nil }
    return "\(Substring(name.utf8[..<words[place + 1].endIndex]))."
  }
}

/// A step that makes one weight of the parts from which a module computes it, as it does when it is evaluated.
///
/// Its patterns fit the names of the weights that come: `conv.weight`, whatever the parts are called.
protocol ParametrizationStep: Step {
  static var parts: PartNames { get }
  /// What is looked for: "weight norm".
  static var what: String { get }
  var patterns: [String] { get }

  /// The weight of a name.
  ///
  /// - Parameter parts: in the order of ``parts``; none where there is no such name, but for the first and second.
  func weight(_ name: String, of parts: [Draft.Entry?], _ draft: Draft, _ outcome: inout StepOutcome) throws
    -> Tensor
}

extension ParametrizationStep {
  public func apply(to draft: inout Draft) throws -> StepOutcome {
    let places = draft.places
    var outcome = StepOutcome()
    var found: [[Int?]] = []
    var weights = draft
    weights.entries = []
    for entry in draft.entries {
      guard let (name, parts) = Self.parts.weight(ofFirst: entry.name) else { continue }
      let members = parts.map { places[ExactString($0)] }
      if members[1] == nil { continue }
      found.append(members)
      weights.entries.append(.init(name: name, sources: entry.sources, tensor: entry.tensor))
    }
    if found.isEmpty {
      outcome.recordKeys([])
      outcome.miss(Self.what, "found no \(Self.what)", remedies: [])
      return outcome
    }
    let hits = try outcome.match(patterns, in: weights)
    let rooms = Dictionary(grouping: draft.names) { PartNames.room(holding: $0).map(ExactString.init) }
    var (groups, keys): ([(members: [Int], entries: [Draft.Entry])], [String]) = ([], [])
    // Replicas share their weights, and still do when this is done.
    var done: [[ViewIdentity]: Tensor] = [:]
    for (index, members) in found.enumerated() where hits[index] {
      let name = weights.entries[index].name
      let parts = members.map { $0.map { draft.entries[$0] } }
      let there = parts.compactMap(\.self)
      // The weight is what the last of several makes of it.
      let own = Set(there.map { ExactString($0.name) })
      if own.contains(where: { PartNames.room(holding: $0.string) != nil }),
        let other = rooms[ExactString(PartNames.room(of: name))]?.first(where: {
          !own.contains(ExactString($0))
        })
      {
        throw there[0].doesNotFit("it has another parametrization besides: \(other)")
      }
      let identities = there.map { ViewIdentity($0.tensor) }
      let tensor = try done[identities] ?? there[0].fitting { try weight(name, of: parts, draft, &outcome) }
      done[identities] = tensor
      keys += there.map(\.name)
      groups.append(
        (members.compactMap(\.self), [.init(name: name, origins: there.flatMap(\.origins), tensor: tensor)]))
    }
    outcome.recordKeys(keys)
    draft.replace(groups)
    return outcome
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let keys = resolved.names(ResolvedFields.keys).map({ Set($0.map(ExactString.init)) }) else {
      return .unknown
    }
    let parts = Self.parts.spellings(of: name).first { keys.contains(ExactString($0[0])) }
    return parts.map { .all($0.filter { keys.contains(ExactString($0)) }) } ?? .one(name)
  }
}

/// A tensor as it is seen from one of its axes: before that axis, along it, behind it.
struct AxisView: Sendable {
  let (length, inner): (Int, Int)
  private let count: Int

  /// - Parameter axis: `nil` for all elements as one place.
  init(_ shape: [Int], axis: Int?) {
    count = shape.reduce(1, *)
    (length, inner) = axis.map { (shape[$0], shape[($0 + 1)...].reduce(1, *)) } ?? (1, max(count, 1))
  }

  /// Where an element is along the axis.
  func place(_ element: Int) -> Int { element / inner % length }

  /// Which of the elements at its place it is, counted over all other axes.
  func rest(_ element: Int) -> Int { element / (inner * length) * inner + element % inner }

  /// Calls `body` with all elements in their order, some thousands at a time.
  func forEach(_ reader: ElementReader, _ reading: NumberReading, _ body: (_ element: Int, Double) -> Void)
    throws
  {
    for start in stride(from: 0, to: count, by: Self.piece) {
      for (index, number) in try reader.doubles(start..<min(start + Self.piece, count), reading)
        .enumerated()
      {
        body(start + index, number)
      }
    }
  }

  private static let piece = 1 << 16
}

/// What is computed of a whole tensor before the first of its numbers, once for each way of reading.
struct MadeOnce<Value: Sendable>: Sendable {
  private let plain = Guarded<Value?>(nil)
  private let finite = Guarded<Value?>(nil)

  func made(_ reading: NumberReading, _ make: () throws -> Value) rethrows -> Value {
    switch reading {
    case .asTheyAre: try plain.made(make)
    case .finite: try finite.made(make)
    }
  }
}
