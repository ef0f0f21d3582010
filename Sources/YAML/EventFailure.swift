/// Why libyaml has no next event.
struct EventFailure: Error {
  enum Kind { case memory, reader, syntax }

  let kind: Kind
  let problem: String
  /// The byte that a reader could not accept, and the character that it is.
  let offset: Int
  let value: Int
  let mark: EventMark
  /// What libyaml was about, and since where.
  let context: String?
  let contextMark: EventMark
}
