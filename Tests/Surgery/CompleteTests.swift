import SutureArchitectures
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureSurgery

@Suite struct `Completing a state dict` {
  private let model: ModelFile
  private let fresh: StateDict
  private let inputs: Inputs

  init() throws {
    let model = try ModelFile(SmallModelFile.with(), name: "small.yaml")
    var inputs = Inputs()
    inputs.modelFile = { _, classes, anchors in
      try ModelFile(SmallModelFile.with(), name: "small.yaml", classes: classes, anchors: anchors)
    }
    (self.model, self.inputs, fresh) = (model, inputs, try model.initialStateDict(seed: 1))
  }

  private func plan(_ entries: [StateDict.Entry], _ step: Complete = Complete("small.yaml", seed: 2)) throws
    -> Plan
  {
    try Plan(of: StateDict(entries), steps: [PlannedStep(step)], with: inputs)
  }

  @Test func `of nothing is the model as it is when it is new`() throws {
    let output = try plan([], Complete("small.yaml", seed: 1)).output
    #expect(output.names == model.expectedTensors().map(\.name))
    for entry in output {
      #expect(try entry.tensor.contiguousBytes() == fresh[entry.name]?.contiguousBytes())
    }
  }

  @Test func `keeps what there is, in the model's order and dtype, and tells what is new`() throws {
    let own = try fresh.entries.filter { $0.name.hasPrefix("model.4.") }.reversed().map { entry in
      entry.tensor.dtype == .float32
        ? StateDict.Entry(
          name: entry.name,
          tensor: try StateDict([entry]).cast { _ in .float16 }.stateDict.entries[0].tensor) : entry
    }
    let plan = try plan(Array(own))
    #expect(plan.output.names == fresh.names)
    #expect(plan.output.entries.allSatisfy { $0.tensor.dtype == fresh[$0.name]?.dtype })
    for (entry, origins) in zip(plan.output, plan.origins) {
      let isOwn = entry.name.hasPrefix("model.4.")
      #expect(origins == (isOwn ? [entry.name] : []))
    }
    #expect(plan.reports[0].matched == fresh.count - own.count)
  }

  @Test func `refuses a key that the model has not, and one of another shape`() throws {
    let extra = StateDict.Entry(name: "model.99.weight", tensor: try Tensor(floats: [1], shape: [1]))
    let place = try #require(fresh.entries.first { $0.name == "model.4.conv.weight" })
    #expect(throws: SurgeryError.self) { try plan([place, extra]) }
    let other = StateDict.Entry(name: place.name, tensor: try Tensor(floats: [1, 2], shape: [2]))
    let error = try #require(throws: SurgeryError.self) { try plan([other]) }
    #expect(
      error.kind == .doesNotFit && error.remedies.contains { "\($0)".contains("[2] in the checkpoint") })
  }

  @Test
  func
    `refuses a backbone of which a part would stay untrained, and takes one of which nothing reads the rest`()
    throws
  {
    let backbone = model.expectedTensors().filter(\.isBackbone)
    let live = backbone.filter(\.isRead).map(\.name)
    #expect(live.count < backbone.count)
    _ = try plan(fresh.entries.filter { live.contains($0.name) })
    let gap = try #require(throws: SurgeryError.self) {
      try plan(fresh.entries.filter { live.dropLast().contains($0.name) })
    }
    #expect(
      gap.reason.contains("lacks 1 of the \(live.count) keys of the backbone that a forward pass reads"))
  }

  @Test func `takes the number of classes from who asks`() throws {
    let names = model.expectedTensors().filter { $0.name.hasSuffix("m.0.bias") }
    #expect(names.last?.shape == [16])
    let output = try plan([], Complete("small.yaml", classes: 7)).output
    #expect(output["model.13.m.0.bias"]?.shape == [24])
    let step = Complete("small.yaml", classes: 7, anchors: 4)
    #expect(try plan([], step).output["model.13.m.0.bias"]?.shape == [48])
    #expect(try Complete(step.record).record == step.record && step.summary.contains("nc 7, anchors 4,"))
  }
}
