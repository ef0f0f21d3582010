internal import SutureArchitectures
internal import SutureBytes
internal import SutureSurgery
internal import SutureText

extension Argument {
  /// `--naming SCHEME`, which a command does at once or keeps for later.
  static func naming(_ apply: @escaping (inout Values, NamingScheme) -> Void) -> Argument {
    let words = NamingScheme.allCases.map(\.rawValue)
    return option("naming", "SCHEME", "Name a ConvNeXt as \(words.joined(separator: ", ")) would.") {
      guard let scheme = NamingScheme(rawValue: $1) else {
        let near = Spelling.nearest(to: $1, among: words).map { ["did you mean \($0)?"] } ?? []
        throw UsageError(
          "--naming \($1): there is no such scheme",
          hints: near + ["there are: \(words.joined(separator: ", "))"])
      }
      apply(&$0, scheme)
    }
  }
}
