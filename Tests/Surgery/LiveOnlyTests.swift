import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureSurgery

@Suite struct `live-only` {
  private func names(_ layers: [Int], _ stages: Range<Int> = 0..<4) -> [String] {
    layers.flatMap { layer in
      stages.flatMap {
        ["model.\(layer).downsample_layers.\($0).0.weight", "model.\(layer).stages.\($0).0.gamma"]
      }
    }
  }

  private func plan(
    _ names: [String], told: [String: Int] = [:], _ steps: [any Step] = [LiveOnly()]
  ) throws -> Plan {
    let one = try Tensor(floats: [1], shape: [1])
    var inputs = Inputs()
    inputs.modules = { told.map { .init($0.key, stage: $0.value) } }
    return try Plan(
      of: StateDict(names.map { .init(name: $0, tensor: one) }), steps: steps.map { PlannedStep($0) },
      expecting: PlanExpectation(), with: inputs)
  }

  @Test(arguments: [[0, 1, 2, 3], [4, 5, 6, 7], [1, 2, 4, 5], [8, 9, 10, 11]])
  func `keeps the stage that each block runs, at whichever layers they stand`(layers: [Int]) throws {
    let kept = layers.enumerated().flatMap { names([$1], $0..<($0 + 1)) }
    // Safetensors files may have their names sorted, where 10 comes before 8.
    let plan = try plan((names(layers) + ["model.12.conv.weight"]).sorted())
    #expect(Set(plan.output.names) == Set(kept + ["model.12.conv.weight"]))
    let notes = plan.reports[0].notes
    #expect(notes.contains("1 keys belong to no replicated backbone and stay"))
    #expect(notes.contains { $0.contains("model.\(layers[3]). reads stage 3") } == (layers != [0, 1, 2, 3]))
  }

  @Test func `keeps what the module's index says, where a module says it`() throws {
    let plan = try plan(names([5, 9]), told: ["model.5": 2, "model.9": 0])
    #expect(plan.output.names == names([5], 2..<3) + names([9], 0..<1))
  }

  @Test func `does not take a module's word for what was renamed since`() throws {
    let told = ["model.0": 3, "model.1": 2, "model.2": 1, "model.3": 0]
    let steps: [any Step] = [MapNames(["model.0.*": "model.9.*", "*": "*"]), LiveOnly()]
    #expect(throws: SurgeryError.self) {
      try self.plan(names([0, 1]), told: told, steps)
    }
  }

  @Test(arguments: [[0], [7], [1, 2], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6, 7]])
  func `is refused where nothing tells what a copy runs`(layers: [Int]) throws {
    let error = #expect(throws: SurgeryError.self) { try plan(names(layers)) }
    #expect(
      error?.reason.contains("cannot tell which stage of its backbone model.\(layers[0]). reads") == true)
    #expect(
      error?.remedies.contains(
        .setting(
          "keep", value: "model.\(layers[0]).{stages,downsample_layers}.INDEX.*",
          "keeps the stage of the module's index")) == true)
  }

  @Test func `is refused where nothing is dead, as after another`() throws {
    #expect(throws: SurgeryError.self) { try plan(names([4, 5, 6, 7]), [LiveOnly(), LiveOnly()]) }
  }
}
