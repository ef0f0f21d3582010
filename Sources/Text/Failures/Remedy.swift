/// What may be done about an error.
public enum Remedy: Sendable, Equatable {
  /// Something to know, or to do outside of this library: "fetch the file again".
  case advice(String)
  /// Another value of a setting of the request, and what it does: `unexpected`, `drop`, "leaves them out".
  ///
  /// A setting is called as recipes and the options of the command call it.
  case setting(String, value: String? = nil, String)
}

extension Remedy: ExpressibleByStringInterpolation {
  public init(stringLiteral text: String) { self = .advice(text) }
}

extension Remedy: CustomStringConvertible {
  /// In the words of the library: "unexpected: drop leaves them out".
  public var description: String {
    switch self {
    case .advice(let text): text
    case .setting(let name, let value?, let effect): "\(name): \(value) \(effect)"
    case .setting(let name, nil, let effect): "\(name) \(effect)"
    }
  }
}
