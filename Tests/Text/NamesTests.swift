import Testing

@testable import SutureText

@Suite struct `Names` {
  @Test(arguments: [
    ("norm.weight", "norm", true), ("stages.0.norm", "norm", true), ("nnorm", "norm", true),
    ("nor", "norm", false),
    ("no.rm", "norm", false), ("nonorm", "nonorm", true), ("nononorm", "nonorm", true), ("", "a", false),
    ("e\u{301}", "\u{E9}", false), ("\u{E9}", "\u{E9}", true),
  ])
  func `hold a text where its bytes stand in them`(name: String, text: String, expected: Bool) {
    #expect(name.contains(bytesOf: text) == expected)
  }

  @Test func `come in the order of their bytes`() {
    let names = ["", "a", "a.1", "a.10", "a.2", "ab", "b", "é", "漢"]
    #expect(names.shuffled().sorted { ExactString($0) < ExactString($1) } == names)
    for (one, other) in zip(names, names.dropFirst()) {
      #expect(!(ExactString(other) < ExactString(one)))
      #expect(!(ExactString(one) < ExactString(one)))
    }
  }
}

@Suite struct `A hash of numbers` {
  @Test func `tells lists apart by their order and their length`() {
    let lists: [[Int32]] = [
      [], [0], [0, 0], [1, 2], [2, 1], [-1, 2], [1, 2, 3], [Int32.min], [Int32.max],
    ]
    #expect(Set(lists.map { NameHash($0).value }).count == lists.count)
    #expect(lists.allSatisfy { NameHash($0).value == NameHash($0).value })
  }
}
