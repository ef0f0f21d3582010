import SutureText
import Testing

@Suite struct SpellingTests {
  @Test func `the nearest word is the one that takes the fewest edits`() {
    let words = ["drop", "keep", "rename", "replicate"]
    #expect(Spelling.nearest(to: "drpo", among: words) == "drop")
    #expect(Spelling.nearest(to: "replicat", among: words) == "replicate")
    #expect(Spelling.nearest(to: "keep", among: words) == "keep")
    #expect(Spelling.nearest(to: "renmae", among: words) == "rename")
  }

  @Test func `a word that is far from all has no nearest`() {
    #expect(Spelling.nearest(to: "something", among: ["drop", "keep"]) == nil)
    #expect(Spelling.nearest(to: "drop", among: []) == nil)
    #expect(Spelling.nearest(to: String(repeating: "x", count: 1_000_000), among: ["drop"]) == nil)
  }
}
