import SutureYAML
import Testing

@Suite struct AdviceTests {
  @Test(arguments: [
    ("drop: *norm", "1:7", "a plain * begins an alias"),
    ("drop: *norm.*", "1:7", "a plain * begins an alias"),
    ("drop: *", "1:7", "a plain * begins an alias"),
    ("drop: [\"a\", *norm]", "1:13", "a plain * begins an alias"),
    ("*norm: x", "1:1", "a plain * begins an alias"),
    ("drop: !norm*", "1:7", "a plain ! begins a tag"),
    ("drop: !{a,b}", "1:7", "a plain ! begins a tag"),
    ("drop: ! norm", "1:7", "a plain ! begins a tag"),
    ("drop: !x!y", "1:7", "a plain ! begins a tag"),
    ("drop: &norm", "1:7", "a plain & begins an anchor"),
    ("drop: &", "1:7", "a plain & begins an anchor"),
    ("drop: @norm", "1:7", "a plain @ is reserved by YAML"),
    ("drop: `norm`", "1:7", "a plain ` is reserved by YAML"),
    ("drop: %norm", "1:7", "a plain % begins a directive"),
    ("drop: |norm", "1:7", "a plain | begins a block of text"),
    ("drop: >norm", "1:7", "a plain > begins a block of text"),
    ("drop: {a,b}.*", "1:12", "a plain { begins a mapping"),
    ("- {a,b}.*", "1:8", "a plain { begins a mapping"),
    ("drop: [ab]x", "1:11", "a plain [ begins a list"),
    ("drop: [ab]*", "1:11", "a plain [ begins a list"),
    ("drop: [model.{0..3}.]", "1:14", "a plain { begins a mapping"),
    ("{a,b}: x\n[c]: y", "1:1", "a plain { begins a mapping"),
  ])
  func `a pattern that YAML takes for syntax is to be put in quotes`(text: String, place: String, why: String)
  {
    #expect(refusal(text)?.lineAndColumn == place)
    #expect(refusal(text)?.advice == "put the pattern in quotes: " + why)
  }

  @Test func `where a string was wanted and brackets were found, quotes are missing`() throws {
    let map = try parse("a: {b}\nc: [d]\ne:\n  f: g\n")
    #expect(
      #expect(throws: YAMLError.self) { try map["a"]?.requireString() }?.description
        == "recipe.yaml:1:4: a string expected, a mapping found; put the pattern in quotes: a plain { begins a mapping"
    )
    #expect(
      #expect(throws: YAMLError.self) { try map["c"]?.requireString() }?.description
        == "recipe.yaml:2:4: a string expected, a list found; put the pattern in quotes: a plain [ begins a list"
    )
    #expect(
      #expect(throws: YAMLError.self) { try map["e"]?.requireString() }?.description
        == "recipe.yaml:4:3: a string expected, a mapping found")
  }

  @Test func `a text that became a comment is missed`() throws {
    let map = try parse("drop: #.weight\nkeep:\nrename: a#b\n")
    #expect(
      #expect(throws: YAMLError.self) { try map["drop"]?.requireString() }?.message
        == "a string expected, nothing found; a plain # begins a comment: put the text in quotes if it is meant"
    )
    #expect(
      #expect(throws: YAMLError.self) { try map["keep"]?.requireString() }?.message
        == "a string expected, nothing found")
    #expect(try map["rename"]?.requireString() == "a#b")
  }

  @Test func `what a terminal would act on is made visible`() {
    #expect(refusal("{\"a\\e[31m\": 1, \"a\\e[31m\": 2}")?.message.contains("\"a\\u{1B}[31m\"") == true)
    let long = String(repeating: "x", count: 1000)
    #expect((refusal("{\(long): 1, \(long): 2}")?.description.count ?? 0) < 150)
  }
}
