import SutureText
import Testing

@Suite struct `The width of a text` {
  @Test(arguments: [
    ("plain.weight", 12), ("", 0), ("漢字", 4), ("ｆｕｌｌ", 8), ("한국어", 6), ("é", 1), ("e\u{301}", 1),
    ("עברית", 5), ("👍", 2),
    ("👍🏽", 2), ("👩‍👩‍👧‍👦", 2), ("🇩🇪", 2), ("❤\u{FE0F}", 2), ("…", 1), ("×", 1), ("─", 1), ("ｱ", 1), ("、", 2),
  ])
  func `is how many columns a terminal gives it`(text: String, columns: Int) {
    #expect(text.width == columns)
  }

  @Test func `bounds a beginning and an end, between characters`() {
    #expect("漢字の名前".prefix(columns: 5) == "漢字" && "漢字の名前".suffix(columns: 5) == "名前")
    #expect(
      "a漢".prefix(columns: 0) == "" && "abc".suffix(columns: 9) == "abc" && "abc".prefix(columns: -1) == "")
  }
}

@Suite struct `A name that is shown` {
  @Test func `hides nothing that makes it look like another`() {
    #expect("a\u{200B}b".visible == "a\\u{200B}b" && "a\u{AD}b".visible == "a\\u{00AD}b")
    #expect("\u{3164}".visible == "\\u{3164}" && "\u{202E}x".visible == "\\u{202E}x")
  }

  @Test(arguments: ["👩‍👩‍👧‍👦", "❤\u{FE0F}", "می\u{200C}خواهم", "é", "漢字"])
  func `is as it is where what joins letters belongs to it`(name: String) { #expect(name.visible == name) }
}
