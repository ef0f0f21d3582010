package import SutureText

/// A ConvNeXt among the tensors of a file, under the names of one library.
package struct NamedNetwork: Sendable {
  package let scheme: NamingScheme
  /// What stands before all its names, such as `module.` or `model.0.`.
  package let prefix: String
  /// What stands between the prefix and the backbone's names: `convnext.`.
  package let body: String
  /// Which entries it is made of, and what they are.
  package let members: [(index: Int, key: ConvNeXtKey)]

  package var hasClassifier: Bool { has(.classifier) }

  /// Whether it is of version 2, which has GRN layers.
  package var isVersion2: Bool { has(.responseNorm) }

  package func has(_ part: ConvNeXtKey.Part) -> Bool { members.contains { $0.key.part == part } }

  package var lastStage: Int { members.map(\.key.stage).max() ?? 0 }

  /// What stands before the backbone's names in `target`, behind the prefix.
  package func body(in target: NamingScheme) -> String {
    members.contains { target.outside.contains($0.key.part) } ? target.body(isVersion2: isVersion2) : ""
  }

  /// What `key` of this network is called under `target`.
  ///
  /// - Throws: `Failure` where it has no name there.
  package func name(_ key: ConvNeXtKey, in target: NamingScheme) throws(Failure) -> String {
    var key = key
    if key.part == .finalNorm, target.finalNormIsLastOutputNorm {
      key = ConvNeXtKey(part: .outputNorm, stage: lastStage, leaf: key.leaf)
    }
    guard let name = target.name(key) else {
      let place = key.part.isOfBlock || key.part == .outputNorm ? " of stage \(key.stage)" : ""
      throw Failure(
        .refused, "\(target.rawValue) has no name for \(key.part.words)\(place)",
        remedies: key.part == .outputNorm ? ["leave those norms out: they belong to a detector"] : [])
    }
    return prefix + (target.outside.contains(key.part) ? "" : body(in: target)) + name
  }
}

extension NamingScan {
  /// What the entries of one place are, if their names are those of `scheme`.
  struct Attempt {
    let scheme: NamingScheme
    let prefix: String
    let body: String
    private(set) var members: [(index: Int, key: ConvNeXtKey)] = []
    private(set) var strangers: [(name: String, why: String)] = []
    /// Whether some of them have a name of the scheme, and another shape.
    private var hasOtherShapes = false

    var hasBlocks: Bool { has(.depthwise) }

    /// Whether these are the scheme's names, all of them.
    var isWhole: Bool { strangers.isEmpty && hasBlocks && scheme.required.map(has) ?? true }

    /// The same, but for names that nobody knows.
    var hasOnlyNamesBeside: Bool { !hasOtherShapes && hasBlocks && scheme.required.map(has) ?? true }

    var network: NamedNetwork {
      NamedNetwork(scheme: scheme, prefix: prefix, body: body, members: members)
    }

    private func has(_ part: ConvNeXtKey.Part) -> Bool { members.contains { $0.key.part == part } }

    init(
      _ scheme: NamingScheme, at place: String, inside: [Int], rest: [Int],
      _ entries: [(name: String, shape: [Int])]
    ) {
      self.scheme = scheme
      var outside: [(index: Int, key: ConvNeXtKey)] = []
      var prefix = place
      let start = scheme.start(of: place)
      if let start {
        for index in rest {
          guard let name = entries[index].name.rest(after: start), let key = scheme.key(name),
            scheme.outside.contains(key.part)
          else { continue }
          outside.append((index, key))
        }
        // Without one the network is a backbone, and the prefix is somebody else's.
        if !outside.isEmpty { prefix = start }
      }
      (self.prefix, body) = (prefix, String(place.dropFirst(prefix.count)))
      for index in inside {
        let (name, shape) = entries[index]
        guard let rest = name.rest(after: place), let key = scheme.key(rest),
          !scheme.outside.contains(key.part) || scheme.bodyIsOptional && start == nil
        else {
          strangers.append((name, "there is no such name"))
          continue
        }
        if let form = scheme.form(of: key), !form.fits(shape) {
          hasOtherShapes = true
          strangers.append((name, "its shape is \(shape), \(form.rank) axes are right"))
        } else {
          members.append((index, key))
        }
      }
      if scheme.finalNormIsLastOutputNorm { nameFinalNorm() }
      members = (members + outside).sorted { $0.index < $1.index }
    }

    /// The norm of the last stage is the final one where the other stages have none.
    private mutating func nameFinalNorm() {
      let last = members.filter { $0.key.part != .outputNorm }.map(\.key.stage).max() ?? 0
      guard members.allSatisfy({ $0.key.part != .outputNorm || $0.key.stage == last }) else { return }
      members = members.map { member in
        guard member.key.part == .outputNorm else { return member }
        return (member.index, ConvNeXtKey(part: .finalNorm, leaf: member.key.leaf))
      }
    }
  }
}
