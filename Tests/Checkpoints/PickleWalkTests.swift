import SutureBytes
import SuturePickle
import Testing

@testable import SutureCheckpoints

@Suite struct `The walk through a pickled object` {
  private func graph(_ words: String) throws -> PickleGraph {
    try Unpickler.load([0x80, 2] + Array(words.utf8))
  }

  /// The paths in the order in which they are come to.
  private func paths(_ graph: PickleGraph) throws -> [String] {
    var paths: [String] = []
    try PickleWalk.run(graph) { place -> PickleWalk.Visit<Void> in
      paths.append(place.path.joined(separator: ".") + (place.isCycle ? " again" : ""))
      guard !place.isCycle, let items = graph.items(place.id) else { return .leaf(()) }
      return .inside(
        items.enumerated().map { .init(name: "\($0.offset)", id: $0.element, opaqueDepths: []) }
      ) { _ in }
    }
    return paths
  }

  @Test func `is in the order of the file`() throws {
    #expect(try paths(try graph("((NNt(Ntt.")) == ["", "0", "0.0", "0.1", "1", "1.0"])
  }

  @Test func `comes to a cycle once more, and goes no further`() throws {
    // l = [None]; l.append(l)
    #expect(try paths(try graph("]q\u{0}(Nh\u{0}e.")) == ["", "0", "1 again"])
  }

  @Test func `makes a whole of what its parts became`() throws {
    let nested = try self.graph("((NNt(Ntt.")
    let counted = try PickleWalk.run(nested) { place -> PickleWalk.Visit<Int> in
      guard let items = nested.items(place.id) else { return .leaf(1) }
      return .inside(items.map { .init(name: "", id: $0, opaqueDepths: []) }) { $0.reduce(0, +) }
    }
    #expect(counted == 3)
  }

  @Test func `takes no stack, however deep it is`() throws {
    let deep = [UInt8](repeating: UInt8(ascii: "]"), count: 200_000)
    let closing = [UInt8](repeating: UInt8(ascii: "a"), count: 199_999)
    let graph = try Unpickler.load([0x80, 2] + deep + closing + Array(".".utf8))
    let depth = try PickleWalk.run(graph) { place -> PickleWalk.Visit<Int> in
      .inside((graph.items(place.id) ?? []).map { .init(name: "", id: $0, opaqueDepths: []) }) {
        1 + ($0.first ?? 0)
      }
    }
    #expect(depth == 200_000)
  }
}
