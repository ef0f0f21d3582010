public import SutureBytes

/// The pickle machine: runs a stream's opcodes over a stack of inert values.
///
/// Nothing is imported, looked up or called.
///
///     PROTO 2, then opcodes until STOP:
///       push a value         NONE, BININT, BINUNICODE, EMPTY_DICT, GLOBAL, …
///       gather since MARK    TUPLE, APPENDS, SETITEMS, …
///       call (recorded)      REDUCE, NEWOBJ, OBJ, INST; BUILD hangs state on the result
///       remember, recall     BINPUT, MEMOIZE; BINGET
///
/// Reading, like everything done with the result, is a loop: nesting costs memory of the arena, never stack.
public struct Unpickler: ~Copyable {
  var graph = PickleGraph()
  var stack: [PickleID] = []
  /// Where in the stack each open MARK stands.
  var marks: [Int] = []
  var memo = PickleMemo()
  let limits: PickleLimits

  /// Where the opcode at hand begins, for errors.
  var offset = 0
  var opcode: Opcode?
  /// Where the innermost FRAME ends.
  var frameEnd: Int?

  init(limits: PickleLimits) { self.limits = limits }

  /// Reads the pickle that `bytes` begins with.
  ///
  /// - Complexity: O(*n*) in time and memory for a stream of *n* bytes.
  public static func load(_ bytes: [UInt8], limits: PickleLimits = .init()) throws(PickleError) -> PickleGraph
  {
    let (graph, fault) = prefix(of: bytes, limits: limits)
    if let fault { throw fault }
    return graph
  }

  private static func prefix(of bytes: [UInt8], limits: PickleLimits) -> (
    graph: PickleGraph, fault: PickleError?
  ) {
    var machine = Unpickler(limits: limits)
    machine.graph.expect(bytes.count / 4)
    machine.memo.expect(min(bytes.count / 4, PickleGraph.mostExpected))
    var reader = unsafe ByteReader(bytes.span.bytes)
    var fault: PickleError?
    do { try machine.run(&reader) } catch { fault = error }
    machine.graph.streamByteCount = reader.offset
    return (machine.graph, fault)
  }

  /// Reads the pickle that begins at `offset` of `source`, and no more of it than the pickle needs.
  ///
  /// Where the pickle ends is known only once it has been read: a window grows until it holds the whole.
  ///
  /// - Throws: ``PickleError``, with offsets that count from the start of the pickle, or what the source throws.
  /// - Complexity: O(*n*) for a pickle of *n* bytes.
  public static func load(_ source: any ByteSource, at offset: Int, limits: PickleLimits = .init()) throws
    -> PickleGraph
  {
    let (graph, fault) = try prefix(of: source, at: offset, limits: limits)
    if let fault { throw fault }
    return graph
  }

  /// Reads the pickle that begins at `offset` of `source` as far as it is one.
  ///
  /// Python does what stands before a fault before it comes to it.
  ///
  /// - Returns: what stands before `fault`, which is `nil` where the pickle is whole.
  public static func prefix(of source: any ByteSource, at offset: Int, limits: PickleLimits = .init()) throws
    -> (graph: PickleGraph, fault: PickleError?)
  {
    let available = max(source.byteCount - offset, 0)
    var window = min(firstWindow, available)
    while true {
      let (graph, fault) = prefix(of: try source.bytes(offset..<(offset + window)), limits: limits)
      // An operand that is longer than all that is left will not be there however far one reads.
      guard let fault, let needed = fault.needed, window < available, needed <= available - fault.offset
      else {
        return (graph, fault)
      }
      guard window < limits.streamBytes else {
        return (
          graph,
          PickleError(
            offset: fault.offset, reason: "more than \(limits.streamBytes) bytes of pickle",
            limit: "pickle-bytes")
        )
      }
      window = min(window * 4, available, limits.streamBytes)
    }
  }

  private static let firstWindow = 1 << 16

  private mutating func run(_ reader: inout ByteReader) throws(PickleError) {
    var count = 0
    while true {
      offset = reader.offset
      count += 1
      if count > limits.opcodes { throw exceeded("opcodes", limits.opcodes, name: "opcodes") }
      opcode = nil
      guard reader.remaining > 0 else {
        throw PickleError(offset: offset, reason: "the stream ends without STOP", needed: 1)
      }
      let byte: UInt8
      do { byte = try reader.byte() } catch { throw truncated(needed: 1, available: 0) }
      guard let code = Opcode(rawValue: byte) else {
        throw error("0x\(String(byte, radix: 16)) is no pickle opcode")
      }
      opcode = code
      if graph.foreignOpcode == nil, !code.isTakenByWeightsOnly { graph.foreignOpcode = code.name }
      if code == .stop { break }
      do {
        try execute(code, &reader)
      } catch let failure as PickleError {
        throw failure
      } catch let failure as TruncatedInput {
        throw truncated(needed: failure.needed, available: failure.available)
      } catch {
        throw self.error("\(error)")
      }
      if let end = frameEnd, reader.offset >= end {
        if reader.offset > end { throw error("a frame ends inside an opcode") }
        frameEnd = nil
      }
    }
    graph.root = try pop()
  }

  // MARK: Errors

  func error(_ reason: String) -> PickleError {
    PickleError(offset: offset, reason: (opcode.map { "\($0.name): " } ?? "") + reason)
  }

  func truncated(needed: Int, available: Int) -> PickleError {
    let wanted = needed == Int.max ? "more" : String(needed)
    var error = error("the stream ends: \(wanted) bytes wanted, \(available) left")
    error.needed = needed
    return error
  }

  /// - Parameter name: what a program calls the limit.
  func exceeded(_ what: String, _ limit: Int, name: String) -> PickleError {
    var error = error("more than \(limit) \(what)")
    error.limit = name
    return error
  }

  func wrong(_ expected: String, found: String) -> PickleError {
    error("\(expected) expected, found \(found)")
  }

  // MARK: Stack

  mutating func push(_ value: PickleValue) throws(PickleError) {
    try requireRoom()
    stack.append(graph.add(value, at: offset))
  }

  /// Throws where the graph may have no more values.
  func requireRoom() throws(PickleError) {
    if graph.valueCount >= min(limits.values, Int(Int32.max) - 1) {
      throw exceeded("values", limits.values, name: "values")
    }
  }

  /// Takes the top of the stack, which an open MARK protects.
  mutating func pop() throws(PickleError) -> PickleID {
    guard stack.count > (marks.last ?? 0), let top = stack.popLast() else {
      throw error("the stack is empty")
    }
    return top
  }

  func top() throws(PickleError) -> PickleID {
    guard stack.count > (marks.last ?? 0), let top = stack.last else { throw error("the stack is empty") }
    return top
  }

  /// Takes everything above the innermost MARK, and the MARK.
  mutating func popToMark() throws(PickleError) -> [PickleID] {
    let mark = try popMark()
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  /// Takes the innermost MARK, and gives where in the stack it stood.
  mutating func popMark() throws(PickleError) -> Int {
    guard let mark = marks.popLast() else { throw error("there is no MARK on the stack") }
    return mark
  }

  mutating func popPairs() throws(PickleError) -> [(key: PickleID, value: PickleID)] {
    let items = try popToMark()
    guard items.count.isMultiple(of: 2) else { throw error("a key has no value") }
    return stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }
  }

  // MARK: Memo

  mutating func remember(_ key: Int) throws(PickleError) {
    memo[key] = try top()
    if memo.count > limits.memo { throw exceeded("memo slots", limits.memo, name: "memo") }
  }

  mutating func recall(_ key: Int) throws(PickleError) {
    guard let id = memo[key] else { throw error("memo slot \(key) was never filled") }
    stack.append(id)
    // A stream of GETs could otherwise grow the stack without making a value.
    if stack.count > limits.values { throw exceeded("values", limits.values, name: "values") }
  }
}
