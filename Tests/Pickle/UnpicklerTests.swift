import SutureText
import Testing

@testable import SuturePickle

@Suite struct `The pickle machine` {
  private func root(_ bytes: [UInt8]) throws -> (PickleGraph, PickleValue) {
    let graph = try Unpickler.load(bytes)
    return (graph, graph[graph.root])
  }

  private func reason(_ bytes: [UInt8], limits: PickleLimits = .init()) -> String? {
    do {
      _ = try Unpickler.load(bytes, limits: limits)
      return nil
    } catch { return error.reason }
  }

  @Test func `keeps a dict's items in the order of the stream`() throws {
    let (graph, value) = try root(stream(0x80, 2, "}(U", 1, "bK", 1, "U", 1, "aK", 2, "u."))
    guard case .dict(let items) = value else { return #expect(Bool(false), "\(value)") }
    #expect(items.map { graph.string($0.key) } == ["b", "a"])
    #expect(items.map { graph.int($0.value) } == [1, 2])
  }

  /// Short containers lie together; what grows out of that must still be the same value.
  @Test(arguments: 0...20)
  func `keeps containers that grow item by item, in turn`(count: Int) throws {
    // A list, a dict and a tuple of both: (l := [], d := {}), then l.append(n), d[n] = n, over and over.
    var ops = stream(0x80, 2, "]", "q", 0, "}", "q", 1)
    for number in 0..<count {
      ops += stream("h", 0, "K", number, "a0") + stream("h", 1, "K", number, "K", 100 + number, "s0")
    }
    let (graph, value) = try root(ops + stream(0x86, "."))
    guard case .tuple(let parts) = value, parts.count == 2, case .list(let items) = graph[parts[0]],
      case .dict(let pairs) = graph[parts[1]]
    else { return #expect(Bool(false), "\(value)") }
    #expect(items.map { graph.int($0) } == Array(0..<count))
    #expect(pairs.map { graph.int($0.key) } == Array(0..<count))
    #expect(pairs.map { graph.int($0.value) } == (0..<count).map { 100 + $0 })
    #expect(graph.tuple(graph.root).map(Array.init) == parts && graph.tuple(parts[0]) == nil)
  }

  @Test(arguments: [
    0, 1, -1, Int(Int32.max), Int(Int32.max) + 1, Int(Int32.min), Int(Int32.min) - 1, Int.max, Int.min,
  ])
  func `keeps integers of every width`(number: Int) throws {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    let (graph, value) = try root(stream(0x8A, 8, bytes, "."))
    guard case .int(number) = value else { return #expect(Bool(false), "\(value)") }
    #expect(graph.int(graph.root) == number)
  }

  @Test(
    arguments: [
      ([], 0), ([0xFF], -1), ([0x00, 0x80, 0x00], 32768), ([0, 0, 0, 0, 0, 0, 0, 0x80], Int.min),
      ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], Int.max), ([0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0], 255),
    ] as [([UInt8], Int)])
  func `reads LONG1 of any length as two's complement`(bytes: [UInt8], expected: Int) throws {
    let (graph, _) = try root(stream(0x80, 2, 0x8A, bytes.count, bytes, "."))
    #expect(graph.int(graph.root) == expected)
  }

  @Test func `keeps an integer beyond 64 bits whole`() throws {
    let bytes = [UInt8](repeating: 0, count: 8) + [1]
    guard case .bigInt(let kept) = try root(stream(0x8A, 9, bytes, ".")).1 else {
      return #expect(Bool(false))
    }
    #expect(kept == bytes)
  }

  @Test func `makes an inert object of a call`() throws {
    let (graph, value) = try root(stream("cos\nsystem\n(X", [2, 0, 0, 0], "lstR."))
    guard case .object(let object) = value else { return #expect(Bool(false), "\(value)") }
    #expect(graph.globalName(object.callable) == "os.system")
    #expect(object.arguments.map { graph.string($0) } == ["ls"])
  }

  @Test func `hangs state on the object that BUILD finds`() throws {
    let (_, value) = try root(stream("ccollections\nOrderedDict\n)R}b."))
    guard case .object(let object) = value else { return #expect(Bool(false)) }
    #expect(object.states.count == 1)
  }

  @Test func `takes names for STACK_GLOBAL from the stack`() throws {
    let (_, value) = try root(stream(0x80, 4, 0x8C, 1, "m", 0x8C, 1, "n", 0x93, "."))
    guard case .global(module: "m", name: "n") = value else { return #expect(Bool(false), "\(value)") }
  }

  @Test func `keeps a name once, by module and name, with the offset of the first`() throws {
    let parts = ["ca.b\nc\n", "ca\nb.c\n", "ca.b\nc\n"]
    let (graph, value) = try root(stream(parts[0], parts[1], parts[2], 0x87, "."))
    #expect(graph.names.map { [$0.module, $0.name] } == [["a.b", "c"], ["a", "b.c"]])
    #expect(graph.names.map(\.offset) == [0, parts[0].utf8.count])
    guard case .tuple(let items) = value else { return #expect(Bool(false), "\(value)") }
    #expect(items.map { graph.namePlace($0) } == [0, 1, 0])
  }

  @Test func `calls what is a large tuple of arguments as any other`() throws {
    let (graph, value) = try root(stream("cm\nf\n(", [Int](repeating: 0x4E, count: 20), "tR."))
    guard case .object(let object) = value else { return #expect(Bool(false), "\(value)") }
    #expect(graph.globalName(object.callable) == "m.f")
    #expect(object.arguments.count == 20)
    #expect(graph.arguments(ofPlainCall: graph.root)?.count == 20)
  }

  @Test func `shares a value that the memo recalls`() throws {
    let (_, value) = try root(stream(0x80, 4, "]", 0x94, "]", 0x94, "h", 0, "h", 1, 0x86, "."))
    guard case .tuple(let items) = value else { return #expect(Bool(false)) }
    #expect(items[0] != items[1])
  }

  @Test func `nests two hundred thousand lists without touching the stack`() throws {
    let depth = 200_000
    let bytes =
      [UInt8](repeating: UInt8(ascii: "]"), count: depth)
      + [UInt8](repeating: UInt8(ascii: "a"), count: depth - 1)
    _ = try Unpickler.load(bytes + stream("."))
  }

  @Test func `reads one tuple out of a hundred thousand nested ones in linear time`() throws {
    var bytes = stream("(")
    for _ in 0..<100_000 { bytes += stream("N", 0x85) }
    guard case .tuple(let items) = try root(bytes + stream("t.")).1 else { return #expect(Bool(false)) }
    #expect(items.count == 100_000)
  }

  @Test(
    arguments: [
      (stream(), "the stream ends without STOP"),
      (stream("."), "STOP: the stack is empty"),
      (stream("R."), "REDUCE: the stack is empty"),
      (stream("t."), "TUPLE: there is no MARK on the stack"),
      (stream("}(K", 1, "u."), "SETITEMS: a key has no value"),
      (stream("]NNs."), "SETITEM: a dict expected, found list"),
      (stream("h", 200, "."), "BINGET: memo slot 200 was never filled"),
      (stream("q", 0, "."), "BINPUT: the stack is empty"),
      (stream(0x82, 1, "."), "EXT1: this opcode refers to data outside the file"),
      (stream(0x97, "."), "NEXT_BUFFER: this opcode refers to data outside the file"),
      (
        stream("X", [0xF0, 0xFF, 0xFF, 0xFF], "abc"),
        "BINUNICODE: the stream ends: 4294967280 bytes wanted, 3 left"
      ),
      (
        stream(0x8D, [0, 0, 0, 0, 0, 0, 0, 0x80]),
        "BINUNICODE8: the stream ends: more bytes wanted, 0 left"
      ),
      (stream(0x8B, [0xFF, 0xFF, 0xFF, 0xFF], "."), "LONG4: the length is -1"),
      (stream("Iabc\n."), "INT: \"abc\" is not a number"),
      (stream("X", [1, 0, 0, 0], 0xFF, "."), "BINUNICODE: the text is not valid UTF-8"),
      (stream("X", [4, 0, 0, 0], [0xED, 0xA0, 0x80, 0xFF], "."), "BINUNICODE: the text is not valid UTF-8"),
      (stream("X", [2, 0, 0, 0], [0xED, 0xA0], "."), "BINUNICODE: the text is not valid UTF-8"),
      (stream(0x80, 6, "."), "PROTO: protocol 6 is unknown; 0 to 5 are supported"),
      (stream(0x95, [1, 0, 0, 0, 0, 0, 0, 0], "K", 1, "."), "BININT1: a frame ends inside an opcode"),
      (stream("X", [1, 0, 0, 0], "a)R."), "REDUCE: a class or function expected, found str"),
      (stream(0xFF), "0xff is no pickle opcode"),
    ] as [([UInt8], String)])
  func `refuses what is malformed and says why`(bytes: [UInt8], expected: String) {
    #expect(reason(bytes) == expected)
  }

  @Test func `tells the offset and the opcode of an error`() throws {
    let error = #expect(throws: PickleError.self) { try Unpickler.load(stream(0x80, 2, "NNs.")) }
    #expect(error?.offset == 4)
    #expect(error?.description == "byte 4: SETITEM: the stack is empty")
  }

  @Test func `stops at each limit`() {
    var limits = PickleLimits()
    limits.opcodes = 3
    #expect(reason(stream("NNNN."), limits: limits) == "NONE: more than 3 opcodes")
    limits = PickleLimits()
    limits.values = 2
    #expect(reason(stream("NNN."), limits: limits) == "NONE: more than 2 values")
    limits = PickleLimits()
    limits.marks = 1
    #expect(reason(stream("((."), limits: limits) == "MARK: more than 1 open MARKs")
    limits = PickleLimits()
    limits.globalName = 4
    #expect(
      reason(stream("cmodule\nname\n."), limits: limits)
        == "GLOBAL: more than 4 bytes in the name of a global"
    )
  }

  @Test func `never traps on noise`() {
    var generator = SystemRandomNumberGenerator()
    let opcodes = Array("().012BCFGIJKLMNPQRSTUVX]abcdeghijloprstuq}".utf8) + Array(0x80...0x98)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
        Bool.random(using: &generator)
          ? opcodes.randomElement(using: &generator) ?? 0 : UInt8.random(in: 0...3, using: &generator)
      }
      _ = try? Unpickler.load(bytes + [0x2E])
    }
  }
}
