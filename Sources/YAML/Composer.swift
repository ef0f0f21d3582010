internal import SutureText

/// Makes nodes of libyaml's events, with a stack of its own instead of recursion.
struct Composer: ~Copyable {
  private var events: EventReader
  private var source: SourceText
  private let limits: YAMLLimits
  private var open: [OpenCollection] = []
  private var nodes = 0

  init(_ source: SourceText, limits: YAMLLimits) throws(YAMLError) {
    if let missing = EventReader.missing {
      throw YAMLError(
        source.position(ofByte: 0), "YAML cannot be read without libyaml: \(missing)",
        advice: "on Debian: apt-get install libyaml-0-2")
    }
    guard let events = EventReader(source.bytes) else {
      throw YAMLError(source.position(ofByte: 0), Self.outOfMemory)
    }
    self.events = events
    (self.source, self.limits) = (source, limits)
  }

  /// The document, after whose end nothing may come.
  mutating func document() throws(YAMLError) -> YAMLNode {
    var root: YAMLNode?
    while true {
      let event = try next()
      switch event.kind {
      case .streamStart, .documentEnd: continue
      case .documentStart:
        if root != nil { throw error(at: event, "a second document begins; a file may have one") }
        continue
      case .streamEnd:
        guard let root else { throw YAMLError(source.position(ofByte: 0), Self.empty) }
        return root
      case .alias:
        let name = (event.anchor ?? "").visible(atMost: 60)
        throw error(at: event, "the alias *\(name) is not supported", advice: SyntaxAdvice.quote("*"))
      case .sequenceStart(let isFlow): try begin(event, isMapping: false, isFlow: isFlow)
      case .mappingStart(let isFlow): try begin(event, isMapping: true, isFlow: isFlow)
      case .scalar(let text, let isPlain):
        let node = try scalar(event, text, isPlain: isPlain)
        if open.isEmpty, isPlain, text.isEmpty, node.tag == nil { throw YAMLError(node.position, Self.empty) }
        try add(node, to: &root)
      case .collectionEnd:
        guard let finished = open.popLast() else { continue }
        try add(finished.node, to: &root)
      }
    }
  }

  private mutating func add(_ node: YAMLNode, to root: inout YAMLNode?) throws(YAMLError) {
    if open.isEmpty { root = node } else { try open[open.count - 1].append(node) }
  }

  private mutating func begin(_ event: Event, isMapping: Bool, isFlow: Bool) throws(YAMLError) {
    let tag = try properties(of: event)
    if let tag, tag != (isMapping ? .mapping : .sequence) {
      throw mismatch(tag, isMapping ? "a mapping" : "a list", event)
    }
    if open.last?.wantsKey == true {
      throw .keyIsNoScalar(
        at: source.position(event.start), advice: isFlow ? SyntaxAdvice.quote(isMapping ? "{" : "[") : nil)
    }
    if open.count >= limits.depth {
      throw error(at: event, "more than \(limits.depth) nested lists and mappings")
    }
    open.append(
      OpenCollection(isMapping: isMapping, isFlow: isFlow, at: source.position(event.start), tag: tag))
  }

  private mutating func scalar(_ event: Event, _ text: String, isPlain: Bool) throws(YAMLError) -> YAMLNode {
    let tag = try properties(of: event)
    let position = source.position(event.start)
    if let tag {
      guard let scalar = YAMLScalar(text, isPlain: isPlain, tag: tag) else {
        throw mismatch(tag, text.quoted(), event)
      }
      return YAMLNode(.scalar(scalar), at: position, tag: tag)
    }
    let first = source.offset(ofCharacter: event.start.character)
    let isEmpty = event.start == event.end
    // libyaml drops a tag that is nothing but its mark.
    if !isEmpty, first < source.bytes.count, source.bytes[first] == UInt8(ascii: "!") {
      throw unsupported("!", event)
    }
    return YAMLNode(
      .scalar(YAMLScalar(text, isPlain: isPlain)), at: position,
      isHiddenByComment: isEmpty && source.isComment(at: first))
  }

  /// Counts a node, refuses its anchor, and has its tag.
  private mutating func properties(of event: Event) throws(YAMLError) -> YAMLTag? {
    nodes += 1
    if nodes > limits.nodes { throw error(at: event, "more than \(limits.nodes) values") }
    if let anchor = event.anchor?.visible(atMost: 60) {
      throw error(at: event, "the anchor &\(anchor) is not supported", advice: SyntaxAdvice.quote("&"))
    }
    guard let name = event.tag else { return nil }
    guard let tag = YAMLTag(full: name) else {
      throw unsupported(YAMLTag.spell(full: name), event)
    }
    return tag
  }

  private static let outOfMemory = "not enough memory"
  private static let empty = "the document is empty"

  private func error(at event: Event, _ reason: String, advice: String? = nil) -> YAMLError {
    YAMLError(source.position(event.start), reason, advice: advice)
  }

  private func mismatch(_ tag: YAMLTag, _ found: String, _ event: Event) -> YAMLError {
    error(at: event, "the tag !!\(tag.rawValue) does not fit \(found)")
  }

  private func unsupported(_ tag: String, _ event: Event) -> YAMLError {
    error(at: event, "the tag \(tag.visible(atMost: 60)) is not supported", advice: SyntaxAdvice.quote("!"))
  }

  private mutating func next() throws(YAMLError) -> Event {
    do { return try events.next() } catch { throw refusal(of: error) }
  }

  private mutating func refusal(of failure: EventFailure) -> YAMLError {
    switch failure.kind {
    case .memory: return YAMLError(source.position(failure.mark), Self.outOfMemory)
    case .reader:
      let position = source.position(ofByte: failure.offset)
      guard let code = UInt32(exactly: failure.value) else { return YAMLError(position, "invalid UTF-8") }
      let digits = String(code, radix: 16, uppercase: true)
      let padding = String(repeating: "0", count: max(0, 4 - digits.count))
      return YAMLError(position, "an unescaped control character (U+\(padding)\(digits))")
    case .syntax: break
    }
    // A scanner stops behind what misled it.
    let misled = ["while scanning an alias", "while scanning an anchor", "while scanning a tag"]
    let scanned = ["while scanning a block scalar", "while scanning a simple key"]
    let begins = failure.context.map { misled.contains($0) || scanned.contains($0) } ?? false
    let offset = source.offset(ofCharacter: failure.mark.character)
    if failure.problem.contains("tab character")
      || offset < source.bytes.count && source.bytes[offset] == UInt8(ascii: "\t")
    {
      return YAMLError(source.position(failure.mark), "a tab where YAML takes spaces only")
    }
    let mark = begins ? failure.contextMark : failure.mark
    let focus = source.offset(ofCharacter: mark.character)
    return YAMLError(
      source.position(mark), Self.words(failure, begins: begins),
      advice: SyntaxAdvice.onSyntax(failure.problem, at: focus, of: source.bytes))
  }

  private static func words(_ failure: EventFailure, begins: Bool) -> String {
    guard let context = failure.context else { return failure.problem }
    if begins { return "\(failure.problem) \(context)" }
    return "\(failure.problem) \(context) that begins at line \(failure.contextMark.line + 1)"
  }
}
