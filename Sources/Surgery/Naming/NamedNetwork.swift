/// A ConvNeXt among the tensors of a file, under the names of one library.
struct NamedNetwork: Sendable {
  let scheme: NamingScheme
  /// What stands before all its names, such as `module.` or `model.0.`.
  let prefix: String
  /// Which entries it is made of, and what they are.
  let members: [(index: Int, key: ConvNeXtKey)]

  var hasClassifier: Bool { members.contains { $0.key.part == .classifier } }

  var lastStage: Int { members.map(\.key.stage).max() ?? 0 }

  /// What `key` of this network is called under `target`.
  ///
  /// - Throws: ``NamingError`` where it has no name there.
  func name(_ key: ConvNeXtKey, in target: NamingScheme) throws(NamingError) -> String {
    let table = target.table
    var key = key
    if key.part == .finalNorm, table.finalNormIsLastOutputNorm {
      key = ConvNeXtKey(part: .outputNorm, stage: lastStage, leaf: key.leaf)
    }
    guard let name = table.name(key) else {
      throw NamingError(
        .impossible, "\(target.rawValue) has no name for the norm of the output of stage \(key.stage)",
        hints: ["leave those norms out: they belong to a detector"])
    }
    let isInside = !(table.classifierIsOutside && key.part == .classifier)
    return prefix + (hasClassifier && isInside ? table.body : "") + name
  }
}
