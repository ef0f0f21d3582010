internal import SutureCheckpoints

extension Argument {
  /// `--limit NAME=VALUE`, for files that ask for more than usual.
  static func limit(_ path: WritableKeyPath<Values, ReadLimits>) -> Argument {
    option("limit", "NAME=N", "Let the file ask for more, say depth=5000; --limit help lists the names.") {
      try raise(&$0[keyPath: path], $1)
    }
  }

  private static func raise(_ limits: inout ReadLimits, _ text: String) throws {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    guard let known = ReadLimits.names.first(where: { $0.name == name }) else {
      let list = ReadLimits.names.map { "\($0.name)=\(ReadLimits()[keyPath: $0.path])  \($0.meaning)" }
      throw UsageError(
        "--limit: \"\(name)\" is not the name of a limit", hints: ["the limits and their defaults:"] + list)
    }
    guard parts.count == 2, let value = Int(parts[1]), value > 0 else {
      throw UsageError(
        "--limit \(name)=N needs a whole number, such as \(name)=\(ReadLimits()[keyPath: known.path])")
    }
    limits[keyPath: known.path] = value
  }
}
