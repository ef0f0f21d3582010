import SutureBytes
import SutureJSON
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureSurgery

@Suite struct `The record of a step` {
  @Test func `holds no password of an address`() {
    let address = "https://ada:swordfish@example.org/part.safetensors?token=abc"
    let steps: [any Step] = [GraftFrom(address), Merge(address), Average(address)]
    for step in steps {
      let text = JSONWriter.text(step.record.json)
      #expect(text.contains("example.org/part.safetensors"), "\(text)")
      #expect(!text.contains("swordfish") && !text.contains("abc"), "\(text)")
    }
  }

  /// Of every kind a random value, most of which mean something.
  private func value(_ field: StepField, _ random: inout Seeded) -> JSONValue {
    let texts = [
      "norm*", "é {&}", "\"x\": #y", "re:/(a|b)=/", "{0..3}.", "a\tb\\", "0:10:2", "float16",
      "torch.bfloat16",
      "zeros", "normal(0,1,3)", "true", "1e-3", "- x", "[a]",
    ]
    func text() -> JSONValue { .string(texts.randomElement(using: &random) ?? "") }
    func integer() -> JSONValue { .integer(Int.random(in: -3...4, using: &random)) }
    func number() -> JSONValue { .double(Double.random(in: -2...2, using: &random)) }
    func list(_ make: () -> JSONValue) -> JSONValue {
      .array((0..<Int.random(in: 1...3, using: &random)).map { _ in make() })
    }
    switch field.kind {
    case .text, .pattern, .template, .name, .file: return text()
    case .patterns, .templates, .files: return Bool.random(using: &random) ? text() : list(text)
    case .table:
      return .object(texts.shuffled(using: &random).prefix(3).map { ($0, text()) })
    case .integer: return integer()
    case .integers: return list(integer)
    case .number: return number()
    case .numbers: return list(number)
    case .flag: return .bool(.random(using: &random))
    case .choice(let words): return .string(words.randomElement(using: &random) ?? "")
    case .value:
      let normal: JSONValue = ["normal": ["mean": number(), "std": .double(0.5), "seed": integer()]]
      return [text(), number(), normal][Int.random(in: 0..<3, using: &random)]
    }
  }

  private func record(_ schema: StepSchema, _ random: inout Seeded) -> StepRecord {
    let operand = schema.operand.map { value($0, &random) } ?? .null
    let fields = schema.fields.filter { $0.isRequired || Bool.random(using: &random) }
    var record = StepRecord(schema.verb, operand, fields.map { ($0.key, value($0, &random)) })
    record.isOptional = .random(using: &random)
    return record
  }

  @Test(arguments: StepRegistry.standard.schemas.map(\.verb))
  func `read back is the same step, from JSON, YAML and provenance`(verb: String) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = Seeded(seed)
    let schema = try #require(StepRegistry.standard.schemas.first { $0.verb == verb })
    var count = 0
    for _ in 0..<200 {
      guard let step = try? StepRegistry.standard.step(record(schema, &random)) else { continue }
      count += 1
      let printed = step.record
      #expect(try StepRegistry.standard.step(printed).record == printed, "\(seed)")
      let json = try JSONParser.parse(JSONWriter.bytes(printed.json))
      #expect(try StepRegistry.standard.step(StepRegistry.standard.record(json)).record == printed, "\(seed)")
      var recipe = Recipe()
      recipe.steps = [step]
      for (text, name) in [(recipe.json(), "r.json"), (recipe.yaml(), "r.yaml")] {
        let back = try Recipe(Array(text.utf8), name: name)
        #expect(back.steps.map(\.record) == [printed], "\(seed) \(text)")
        #expect(back.steps[0].summary == step.summary, "\(seed)")
      }
    }
    #expect(count > 0, "\(seed)")
  }

  @Test(arguments: StepRegistry.standard.schemas)
  func `stands in the documentation as an example that can be read`(schema: StepSchema) throws {
    let recipe = try Recipe(Array("recipe: 1\nsteps: [\(schema.example)]\n".utf8), name: "r.yaml")
    #expect(recipe.steps.map(\.record.verb) == [schema.verb])
    #expect(!schema.help.isEmpty && Set(schema.fields.map(\.key)).count == schema.fields.count)
  }

  @Test(arguments: StepRegistry.standard.schemas)
  func `stands in the documentation with what the example makes of its input`(schema: StepSchema) throws {
    let lines = try StepExample(schema).lines
    // These two need a whole network.
    #expect(lines.isEmpty == ["naming", "complete"].contains(schema.verb), "\(lines)")
  }

  // MARK: A step of one's own

  /// A step as a user of the library writes it.
  struct Shout: Step {
    static let schema = StepSchema(
      "shout", .names, "Name tensors in capitals.", operand: .operand(.patterns, "PATTERN"),
      fields: [.optional("times", .integer, "N", after: "=")], example: "{shout: \"a*\"}")
    let patterns: [String]
    let times: Int

    init(_ record: StepRecord) throws {
      patterns = try record.operand.strings()
      times = try record.integer("times", default: 1)
      if let value = record["times"], times < 1 { throw value.error("nobody shouts \(times) times") }
    }

    var record: StepRecord {
      StepRecord("shout", .array(patterns.map { .string($0) }), [("times", .integer(times))])
    }

    func apply(to draft: inout Draft) throws -> StepOutcome {
      var outcome = StepOutcome()
      let hits = try outcome.match(patterns, in: draft)
      for index in draft.entries.indices where hits[index] {
        if draft.entries[index].name.count > 9 { throw SurgeryError(.impossible, "has no breath left") }
        draft.entries[index].name = draft.entries[index].name.uppercased()
      }
      outcome.recordKeys()
      return outcome
    }

    func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
      resolved.sources(of: name) { [$0.uppercased()] }
    }
  }

  @Test func `of one's own is read, done, refused and traced like others`() throws {
    let registry = StepRegistry.standard.adding(Shout.self)
    let text = "recipe: 1\nsteps:\n  - shout: \"a*\"\n    times: 2\n"
    #expect(throws: Failure.self) { try Recipe(Array(text.utf8), name: "r.yaml") }
    let recipe = try Recipe(Array(text.utf8), name: "r.yaml", registry)
    let one = try Tensor(floats: [1], shape: [1])
    let dict = try StateDict(["a", "b"].map { .init(name: $0, tensor: one) })
    let plan = try Plan(of: dict, steps: recipe.steps)
    #expect(plan.output.names == ["A", "b"] && plan.reports[0].summary == "shout \"a*\" times 2")
    let records = plan.reports.map(\.record.json)
    #expect(NameTrace("A", through: records, registry).sources == ["a"])
    #expect(NameTrace("A", through: records).sources == nil)
    let long = try StateDict([.init(name: "a123456789", tensor: one)])
    let error = #expect(throws: SurgeryError.self) { try Plan(of: long, steps: recipe.steps) }
    #expect(error?.description == "r.yaml:3:5: step 1 (shout \"a*\" times 2) has no breath left")
    #expect(error?.kind == .refused && error?.cause == .impossible)
    let none = #expect(throws: Failure.self) {
      try Recipe(Array(text.replacing("2", with: "0").utf8), name: "r.yaml", registry)
    }
    #expect(none?.description == "r.yaml:4:12: nobody shouts 0 times")
  }
}
