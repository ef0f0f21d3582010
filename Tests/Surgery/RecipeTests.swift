import SutureArchitectures
import SutureJSON
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureSurgery

@Suite struct `A recipe` {
  private func read(_ text: String, name: String = "r.yaml") throws -> Recipe {
    try Recipe(Array(text.utf8), name: name)
  }

  private func refusal(_ text: String, name: String = "r.yaml") -> String? {
    do {
      _ = try Recipe(Array(text.utf8), name: name)
      return nil
    } catch { return error.description }
  }

  /// One of every step, with every option that there is.
  private static func everything() throws -> [PlannedStep] {
    let range = try #require(SliceRange("1:-1:2"))
    var options = Graft.Options()
    (options.unexpected, options.excluded, options.allowedMissing, options.expected) = (
      .add, ["a"], ["b", "c"], 3
    )
    let steps: [any Step] = [
      GraftFrom("p.pth"), GraftFrom("p.pth", options),
      TakeEMA(), StripOptimizer(), Keep("a"),
      Rename("re:/(.*)x/", to: "{1}"),
      AddPrefix("m."), StripPrefix("m."), Replicate("m.{0..3}."), MapNames(["a.*": "b.*", "\"*:": "{&}"]),
      MapNames(["a": "b"], reversed: true, rest: .error), CastTo("bfloat16", "*", except: ["*.norm.*"]),
      Transpose("w"), Transpose("w", axes: -1, 0), Permute("w", order: [2, 0, 1]), Reshape("w", to: [-1, 3]),
      Slice("w", range: range, axis: -1),
      Concat("{q,k,v}", to: "qkv", axis: 1),
      Split("qkv", to: "q", "{k,v}", axis: 1, sizes: [1, 2, 3]), Stack("e.#", to: "e", axis: -1),
      Tie("a", to: "b"),
      Untie("a", "b"), Fill("a", with: .zeros), Fill("a", with: .constant(1e-6)),
      Fill("a", with: .constant(-3)),
      Fill("a", with: .normal(mean: 0.5, deviation: 1e-3, seed: -7)), AdaptInput("s", channels: 4),
      FuseBatchNorm("*.conv", with: "*.bn", epsilon: 1e-3),
      FoldNormalization("s", mean: [0.5], deviation: [2]),
      Average("b.pth", "c.pth"), AdoptNaming(.timm), LiveOnly(),
    ]
    return steps.map { PlannedStep($0) } + [Drop("norm*", "head*").allowingUnmatched]
  }

  @Test func `says in YAML and in JSON what was said to it`() throws {
    var recipe = Recipe()
    recipe.description = "every step: with \"quotes\", # and é"
    recipe.key = "model"
    recipe.steps = try Self.everything()
    recipe.expectation.output = 3
    recipe.expectation.has = ["a", "b*"]
    recipe.output = WriteRecord([
      .init("format", "pth"), .init("keep-dtype", ["a", "b"]), .init("metadata", ["k": "v=w"]),
      .init("proof", true),
    ])
    for (text, name) in [
      (recipe.yaml(), "r.yaml"), (recipe.json(), "r.json"), (recipe.json(), "r.yaml"),
    ] {
      let back = try read(text, name: name)
      #expect(back.steps.map(\.record) == recipe.steps.map(\.record))
      #expect(back.steps.map(\.summary) == recipe.steps.map(\.summary))
      #expect(back.description == recipe.description && back.key == "model")
      #expect(back.expectation.output == 3 && back.expectation.has == ["a", "b*"])
      #expect(back.output.json == recipe.output.json)
      #expect(back.yaml() == recipe.yaml())
    }
  }

  @Test(
    arguments: [
      ("steps: []", "r.yaml:1:1: the key \"recipe\" is missing"),
      ("recipe: 2\nsteps: []", "r.yaml:1:9: this is no recipe of version 1; write recipe: 1"),
      ("recipe: 1\nsteps: []", "r.yaml:2:8: a recipe without steps does nothing"),
      ("recipe: 1\nsetps: []", "r.yaml:2:1: unknown key \"setps\"; did you mean \"steps\"?"),
      ("recipe: 1\nsteps:\n  - dorp: a", "r.yaml:3:5: unknown key \"dorp\"; did you mean \"drop\"?"),
      ("recipe: 1\nsteps:\n  - drop: no", "r.yaml:3:11: a string expected, the boolean false found"),
      ("recipe: 1\nsteps:\n  - drop: *norm", "put the pattern in quotes: a plain * begins an alias"),
      (
        "recipe: 1\nsteps:\n  - replicate: model.{0..3}.\n  - drop: {a,b}",
        "put the pattern in quotes: a plain { begins"
      ),
      ("recipe: 1\nsteps:\n  - drop: a\n    drop: b", "the key \"drop\" comes twice (first at line 3)"),
      ("recipe: 1\nsteps:\n  - drop: a\n    keep: b", "r.yaml:4:5: two steps in one: drop and keep"),
      ("recipe: 1\nsteps:\n  - drop: a\n    axis: 0", "r.yaml:4:5: unknown key \"axis\""),
      ("recipe: 1\nsteps:\n  - drop", "r.yaml:3:5: drop has nothing to work on"),
      ("recipe: 1\nsteps:\n  - transpsoe", "did you mean \"transpose: …\"?"),
      ("recipe: 1\nsteps:\n  - rename: a", "the key \"to\" is missing"),
      ("recipe: 1\nsteps:\n  - cast: a\n    to: int8", "\"int8\" is no floating dtype"),
      ("recipe: 1\nsteps:\n  - slice: a\n    range: 0..3", "\"0..3\" is no range; write it as Python does"),
      ("recipe: 1\nsteps:\n  - slice: a\n    range: 1:20", "a string expected"),
      ("recipe: 1\nsteps:\n  - fill: a\n    with: ones", "fill takes zeros, a number"),
      ("recipe: 1\nsteps:\n  - fill: a\n    with: {normal: {std: -1, seed: 1}}", "not negative"),
      ("recipe: 1\nsteps:\n  - fill: a\n    with: {normal: {std: 1}}", "the key \"seed\" is missing"),
      ("recipe: 1\nsteps:\n  - fill: a\n    with: .inf", "a finite number"),
      ("recipe: 1\nsteps:\n  - adapt-input: a\n    channels: 0", "needs 1 to"),
      ("recipe: 1\nsteps:\n  - adapt-input: a\n    channels: 99999999999999999999", "an integer"),
      ("recipe: 1\nsteps:\n  - map: {a: b}\n    rest: keeep", "did you mean \"keep\"?"),
      ("recipe: 1\nsteps:\n  - take-ema: model_ema", "take-ema stands alone"),
      ("recipe: 1\nsteps:\n  - drop: []", "the list is empty"),
      ("recipe: 1\nexpect: {otu: 3}\nsteps:\n  - drop: a", "did you mean \"out\"?"),
      ("recipe: 1\nexpect: {out: -3}\nsteps:\n  - drop: a", "a count is not negative"),
      ("recipe: 1\nexpect: {has: \"{a\"}\nsteps:\n  - drop: a", "the { is never closed"),
      ("recipe: 1\ninput: {unwrap: m}\nsteps:\n  - drop: a", "unknown key \"unwrap\""),
    ])
  func `is refused with line and column and the nearest right word`(text: String, message: String) {
    let said = refusal(text)
    #expect(said?.contains(message) == true, "\(said ?? "it was read")")
    #expect(said?.hasPrefix("r.yaml:") == true)
  }

  @Test func `tells whoever writes where an option is that nobody knows`() throws {
    let recipe = try read("recipe: 1\noutput: {fromat: pth}\nsteps:\n  - drop: a")
    let error = #expect(throws: Failure.self) { try recipe.output.refuseUnknown(known: ["format", "dtype"]) }
    #expect(error?.description == "r.yaml:2:10: unknown key \"fromat\"; did you mean \"format\"?")
  }

  @Test func `in JSON is refused with line and column too`() {
    #expect(
      refusal("{\"recipe\": 1,\n \"steps\": [{\"dorp\": \"a\"}]}", name: "r.json")?.hasPrefix(
        "r.json:2:13: unknown key") == true)
    #expect(
      refusal("{\"recipe\": 1,\n \"steps\" [}", name: "r.json") == "r.json:2:10: \":\" expected, \"[\" found")
    #expect(
      refusal("recipe: 1\nsteps: [drop]", name: "r.json")?.hasPrefix("r.json:1:1: a value expected") == true)
    #expect(refusal("{\"recipe\": 1, \"recipe\": 1}", name: "r.json")?.contains("a second time") == true)
  }

  @Test func `in JSON may have tabs and surrogates`() throws {
    let recipe = try read(
      "{\n\t\"recipe\":1,\n\t\"steps\":[\t{\"drop\":\"\\ud83d\\ude00\\t\\\\ud83d\\/*\"}]}", name: "r.json")
    #expect(recipe.steps[0].summary == "drop \"😀\t\\ud83d/*\"")
  }

  @Test func `any text is read or refused`() {
    var random = Seeded(UInt64.random(in: 0...UInt64.max))
    let good = Array(
      "{\"recipe\": 1, \"steps\": [{\"fill\": \"a\", \"with\": {\"normal\": {\"seed\": 1}}}, {\"map\": {\"\\ud83d\\ude00\": \"b\"}}]}"
        .utf8)
    for _ in 0..<2000 {
      var text = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...127, using: &random)
      }
      for name in ["r.json", "r.yaml"] { _ = try? Recipe(text, name: name) }
    }
  }

  @Test func `names its place where a step fails`() throws {
    let recipe = try read("recipe: 1\nsteps:\n  - drop: b\n    optional: true\n  - drop: \"Norm*\"")
    let dict = try StateDict([.init(name: "norm.weight", tensor: try Tensor(floats: [1], shape: [1]))])
    let error = #expect(throws: SurgeryError.self) { try Plan(of: dict, steps: recipe.steps) }
    #expect(
      error?.description == """
        r.yaml:5:5: step 2 (drop "Norm*") matched no keys
          did you mean "norm*"? it matches norm.weight
        """)
  }
}
