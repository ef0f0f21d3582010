/// What comes next in a document.
struct Event {
  enum Kind {
    case streamStart
    case streamEnd
    case documentStart
    case documentEnd
    case alias
    case scalar(String, isPlain: Bool)
    case sequenceStart(isFlow: Bool)
    case mappingStart(isFlow: Bool)
    case collectionEnd
  }

  let kind: Kind
  let start: EventMark
  let end: EventMark
  /// The name of an anchor, or that an alias names.
  let anchor: String?
  /// The full name of an explicit tag.
  let tag: String?
}
