package import SutureText

/// A ConvNeXt among the tensors of a file, under the names of one library.
package struct NamedNetwork: Sendable {
  package let scheme: NamingScheme
  /// What stands before all its names, such as `module.` or `model.0.`.
  package let prefix: String
  /// Which entries it is made of, and what they are.
  package let members: [(index: Int, key: ConvNeXtKey)]

  package var hasClassifier: Bool { members.contains { $0.key.part == .classifier } }

  package var lastStage: Int { members.map(\.key.stage).max() ?? 0 }

  /// What `key` of this network is called under `target`.
  ///
  /// - Throws: `Failure` where it has no name there.
  package func name(_ key: ConvNeXtKey, in target: NamingScheme) throws(Failure) -> String {
    var key = key
    if key.part == .finalNorm, target.finalNormIsLastOutputNorm {
      key = ConvNeXtKey(part: .outputNorm, stage: lastStage, leaf: key.leaf)
    }
    guard let name = target.name(key) else {
      throw Failure(
        .refused, "\(target.rawValue) has no name for the norm of the output of stage \(key.stage)",
        remedies: ["leave those norms out: they belong to a detector"])
    }
    let isInside = !(target.classifierIsOutside && key.part == .classifier)
    return prefix + (hasClassifier && isInside ? target.body : "") + name
  }
}

extension NamingScan {
  /// What the entries of one place are, if their names are those of `scheme`.
  struct Attempt {
    let scheme: NamingScheme
    let prefix: String
    private(set) var members: [(index: Int, key: ConvNeXtKey)] = []
    private(set) var strangers: [(name: String, why: String)] = []

    var hasBlocks: Bool { members.contains { $0.key.part == .depthwise } }

    init(
      _ scheme: NamingScheme, at place: String, inside: [Int], rest: [Int],
      _ entries: [(name: String, shape: [Int])]
    ) {
      self.scheme = scheme
      var outside: [(index: Int, key: ConvNeXtKey)] = []
      var prefix = place
      if scheme.classifierIsOutside, let start = place.start(before: scheme.body) {
        for index in rest {
          guard let name = entries[index].name.rest(after: start), let key = scheme.key(name),
            key.part == .classifier
          else { continue }
          outside.append((index, key))
        }
        // Without a classifier the network is a backbone, and the prefix is somebody else's.
        if !outside.isEmpty { prefix = start }
      }
      self.prefix = prefix
      for index in inside {
        let (name, shape) = entries[index]
        guard let rest = name.rest(after: place), let key = scheme.key(rest),
          !(scheme.classifierIsOutside && key.part == .classifier)
        else {
          strangers.append((name, "there is no such name"))
          continue
        }
        if scheme.fits(shape, key) {
          members.append((index, key))
        } else {
          let rank = scheme.rank(of: key) ?? 0
          strangers.append((name, "its shape is \(shape), \(rank) axes are right"))
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
