import SutureTensors
import SutureText
import Testing

@testable import SutureSurgery

@Suite struct `Arithmetic and choices` {
  private func plan(_ tensors: KeyValuePairs<String, Tensor>, _ steps: any Step...) throws -> Plan {
    try Plan(of: StateDict(tensors.map { .init(name: $0.key, tensor: $0.value) }), steps: steps)
  }

  private func tensor(_ count: Int, _ shape: [Int]) throws -> Tensor {
    try Tensor(floats: (0..<count).map(Float.init), shape: shape)
  }

  @Test func `a number is multiplied with, or added to, every element`() throws {
    let input = try tensor(3, [3])
    let output = try plan(["a": input, "b": input], Scale("a", by: 0.5), Add("b", by: 1)).output
    #expect(try output["a"]?.floats() == [0, 0.5, 1])
    #expect(try output["b"]?.floats() == [1, 2, 3])
  }

  @Test func `integers are refused, and so is a number that is none`() throws {
    let integers = try Tensor(Storage([1, 2]), dtype: .uint8, shape: [2])
    let error = try #require(throws: SurgeryError.self) { try plan(["n": integers], Add("n", by: 1)) }
    #expect(error.kind == .doesNotFit && error.remedies.contains { "\($0)".contains("cast") })
    #expect(throws: SurgeryError.self) { try plan(["a": tensor(1, [1])], Scale("a", by: .infinity)) }
  }

  @Test func `places of an axis are taken in the order given, also several times`() throws {
    let output = try plan(["head": tensor(6, [3, 2])], IndexSelect("head", indices: [2, 0, 1, 2])).output
    #expect(output["head"]?.shape == [4, 2])
    #expect(try output["head"]?.floats() == [4, 5, 0, 1, 2, 3, 4, 5])
    let columns = try plan(["head": tensor(6, [3, 2])], IndexSelect("head", indices: [1], axis: -1)).output
    #expect(try columns["head"]?.floats() == [1, 3, 5])
  }

  @Test(arguments: [[3], [-1], [0, 7]])
  func `a place that the axis has not is refused`(indices: [Int]) throws {
    let error = try #require(throws: SurgeryError.self) {
      try plan(["head": tensor(6, [3, 2])], IndexSelect("head", indices: indices))
    }
    #expect(error.kind == .doesNotFit && error.reason.contains("axis 0 has 3 elements"))
  }

  @Test func `convolutions of 1×1 become linear layers and back, whatever their other sizes`() throws {
    let plan = try plan(
      ["a.w": tensor(6, [2, 3, 1, 1]), "b.w": tensor(4, [4, 1, 1]), "c.w": tensor(2, [1, 2])], Squeeze("*.w"))
    #expect(plan.output.entries.map(\.tensor.shape) == [[2, 3], [4, 1], [1, 2]])
    let back = try Plan(of: plan.output, steps: [Unsqueeze("*.w")]).output
    #expect(back.entries.map(\.tensor.shape) == [[2, 3, 1, 1], [4, 1, 1, 1], [1, 2, 1, 1]])
    #expect(try back["a.w"]?.floats() == tensor(6, [2, 3, 1, 1]).floats())
    // They are views.
    #expect(plan.output["a.w"]?.storage === plan.input["a.w"]?.storage)
  }

  @Test func `a kernel that is larger than 1, and too many axes, are refused`() throws {
    #expect(throws: SurgeryError.self) { try plan(["w": tensor(9, [1, 1, 3, 3])], Squeeze("w")) }
    #expect(throws: SurgeryError.self) { try plan(["w": tensor(2, [2])], Squeeze("w")) }
    #expect(throws: SurgeryError.self) { try plan(["w": tensor(4, [1, 1, 2, 2])], Unsqueeze("w", rank: 3)) }
  }

  @Test func `one input channel becomes three that see the same in a grey image`() throws {
    let output = try plan(["w": tensor(4, [2, 1, 2, 1])], AdaptInput("w", channels: 3)).output
    #expect(output["w"]?.shape == [2, 3, 2, 1])
    let third = Float(1.0 / 3)
    #expect(
      try output["w"]?.floats()
        == [0, third, 0, third, 0, third, 2, 3, 2, 3, 2, 3].enumerated().map {
          $0.offset < 6 ? $0.element : Float(Double($0.element) * Double(third))
        })
  }

  // MARK: Numbers in names

  @Test(arguments: [
    ("model.#.*", "model.{1+1}.{2}", "model.9.w", "model.10.w"),
    ("model.#.*", "model.{n-2}.*", "model.12.w", "model.10.w"),
    ("*.#.*.#.*", "{1}.{2}.{3}.{4+10}.{5}", "a.0.b.1.c", "a.0.b.11.c"),
    ("layer_#", "layer_{1+1}", "layer_009", "layer_010"),
  ])
  func `are added to`(pattern: String, template: String, old: String, new: String) throws {
    let plan = try Plan(
      of: StateDict([.init(name: old, tensor: tensor(1, [1]))]), steps: [Rename(pattern, to: template)])
    #expect(plan.output.names == [new])
    let trace = NameTrace(new, through: plan.reports.map(\.record.json))
    #expect(trace.sources == [old] && !trace.isAmbiguous)
    #expect(try PatternSyntax(template, as: .template).text == template)
  }

  @Test func `are shifted all at once, without running into one another`() throws {
    let names = (0..<12).map { "blocks.\($0).w" }
    let plan = try Plan(
      of: StateDict(names.map { .init(name: $0, tensor: try tensor(1, [1])) }),
      steps: [Rename("blocks.#.*", to: "blocks.{1+1}.{2}")])
    #expect(plan.output.names == (1...12).map { "blocks.\($0).w" })
  }

  @Test(arguments: [
    ("model.#.*", "model.{1-1}.{2}", "model.0.w", "below 0"), ("*.*", "{1+1}.{2}", "a.b", "is no number"),
    ("model.#.*", "model.{3+1}", "model.0.w", "asks for wildcard 3"),
    ("a#", "a{1+9223372036854775807}", "a1", "beyond 64 bits"),
  ])
  func `are refused where there is no such number`(
    pattern: String, template: String, name: String, words: String
  ) throws {
    let error = try #require(throws: SurgeryError.self) {
      try Plan(
        of: StateDict([.init(name: name, tensor: tensor(1, [1]))]), steps: [Rename(pattern, to: template)])
    }
    #expect(error.remedies.contains { "\($0)".contains(words) }, "\(error.reason) \(error.remedies)")
  }
}
