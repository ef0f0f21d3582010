public import SutureArchitectures
internal import SutureJSON
internal import SutureTensors
internal import SutureText
internal import SutureYAML

/// Gives the tensors of every ConvNeXt the names, and the shapes, that another library has for them.
///
/// Whose names they are now is told by the names and shapes. Prefixes stay, and so does everything that belongs to no
/// ConvNeXt. What comes out is proven to lead back to what went in.
public struct AdoptNaming: Step {
  let scheme: NamingScheme

  public init(_ scheme: NamingScheme) { self.scheme = scheme }

  public var summary: String { "naming \(scheme.rawValue)" }

  public func apply(to draft: inout Draft) throws -> Int {
    do { return try convert(&draft) } catch let error as Failure {
      throw StepFailure(
        kind: .noMatch, reason: "cannot be done: \(error.reason)", hints: error.remedies.map(\.description))
    }
  }

  private func convert(_ draft: inout Draft) throws -> Int {
    let scan = try NamingScan(draft.entries.map { ($0.name, $0.tensor.shape) })
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
    describe(scan, &draft)
    (draft.entries, draft.touched) = (entries, touched)
    return touched.count
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

  private func describe(_ scan: NamingScan, _ draft: inout Draft) {
    let from = scan.scheme.rawValue
    draft.resolvedSummary =
      "naming \(from) to \(scheme.rawValue)"
      + (scan.networks.contains(where: \.hasClassifier) ? " with classifier" : "")
    if scan.scheme == scheme { draft.notes.append("the names are those of \(from) already") }
    let prefixes = scan.prefixes.filter { !$0.isEmpty }
    if let first = prefixes.first {
      let several = prefixes.count > 1 ? " and \(prefixes.count - 1) more" : ""
      draft.notes.append("the prefix \"\(first)\"\(several) stays")
    }
    if let first = scan.outside.first {
      let verb =
        scan.outside.count == 1
        ? "key that belongs to no ConvNeXt stays as it is: "
        : "keys that belong to no ConvNeXt stay as they are, such as "
      draft.notes.append("\(scan.outside.count) \(verb)\(first)")
    }
  }
}

extension AdoptNaming: RecipeStep {
  static let verb = "naming"
  init(_ fields: StepFields) throws(YAMLError) {
    let word = try fields.operand.requireString()
    guard let scheme = NamingScheme(rawValue: word) else {
      throw .unknownKey(fields.operand, candidates: NamingScheme.allCases.map(\.rawValue))
    }
    self.init(scheme)
  }
  var operand: JSONValue { .string(scheme.rawValue) }
}
