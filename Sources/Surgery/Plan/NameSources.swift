internal import SutureText

/// What a step made a tensor of, told from the tensor's name after it.
public enum NameSources: Sendable, Equatable {
  /// All of these tensors of its input, and of other files; none where the elements are new.
  case all([String], and: [Foreign] = [])
  /// One of these, the likeliest first; none where the step cannot have made such a name.
  case oneOf([String])
  /// That cannot be told.
  case unknown

  /// A tensor of another file.
  public struct Foreign: Sendable, Equatable {
    /// As the step calls the file.
    public let file: String
    public let name: String

    public init(file: String, name: String) { (self.file, self.name) = (file, name) }
  }

  /// One tensor.
  public static func one(_ name: String) -> NameSources { .all([name]) }
}

extension ResolvedFields {
  /// Those of the recorded keys that `forward` makes `name` of; `name` itself where the step did not touch it.
  public func sources(of name: String, _ forward: (String) throws -> [String]) -> NameSources {
    guard let keys = names(Self.keys) else { return .unknown }
    let wanted = ExactString(name)
    let found = keys.filter { key in
      ((try? forward(key)) ?? []).contains { ExactString($0) == wanted }
    }
    return .all(found.isEmpty ? [name] : found)
  }
}
