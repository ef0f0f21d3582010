import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureSurgery

/// Which tensors are joined, and in which order: told from vectors whose only element is their place in the file.
@Suite struct `A join` {
  private func dict(_ names: [String]) throws -> StateDict {
    try StateDict(
      names.enumerated().map { .init(name: $1, tensor: try Tensor(floats: [Float($0)], shape: [1])) })
  }

  /// The names that were joined to `name`, in order.
  private func parts(_ names: [String], _ step: any Step, _ name: String = "j") throws -> [String] {
    let plan = try Plan(of: try dict(names), steps: [step])
    return try #require(plan.output[name]).floats().map { names[Int($0)] }
  }

  private func refusal(_ names: [String], _ step: any Step) throws -> SurgeryError? {
    // What is allowed to match nothing is no less refused for what it lacks.
    do {
      _ = try Plan(of: try dict(names), steps: [step.allowingUnmatched])
      return nil
    } catch let error as SurgeryError { return error }
  }

  @Test func `has the order of the pattern, whose first braces vary slowest`() throws {
    let names = ["b.y", "b.x", "a.y", "a.x"]
    #expect(try parts(names, Concat("{a,b}.{x,y}", to: "j")) == ["a.x", "a.y", "b.x", "b.y"])
    #expect(try parts(names, Concat("b.{x,y}", "a.{y,x}", to: "j")) == ["b.x", "b.y", "a.y", "a.x"])
    let experts = ["e.1.up", "e.1.gate", "e.0.up", "e.0.gate"]
    #expect(
      try parts(experts, Concat("e.#.{gate,up}", to: "j")) == ["e.0.gate", "e.0.up", "e.1.gate", "e.1.up"])
  }

  @Test(arguments: [
    "e.*.w", "e.#.w", "e.?*.w", "e.[0-9]*.w", #"re:/e\.(\d+)\.w/"#, #"re:/e\.\d+\.w/"#, "e.*", "e*", "!x",
  ])
  func `counts numbers as numbers, whatever stands for them`(pattern: String) throws {
    let names = ["e.0.w", "e.1.w", "e.10.w", "e.2.w"] + (3..<10).map { "e.\($0).w" } + ["x"]
    #expect(try parts(names, Stack(pattern, to: "j")) == (0...10).map { "e.\($0).w" })
  }

  @Test func `takes a choice as often as it is written`() throws {
    #expect(try parts(["r", "g", "b"], Concat("{r,g,b,r}", to: "j")) == ["r", "g", "b", "r"])
    #expect(try parts(["r", "g"], Concat("r", "g", "r", to: "j")) == ["r", "g", "r"])
  }

  @Test(arguments: [["*.{q,k,v}.*"], ["*.q.*", "*.k.*", "*.v.*"], ["*.[qkv].*"], ["*.?.*"]])
  func `of a choice that one group lacks is refused with the name`(patterns: [String]) throws {
    let names = ["0.q.weight", "0.k.weight", "0.v.weight", "0.q.bias", "0.v.bias"]
    let template = patterns.count == 1 ? "{1}.j.{3}" : "{1}.j.{2}"
    let error = try #require(try refusal(names, Concat(patterns, to: template)))
    #expect(error.kind == .refused)
    if patterns.count == 1 { #expect(error.description.contains("0.k.bias, which is not there")) }
    #expect(error.description.contains("0.j.bias"))
  }

  @Test func `of a choice that nothing fits is refused, though it may match nothing`() throws {
    let names = ["0.q.w", "0.k.w"]
    #expect(try refusal(names, Concat("*.{q,k,vv}.w", to: "{1}.j"))?.description.contains("0.vv.w") == true)
    #expect(try refusal(names, Concat("*.q.w", "*.k.w", "*.vv.w", to: "{1}.j"))?.cause == .noMatch)
    // Where nothing at all is there to join, there is none.
    #expect(try refusal(names, Concat("*.{x,y}.w", to: "{1}.j")) == nil)
    // A choice that the new name tells makes a tensor of its own, and may be passed over.
    #expect(try refusal(["0.q.w", "1.q.w"], Concat("#.{q,k}.w", to: "{2}.j")) == nil)
    #expect(throws: SurgeryError.self) { try parts(["0.q.w", "1.q.w"], Concat("#.{q,k}.w", to: "{2}.j")) }
  }

  @Test(arguments: ["e.#.w", "e.*.w", "e.?.w", "e.*", #"re:/e\.\d\.w/"#])
  func `over a gap among numbers is refused, and done where braces say it`(pattern: String) throws {
    let names = ["e.0.w", "e.1.w", "e.3.w"]
    let error = try #require(try refusal(names, Stack(pattern, to: "j")))
    #expect(error.description.contains("nothing between e.1.w and e.3.w"))
    #expect(try parts(names, Stack("e.{0,1,3}.w", to: "j")) == names)
  }

  @Test(arguments: ["e.#.w", "e.*.w", "e.*", #"re:/e\.\d+\.w/"#])
  func `of one number that is written twice is refused, and done where braces say the order`(pattern: String)
    throws
  {
    for names in [["e.1.w", "e.01.w"], ["e.0.w", "e.1.w", "e.00.w"]] {
      let error = try #require(try refusal(names, Stack(pattern, to: "j")))
      #expect(error.description.contains("has one number twice, in \(names[0]) and \(names.last ?? "")"))
    }
    // What else tells them apart tells their order.
    #expect(try parts(["a.1.w", "b.01.w"], Stack("a.#.w", "b.#.w", to: "j")) == ["a.1.w", "b.01.w"])
    #expect(try parts(["e.1.w", "e.01.w"], Stack("e.{01,1}.w", to: "j")) == ["e.01.w", "e.1.w"])
  }

  @Test(arguments: ["#.e.#.w", "*.e.*.w", #"re:/(\d+)\.e\.\d+\.w/"#])
  func `of fewer parts than another is refused`(pattern: String) throws {
    let names = ["0.e.0.w", "0.e.1.w", "1.e.0.w"]
    let error = try #require(try refusal(names, Stack(pattern, to: "{1}.j")))
    #expect(error.description.contains("0.e.1.w") || error.description.contains("1.e.1.w"))
  }

  @Test func `keeps names apart that differ in Unicode's normal form`() throws {
    let names = ["\u{E9}.0", "e\u{301}.0"]
    let plan = try Plan(of: try dict(names), steps: [Concat("*.#", to: "{1}")])
    #expect(plan.output.names.map { Array($0.utf8) } == ["\u{E9}", "e\u{301}"].map { Array($0.utf8) })
    #expect(try parts(names, Concat("{e\u{301},\u{E9}}.0", to: "j")).map { $0.utf8.count } == [5, 4])
    #expect(try Pattern("re:/\u{E9}.0/").matches(names[0]) && !Pattern("re:/\u{E9}.0/").matches(names[1]))
  }

  @Test func `says where nothing but the file tells the order`() throws {
    let plan = try Plan(of: try dict(["a.v", "a.q"]), steps: [Concat("a.*", to: "j")])
    #expect(
      plan.reports[0].notes == [
        "the parts of \"j\" stand as in the file, a.v and a.q: braces would give them an order"
      ])
  }

  @Test(arguments: (0..<200).map { _ in UInt64.random(in: 0...UInt64.max) })
  func `undoes a split into the same names`(seed: UInt64) throws {
    var random = Seeded(seed)
    let choices = ["a,b", "q,k,v", "0..3", "2,0,1", "10,9", "x.y,z", "e\u{301},\u{E9}", ",s"]
    let pieces = (0..<Int.random(in: 1...3, using: &random)).map { index in
      "p\(index){" + (choices.randomElement(using: &random) ?? "a,b") + "}"
    }
    let names = pieces.joined(separator: ".")
    let count = try Template(names).count
    let blocks = Int.random(in: 1...12, using: &random)
    var input = try dict(["first"])
    for block in 0..<blocks {
      let tensor = try Tensor(floats: (0..<(2 * count)).map { Float($0 + block) }, shape: [2, count])
      try input.append("b.\(block).w", tensor)
    }
    let plan = try Plan(
      of: input,
      steps: [
        Split("b.#.w", to: "c.{1}." + names, axis: 1), Concat("c.#." + names, to: "b.{1}.w", axis: 1),
      ])
    #expect(plan.output.names == input.names, "\(names)")
    for entry in input.entries {
      #expect(try plan.output[entry.name]?.floats() == entry.tensor.floats(), "\(names)")
    }
  }

  /// Braces, numbers and texts as nested loops, which is what the joins should be.
  @Test(arguments: (0..<100).map { _ in UInt64.random(in: 0...UInt64.max) })
  func `is what plain loops give`(seed: UInt64) throws {
    var random = Seeded(seed)
    let letters = Array(
      ["q", "k", "v", "o"].shuffled(using: &random).prefix(Int.random(in: 2...4, using: &random)))
    let experts = Int.random(in: 1...13, using: &random)
    let numbersFirst = Bool.random(using: &random)
    var wanted: [String] = []
    if numbersFirst {
      for expert in 0..<experts { for letter in letters { wanted.append("m.\(expert).\(letter)") } }
    } else {
      for letter in letters { for expert in 0..<experts { wanted.append("m.\(letter).\(expert)") } }
    }
    let number = ["#", "*", "[0-9]*"].randomElement(using: &random) ?? "#"
    let braces = "{\(letters.joined(separator: ","))}"
    let pattern = numbersFirst ? "m.\(number).\(braces)" : "m.\(braces).\(number)"
    let names = wanted.shuffled(using: &random)
    #expect(try parts(names, Concat(pattern, to: "j")) == wanted, "\(pattern)")
    #expect(try parts(names, Stack(pattern, to: "j")) == wanted, "\(pattern)")
  }
}
