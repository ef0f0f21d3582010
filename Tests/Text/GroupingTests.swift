import SutureText
import Testing

@Suite struct GroupingTests {
  @Test func `groups come in the order of their first members, and members in their own`() {
    let groups = ["b1", "a1", "b2", "c1", "a2"].grouped { $0.prefix(1) }
    #expect(groups.map(\.key) == ["b", "a", "c"])
    #expect(groups.map(\.members) == [["b1", "b2"], ["a1", "a2"], ["c1"]])
    #expect([Int]().grouped { $0 }.isEmpty)
  }
}
