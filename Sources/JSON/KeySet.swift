internal import SutureBytes
internal import SutureText

/// The keys of one object so far.
///
/// Most objects have a handful, for which a set costs more than it saves.
struct KeySet {
  private var keys: Set<ExactString> = []

  private static let few = 8

  /// Adds `key`, which follows `members`; false where one of them has it.
  mutating func insert(_ key: String, among members: [(key: String, value: JSONValue)]) -> Bool {
    let key = ExactString(key)
    if members.count < Self.few { return !members.contains { ExactString($0.key) == key } }
    if members.count == Self.few { keys = Set(members.map { ExactString($0.key) }) }
    return keys.insert(key).inserted
  }
}
