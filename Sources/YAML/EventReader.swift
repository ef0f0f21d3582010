internal import CSutureYAML

/// libyaml's parser over bytes of its own.
@safe struct EventReader: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// What is missing to read YAML at all; `nil` where nothing is.
  static var missing: String? { unsafe suture_yaml_open().map { unsafe String(cString: $0) } }

  /// A parser at the start of `bytes`, where nothing is missing; `nil` where there is no memory for one.
  init?(_ bytes: [UInt8]) {
    unsafe parser = .allocate(capacity: 1)
    unsafe input = .allocate(capacity: bytes.count)
    _ = unsafe input.initialize(fromContentsOf: bytes)
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      unsafe parser.deallocate()
      unsafe input.deallocate()
      return nil
    }
    unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe input.deallocate()
  }

  mutating func next() throws(EventFailure) -> Event {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure }
    defer { unsafe yaml_event_delete(&event) }
    return unsafe Self.event(event)
  }

  private var failure: EventFailure {
    let kind: EventFailure.Kind =
      switch unsafe parser.pointee.error {
      case YAML_MEMORY_ERROR: .memory
      case YAML_READER_ERROR: .reader
      default: .syntax
      }
    return unsafe EventFailure(
      kind: kind, problem: parser.pointee.problem.map { unsafe String(cString: $0) } ?? "not YAML",
      offset: Int(parser.pointee.problem_offset), value: Int(parser.pointee.problem_value),
      mark: EventMark(parser.pointee.problem_mark),
      context: parser.pointee.context.map { unsafe String(cString: $0) },
      contextMark: EventMark(parser.pointee.context_mark))
  }

  private static func event(_ event: yaml_event_t) -> Event {
    let data = unsafe event.data
    var (anchor, tag): (UnsafeMutablePointer<yaml_char_t>?, UnsafeMutablePointer<yaml_char_t>?)
    let kind: Event.Kind
    switch unsafe event.type {
    case YAML_STREAM_START_EVENT: kind = .streamStart
    case YAML_STREAM_END_EVENT: kind = .streamEnd
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_ALIAS_EVENT:
      unsafe anchor = data.alias.anchor
      kind = .alias
    case YAML_SCALAR_EVENT:
      unsafe (anchor, tag) = (data.scalar.anchor, data.scalar.tag)
      let text = unsafe UnsafeBufferPointer(start: data.scalar.value, count: Int(data.scalar.length))
      kind = unsafe .scalar(
        String(decoding: text, as: UTF8.self), isPlain: data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
    case YAML_SEQUENCE_START_EVENT:
      unsafe (anchor, tag) = (data.sequence_start.anchor, data.sequence_start.tag)
      kind = unsafe .sequenceStart(isFlow: data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE)
    case YAML_MAPPING_START_EVENT:
      unsafe (anchor, tag) = (data.mapping_start.anchor, data.mapping_start.tag)
      kind = unsafe .mappingStart(isFlow: data.mapping_start.style == YAML_FLOW_MAPPING_STYLE)
    default: kind = .collectionEnd
    }
    return unsafe Event(
      kind: kind, start: EventMark(event.start_mark), end: EventMark(event.end_mark),
      anchor: anchor.map { unsafe String(cString: $0) }, tag: tag.map { unsafe String(cString: $0) })
  }
}

extension EventMark {
  fileprivate init(_ mark: yaml_mark_t) {
    self.init(character: Int(mark.index), line: Int(mark.line), column: Int(mark.column))
  }
}
