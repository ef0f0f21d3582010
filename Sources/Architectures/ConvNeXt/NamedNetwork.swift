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
