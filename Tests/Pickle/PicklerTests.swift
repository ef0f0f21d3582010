import Testing

@testable import SuturePickle

@Suite struct `The pickler` {
  @Test(arguments: [
    0, 1, 255, 256, 65535, 65536, -1, Int(Int32.max), Int(Int32.min), 1 << 31, Int.max, Int.min,
  ])
  func `writes integers that read back`(value: Int) throws {
    var pickler = Pickler()
    pickler.int(value)
    let graph = try Unpickler.load(pickler.finish())
    #expect(graph.int(graph.root) == value)
  }

  @Test(arguments: 0...5) func `writes tuples of any length`(count: Int) throws {
    var pickler = Pickler()
    pickler.tuple(Array(0..<count))
    let graph = try Unpickler.load(pickler.finish())
    guard case .tuple(let items) = graph[graph.root] else { return #expect(Bool(false)) }
    #expect(items.compactMap { graph.int($0) } == Array(0..<count))
  }

  @Test func `refers to a string that it wrote before`() throws {
    var pickler = Pickler()
    pickler.mark()
    for index in 0..<600 { pickler.string("name \(index % 300)") }
    pickler.tuple()
    let bytes = pickler.finish()
    let graph = try Unpickler.load(bytes)
    guard case .tuple(let items) = graph[graph.root] else { return #expect(Bool(false)) }
    #expect(items.count == 600)
    #expect(items[0] == items[300])
    #expect(graph.string(items[599]) == "name 299")
  }
}
