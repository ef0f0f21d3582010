import SutureArchitectures
import SutureTensors
import Testing

@testable import SutureSurgery

@Suite struct `A name trace` {
  /// A state dict whose storages are labelled with the names that they began with.
  private func dict(_ names: [String]) throws -> StateDict {
    try StateDict(
      names.map { .init(name: $0, tensor: try Tensor(Storage([1], label: $0), dtype: .uint8, shape: [1])) })
  }

  private func sources(_ name: String, _ steps: String...) -> [String]? {
    NameTrace(name, through: steps).sources
  }

  @Test func `follows the job that the tool was made for`() {
    let trace = NameTrace(
      "model.2.stages.0.0.gamma",
      through: ["drop \"norm*\"", "drop \"head*\"", "replicate under \"model.{0..3}.\""])
    #expect(trace.sources == ["stages.0.0.gamma"])
    #expect(trace.steps.map(\.before) == [["stages.0.0.gamma"], ["stages.0.0.gamma"], ["stages.0.0.gamma"]])
    #expect(trace.steps[2].after == ["model.2.stages.0.0.gamma"])
  }

  @Test func `without steps is the name`() { #expect(sources("a") == ["a"]) }

  @Test func `undoes prefixes`() {
    #expect(sources("b.a", "add prefix \"b.\"") == ["a"])
    #expect(sources("a", "strip prefix \"b.\"") == ["b.a", "a"])
    #expect(sources("b.a", "strip prefix \"b.\"") == ["b.b.a"])
    #expect(sources("a", "add prefix \"b.\"") == nil)
  }

  @Test func `undoes renames that can be undone`() {
    #expect(
      sources("s1.0.gamma", "rename \"stages.#.#.*\" to \"s{2}.{1}.{3}\"") == [
        "stages.0.1.gamma", "s1.0.gamma",
      ])
    #expect(sources("x.a", "rename \"*\" to \"x.{&}\"") == ["a"])
    #expect(sources("y.a", "rename \"*\" to \"x.{&}\"") == nil)
    #expect(sources("y.a", "rename \"b*\" to \"x.{&}\"") == ["y.a"])
    // Which layer it was, the new name does not say.
    #expect(sources("x", "rename \"a.#\" to \"x\"") == nil)
    #expect(sources("x", "rename \"re:/a.(.)/\" to \"x\"") == nil)
    #expect(sources("x", "rename \"a\" to \"b\" to \"c\"") == nil)
  }

  @Test func `knows what makes tensors of others`() {
    #expect(sources("a", "tie \"a\", \"b\" to \"c\"") == ["c"])
    #expect(sources("d", "tie \"a\", \"b\" to \"c\"") == ["d"])
    #expect(sources("a", "fill \"a\" with zeros") == nil)
    #expect(sources("d", "fill \"a\", \"b*\" with zeros") == ["d"])
    #expect(sources("qkv", "concat \"q\", \"k\", \"v\" to \"qkv\" along axis 0") == nil)
    #expect(sources("x", "concat \"q\", \"k\", \"v\" to \"qkv\" along axis 0") == ["x"])
    #expect(sources("x", "cast \"*\" to float16") == ["x"])
    #expect(sources("x", "take the EMA") == ["x"])
    #expect(sources("b.x", "add prefix \"b.\", if there is any") == ["x", "b.x"])
    #expect(sources("x", "strip prefix \"b.\", if there is any: there was none") == ["x"])
    #expect(sources("x", "strip prefix \"b.\" from every key") == ["b.x"])
    #expect(sources("x", "graft 12 keys") == nil)
    #expect(sources("x", "takes the EMA") == nil)
  }

  @Test func `leaves out what no earlier step can have made`() {
    let trace = NameTrace(
      "a", through: ["replicate under \"m.{0,1}.\"", "strip prefix \"m.1.\""])
    #expect(trace.sources == ["a"])
    #expect(trace.steps[1].before == ["m.1.a"])
  }

  @Test func `says so where a step is not known`() {
    let trace = NameTrace("b.a", through: ["drop \"x\"", "fold the batch norms", "add prefix \"b.\""])
    #expect(trace.sources == nil)
    #expect(trace.steps.map(\.before) == [nil, nil, ["a"]])
    #expect(trace.steps.map(\.after) == [nil, ["a"], ["b.a"]])
  }

  @Test func `agrees with what surgery does`() throws {
    let names = ["a.0.x", "a.1.x", "b.a.y", "b.2", "m.a.0.x", "x"]
    let makers: [() -> any Step] = [
      { AddPrefix(["m.", "b.", "x"].randomElement() ?? "m.") },
      { StripPrefix(["m.", "b.", "a.0."].randomElement() ?? "m.") },
      { Replicate(["m.{0..2}.", "{a,b}.", "x."].randomElement() ?? "x.") }, { Drop("x*") }, { Keep("*.*") },
      { Rename("a.#.*", to: "c.{1}.{2}") }, { Rename("*.#.x", to: "*.x.*") }, { Rename("b.*", to: "{&}.b") },
      { Rename("?.*", to: "{2}.{1}") }, { Rename("{a,b}.*", to: "q{1}.*") },
      { Rename("[a-m].*", to: "[{1}].*") },
    ]
    var (told, exact) = (0, 0)
    for _ in 0..<3000 {
      let steps = (0..<Int.random(in: 1...4)).compactMap { _ in makers.randomElement()?() }
      guard let plan = try? Plan(of: dict(names.filter { _ in .random() }), steps: steps) else { continue }
      for entry in plan.output.entries {
        let trace = NameTrace(entry.name, through: plan.reports.map(\.summary))
        guard let sources = trace.sources else { continue }
        told += 1
        exact += sources.count == 1 ? 1 : 0
        #expect(sources.contains(entry.tensor.storage.label), "\(entry.name) \(plan.reports.map(\.summary))")
      }
    }
    #expect(told > 1000 && exact > 300, "\(told) \(exact)")
  }

  @Test func `finds the names that another library had`() throws {
    for from in NamingScheme.allCases {
      for to in NamingScheme.allCases {
        for hasClassifier in [true, false] {
          let input = try Network(scheme: from, prefix: "module.", hasClassifier: hasClassifier).dict
          let plan = try Plan(of: input, steps: [AdoptNaming(to)])
          for (old, new) in zip(input.names, plan.output.names) {
            let found = sources(new, plan.reports[0].summary)
            #expect(found == nil || found == [old], "\(from) \(to) \(new)")
            // Only mmpretrain calls its final norm like another.
            if found == nil { #expect(to == .openmmlab && new.contains("norm3")) }
          }
        }
      }
    }
  }
}
