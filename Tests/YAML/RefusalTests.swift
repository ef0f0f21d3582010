import SutureYAML
import Testing

@Suite struct RefusalTests {
  @Test func `a key that comes twice is refused where it stands`() {
    let refused = refusal("drop: a\nkeep: b\nsteps:\n- drop: [x]\n  drop: y\n")
    #expect(refused?.reason == #"the key "drop" comes twice (first at line 4)"#)
    #expect(refused?.description == "recipe.yaml:5:3: the key \"drop\" comes twice (first at line 4)")
    #expect(refusal("{a: 1, 'a': 2}")?.lineAndColumn == "1:8")
    #expect(refusal("a:\n  b: {}\n  c: []\na: 1")?.lineAndColumn == "4:1")
  }

  @Test func `keys that mean the same are one key`() throws {
    let refused = refusal("16: a\n0x10: b")
    #expect(refused?.message == "the key \"0x10\" comes twice (first as \"16\" at line 1)")
    for text in [
      "{1: a, 1.0: b}", "{yes: a, true: b}", "{1: a, true: b}", "{~: a, null: b}", "{1: a, '1': b}",
    ] {
      #expect(refusal(text)?.message.contains("comes twice") == true)
    }
    #expect(
      try parse("{a: 1, A: 2, 1: 3, 2: 4, 'yes': 5, false: 6, é: 7, e\u{301}: 8}").mapping?.pairs.count == 8)
  }

  @Test func `an anchor, an alias and a merge key are refused`() {
    #expect(refusal("a: &x 1\nb: *x")?.reason == "the anchor &x is not supported")
    #expect(refusal("a: &x 1\nb: *x")?.lineAndColumn == "1:4")
    #expect(refusal("a: &x [1]")?.reason == "the anchor &x is not supported")
    #expect(refusal("&x {a: 1}")?.reason == "the anchor &x is not supported")
    #expect(refusal("a: 1\nb: *x")?.reason == "the alias *x is not supported")
    #expect(refusal("a: 1\nb: *x")?.lineAndColumn == "2:4")
    #expect(
      refusal("a: 1\n<<: {b: 2}")?.reason
        == "the merge key << is not supported; write out what it would merge")
    #expect(refusal("a: 1\n<<: {b: 2}")?.lineAndColumn == "2:1")
  }

  @Test func `a tag that is not YAML's own is refused`() {
    #expect(
      refusal("a: !!python/object:os.system x")?.reason
        == "the tag !!python/object:os.system is not supported")
    #expect(refusal("a: !mine x")?.reason == "the tag !mine is not supported")
    #expect(refusal("a: !mine [x]")?.reason == "the tag !mine is not supported")
    #expect(refusal("a: ! x")?.reason == "the tag ! is not supported")
    #expect(refusal("a: ! [x]")?.reason == "the tag ! is not supported")
    #expect(refusal("a: !<tag:yaml.org,2002:binary> x")?.reason == "the tag !!binary is not supported")
    #expect(refusal("a: !!timestamp 2024-01-01")?.lineAndColumn == "1:4")
    #expect(refusal("# x\n%TAG ! tag:yaml.org,2002:\n---\na")?.reason == "a %TAG directive is not supported")
    #expect(refusal("# x\n%TAG ! tag:yaml.org,2002:\n---\na")?.lineAndColumn == "2:1")
    #expect(refusal("a: !e!x y")?.message.contains("undefined tag handle") == true)
  }

  @Test(arguments: [
    ("!!int x", "!!int does not fit \"x\""), ("!!int 1.5", "!!int does not fit \"1.5\""),
    ("!!float x", "!!float does not fit \"x\""), ("!!bool 1", "!!bool does not fit \"1\""),
    ("!!null 0", "!!null does not fit \"0\""), ("!!seq x", "!!seq does not fit \"x\""),
    ("!!map [x]", "!!map does not fit a list"), ("!!str {}", "!!str does not fit a mapping"),
  ])
  func `a tag that does not fit its node is refused`(text: String, message: String) {
    #expect(refusal("- " + text)?.description == "recipe.yaml:1:3: the tag " + message)
  }

  @Test(arguments: ["a\n---\nb", "a: 1\n---\n", "--- a\n--- b", "[a]\n...\n---\nb"])
  func `a second document is refused`(text: String) {
    #expect(refusal(text)?.reason == "a second document begins; a file may have one")
    #expect(refusal("{}\n---\nb")?.lineAndColumn == "2:1")
  }

  @Test(arguments: ["", "\n\n", "# nothing\n", "---\n", "---\n...\n", "\u{FEFF}", "%YAML 1.1\n---\n"])
  func `an empty document is a case of its own`(text: String) {
    #expect(refusal(text)?.reason == "the document is empty")
  }

  @Test func `invalid UTF-8 is refused at its byte`() {
    for bad: [UInt8] in [
      [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
    ] {
      let refused = refusal(Array("a: 1\nü: ".utf8) + bad + Array("\n".utf8))
      #expect(refused?.reason == "invalid UTF-8")
      #expect(refused?.lineAndColumn == "2:4")
    }
  }

  @Test func `NUL, UTF-16 and control characters are refused`() {
    #expect(refusal("a: 1\nb: \0")?.reason == "a NUL byte; this is no text in UTF-8")
    #expect(refusal("a: 1\nb: \0")?.lineAndColumn == "2:4")
    // A checkpoint is told as what it is no document for, before its size.
    let checkpoint = Array("PK".utf8) + [3, 4, 0, 0] + [UInt8](repeating: 65, count: 10_000_001)
    #expect(refusal(checkpoint)?.reason == "a NUL byte; this is no text in UTF-8")
    #expect(refusal(checkpoint)?.advice?.contains("not a checkpoint") == true)
    #expect(refusal([0xFF, 0xFE, 0x61, 0x00])?.reason == "the document is UTF-16; save it as UTF-8")
    #expect(refusal([0xFE, 0xFF, 0x00, 0x61])?.reason == "the document is UTF-16; save it as UTF-8")
    #expect(refusal("é: 1\nb: \u{7}x")?.reason == "an unescaped control character (U+0007)")
    #expect(
      refusal("é: 1\nb: \u{7}x")?.description == "recipe.yaml:2:4: an unescaped control character (U+0007)")
    #expect(refusal("\u{FEFF}é: \u{7F}")?.lineAndColumn == "1:4")
    #expect(refusal("a: \"\\ud800\"")?.message.contains("invalid Unicode character escape") == true)
  }

  @Test(arguments: [
    ("a:\n\tb: 1", "2:1"), ("a: 1\n\tb: 2", "2:1"), ("a: |\n\tx", "2:1"), ("a:\n- 1\n\t- 2", "3:1"),
  ])
  func `a tab as indentation is refused`(text: String, place: String) {
    #expect(refusal(text)?.reason == "a tab where YAML takes spaces only")
    #expect(refusal(text)?.lineAndColumn == place)
  }

  @Test func `a tab elsewhere is a blank`() throws {
    #expect(try parse("a:\t1\t# x\nb: 'c\td'")["b"]?.resolved == .string("c\td"))
  }

  @Test func `a list or mapping as a key is refused`() {
    #expect(refusal("? [a, b]\n: c")?.reason == "a list or mapping as a key is not supported")
    #expect(refusal("{a: 1}: c")?.lineAndColumn == "1:1")
    #expect(refusal("?\n  a: 1\n: c")?.reason == "a list or mapping as a key is not supported")
  }

  @Test func `nesting is limited and never overflows the stack`() throws {
    let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    _ = try parse(deepest)
    #expect(refusal("[\(deepest)]")?.reason == "more than 64 nested lists and mappings")
    #expect(refusal("[\(deepest)]")?.lineAndColumn == "1:65")
    #expect(
      refusal(String(repeating: "[", count: 1_000_000))?.reason == "more than 64 nested lists and mappings")
    #expect(
      refusal(String(repeating: "{a: ", count: 1_000_000))?.reason == "more than 64 nested lists and mappings"
    )
    #expect(
      refusal(String(repeating: "- ", count: 1_000_000))?.reason == "more than 64 nested lists and mappings")
    #expect(
      refusal(String(repeating: "? ", count: 1_000_000))?.reason
        == "a list or mapping as a key is not supported")
    #expect(refusal("a: [x]", YAMLLimits(depth: 1))?.reason == "more than 1 nested lists and mappings")
  }

  @Test func `the number of nodes is limited`() throws {
    _ = try parse("{a: [b]}", YAMLLimits(nodes: 4))
    #expect(refusal("{a: [b, c]}", YAMLLimits(nodes: 4))?.reason == "more than 4 values")
    #expect(refusal("{a: [b, c]}", YAMLLimits(nodes: 4))?.lineAndColumn == "1:9")
    #expect(
      refusal("[" + String(repeating: ",a", count: 200_000).dropFirst())?.reason
        == "more than 100000 values")
  }

  @Test func `the size is limited`() throws {
    _ = try parse("abc", YAMLLimits(bytes: 3))
    #expect(refusal("abcd", YAMLLimits(bytes: 3))?.reason == "the document has 4 bytes, more than 3")
    #expect(
      refusal([UInt8](repeating: 0x20, count: 10_000_001))?.description.contains("10000001 bytes") == true)
  }

  @Test(
    .timeLimit(.minutes(20)),
    arguments: [
      "%TAG !a! b\n", "# x\n", "é\n\n", "'", "\"\\n", "{", "- - ", "a: b\n ", "? ", "!!str ", "&a ", "|\n",
      "%x y\n",
      "\u{85}", "%YAML 1.1\n", "---\n", "[a]: ",
    ])
  func `half a megabyte of anything is soon read or refused`(unit: String) {
    let bytes = Array(String(repeating: unit, count: 500_000 / unit.utf8.count).utf8)
    for start in ["", "a: \"", "["] {
      do { _ = try YAML.parse(Array(start.utf8) + bytes, name: "x") } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test func `what is not YAML is refused in words and with its place`() {
    #expect(
      refusal("a: [1, 2\nb: 3")?.description
        == "recipe.yaml:2:2: did not find expected ',' or ']' while parsing a flow sequence that begins at line 1"
    )
    #expect(
      refusal("a: 'x")?.message.contains("unexpected end of stream while scanning a quoted scalar") == true)
    #expect(
      refusal("a: b: c")?.description
        == "recipe.yaml:1:5: mapping values are not allowed in this context; check the indentation, or put a text that"
        + " holds a colon and a space in quotes")
    #expect(
      refusal("abc: 1\nb\n")?.description
        == "recipe.yaml:2:1: could not find expected ':' while scanning a simple key")
    #expect(refusal("a: \"\\q\"")?.lineAndColumn == "1:5")
  }
}
