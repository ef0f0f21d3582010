import SutureYAML
import Testing

@Suite struct SchemaTests {
  private func mismatch<Value>(_ text: String, _ read: (YAMLNode) throws(YAMLError) -> Value) -> String? {
    do { _ = try read(try parse("- " + text).requireSequence()[0]) } catch { return error.description }
    return nil
  }

  @Test func `values of the wanted type are given`() throws {
    let nodes = try parse("[a, '1', 7, 0.5, yes, [], {}, 1_000, .inf]").requireSequence()
    #expect(try nodes[0].requireString() == "a")
    #expect(try nodes[1].requireString() == "1")
    #expect(try nodes[2].requireInt() == 7)
    #expect(try nodes[2].requireDouble() == 7)
    #expect(try nodes[3].requireDouble() == 0.5)
    #expect(try nodes[4].requireBool() == true)
    #expect(try nodes[5].requireSequence().isEmpty)
    #expect(try nodes[6].requireMapping().pairs.isEmpty)
    #expect(try nodes[7].requireInt() == 1000)
    #expect(try nodes[8].requireDouble() == .infinity)
  }

  @Test(arguments: [
    ("no", "a string expected, the boolean false found; \"no\" is the boolean false to YAML: "),
    ("true", "a string expected, the boolean true found; put it in quotes if the text is meant"),
    ("~", "a string expected, null found; \"~\" is null to YAML: put it in quotes if the text is meant"),
    ("12", "a string expected, the integer 12 found; put it in quotes if the text is meant"),
    ("1.50", "a string expected, the number 1.5 found; put it in quotes if the text is meant"),
    ("99999999999999999999", "a string expected, an integer of more than 64 bits found; put it in quotes"),
  ])
  func `a string must be one to YAML`(text: String, message: String) {
    #expect(
      mismatch(text) { node throws(YAMLError) in try node.requireString() }?.hasPrefix(
        "recipe.yaml:1:3: " + message) == true)
  }

  @Test(arguments: [
    ("x", "an integer expected, the string \"x\" found"),
    ("'3'", "an integer expected, the string \"3\" found; take the quotes off"),
    ("3.0", "an integer expected, the number 3.0 found"),
    ("010", "an integer expected, the integer 8 found; \"010\" is octal to YAML, the number 8: write that"),
    ("12:30", "an integer expected, the integer 750 found; \"12:30\" is of base 60 to YAML, the number 750"),
    (
      "0o17",
      "an integer expected, the string \"0o17\" found; \"0o17\" is text to YAML 1.1, no octal number: write 15"
    ),
    ("[3]", "an integer expected, a list found"),
    ("", "an integer expected, nothing found"),
  ])
  func `an integer must be one and look like it`(text: String, message: String) {
    #expect(mismatch(text) { node throws(YAMLError) in try node.requireInt() }?.contains(message) == true)
  }

  @Test(arguments: [
    ("1e5", "a number expected, the string \"1e5\" found; \"1e5\" is text to YAML: a number has a dot"),
    ("'0.5'", "a number expected, the string \"0.5\" found; take the quotes off"),
    ("1:30.5", "a number expected, the number 90.5 found; \"1:30.5\" is of base 60 to YAML"),
    ("no", "a number expected, the boolean false found"),
  ])
  func `a number must be one and look like it`(text: String, message: String) {
    #expect(mismatch(text) { node throws(YAMLError) in try node.requireDouble() }?.contains(message) == true)
  }

  @Test func `booleans, lists and mappings must be what they are`() {
    #expect(
      mismatch("1") { node throws(YAMLError) in try node.requireBool() }
        == "recipe.yaml:1:3: a boolean expected, the integer 1 found")
    #expect(
      mismatch("'no'") { node throws(YAMLError) in try node.requireBool() }
        == "recipe.yaml:1:3: a boolean expected, the string \"no\" found; take the quotes off")
    #expect(
      mismatch("a") { node throws(YAMLError) in try node.requireSequence() }
        == "recipe.yaml:1:3: a list expected, the string \"a\" found")
    #expect(
      mismatch("[]") { node throws(YAMLError) in try node.requireMapping() }
        == "recipe.yaml:1:3: a mapping expected, a list found")
  }

  @Test func `a missing key is told where its mapping begins`() throws {
    let mapping = try parse("# x\nrecipe: 1\n").requireMapping()
    #expect(try mapping.require("recipe").requireInt() == 1)
    let missing = #expect(throws: YAMLError.self) { try mapping.require("steps") }
    #expect(missing?.description == "recipe.yaml:2:1: the key \"steps\" is missing")
  }

  @Test func `an unknown key is told with the nearest that is known`() throws {
    let known = ["drop", "keep", "replicate"]
    let error = #expect(throws: YAMLError.self) {
      try parse("keep: a\nreplicat: x").requireMapping().refuseUnknownKeys(known: known)
    }
    #expect(error?.description == "recipe.yaml:2:1: unknown key \"replicat\"; did you mean \"replicate\"?")
    let far = #expect(throws: YAMLError.self) {
      try parse("{something: x}").requireMapping().refuseUnknownKeys(known: known)
    }
    #expect(far?.message == "unknown key \"something\"; known here: drop, keep, replicate")
    try parse("keep: a").requireMapping().refuseUnknownKeys(known: known)
  }

  @Test func `a schema can refuse in its own words`() throws {
    let error = try parse("times: 0").requireMapping().require("times").error(
      "times must be 1 or more", advice: "count")
    #expect(error.description == "recipe.yaml:1:8: times must be 1 or more; count")
  }
}
