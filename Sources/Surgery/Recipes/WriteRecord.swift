public import SutureJSON
public import SutureText

/// How to write, as a recipe says it and a provenance records it: options by their names, with their values.
///
/// Surgery does not know the options; whoever writes does.
public struct WriteRecord: Sendable {
  public struct Member: Sendable {
    public let key: String
    public let value: JSONValue
    /// Where it is written.
    public let place: FailurePlace

    public init(_ key: String, _ value: JSONValue, at place: FailurePlace = FailurePlace()) {
      (self.key, self.value, self.place) = (key, value, place)
    }
  }

  /// In the order in which they are written.
  public var members: [Member]

  public init(_ members: [Member] = []) { self.members = members }

  public var isEmpty: Bool { members.isEmpty }

  /// As a recipe in JSON has it.
  public var json: JSONValue { .object(members.map { ($0.key, $0.value) }) }

  /// The value of the first option of that name.
  public subscript(key: String) -> JSONValue? { members.first { $0.key == key }?.value }

  /// Refuses the first option that is none of those `known`, and tells which it was perhaps meant to be.
  public func refuseUnknown(known: [String]) throws(Failure) {
    guard let member = members.first(where: { !known.contains($0.key) }) else { return }
    let near = Spelling.nearest(to: member.key, among: known).map { "did you mean \"\($0)\"?" }
    throw Failure(
      .usage, at: member.place,
      "unknown key \"\(member.key.visible)\"; \(near ?? "known here: \(known.joined(separator: ", "))")")
  }
}
