/// The tags that a document may put before a node.
public enum YAMLTag: String, Sendable {
  case string = "str"
  case int
  case float
  case bool
  case null
  case sequence = "seq"
  case mapping = "map"

  private static let prefix = "tag:yaml.org,2002:"

  /// The tag of that full name; `nil` where it is none of these.
  init?(full name: String) {
    guard name.hasPrefix(Self.prefix) else { return nil }
    self.init(rawValue: String(name.dropFirst(Self.prefix.count)))
  }

  /// A full name as a document spells it.
  static func spell(full name: String) -> String {
    name.hasPrefix(prefix) ? "!!" + name.dropFirst(prefix.count) : name
  }
}
