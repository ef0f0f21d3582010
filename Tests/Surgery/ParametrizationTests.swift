import SutureArchitectures
import SutureTensors
import SutureText
import Testing

@testable import SutureSurgery

/// Weights that a module computes from parts, each in both spellings of torch.
@Suite struct `A parametrized weight` {
  private func plan(_ tensors: KeyValuePairs<String, Tensor>, _ step: any Step, _ inputs: Inputs = Inputs())
    throws
    -> Plan
  {
    try Plan(
      of: try StateDict(tensors.map { .init(name: $0.key, tensor: $0.value) }), steps: [PlannedStep(step)],
      with: inputs)
  }

  private func refusal(_ tensors: KeyValuePairs<String, Tensor>, _ step: any Step) -> String {
    do {
      _ = try plan(tensors, step)
      return "done"
    } catch { return "\(error)" }
  }

  private func floats(_ shape: [Int], _ values: Float...) throws -> Tensor {
    try Tensor(floats: values, shape: shape)
  }

  // MARK: Weight norm

  @Test(arguments: [
    ["c.weight_g", "c.weight_v"], ["original0", "original1"].map { "c.parametrizations.weight.\($0)" },
  ])
  func `of weight norm is its direction at its magnitude, in either spelling`(names: [String]) throws {
    let (gain, direction) = (try floats([2, 1], 10, 26), try floats([2, 2], 3, 4, 5, 12))
    let done = try plan(
      KeyValuePairs(dictionaryLiteral: (names[0], gain), (names[1], direction), ("c.bias", gain)),
      RemoveWeightNorm("*"))
    #expect(done.output.names == ["c.weight", "c.bias"])
    #expect(try done.output["c.weight"]?.floats() == [6, 8, 10, 24])
    #expect(Set(done.origins[0]) == Set(names))
  }

  @Test func `of weight norm takes the norm along the axis that its magnitudes lie on, or over all`() throws {
    let direction = try floats([2, 2], 3, 5, 4, 12)
    for (gain, wanted) in [
      (try floats([1, 2], 10, 26), [6, 10, 8, 24] as [Float]),
      (try floats([], Float(194).squareRoot()), [3, 5, 4, 12]),
    ] {
      let output = try plan(["w_g": gain, "w_v": direction], RemoveWeightNorm("w")).output
      let found = try #require(try output["w"]?.floats())
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test func `of weight norm is one tensor under all the names that its parts have`() throws {
    let (gain, direction) = (try floats([1, 1], 2), try floats([1, 1], 4))
    let done = try plan(
      ["a.w_g": gain, "a.w_v": direction, "b.w_g": gain, "b.w_v": direction], RemoveWeightNorm("*"))
    #expect(done.output.names == ["a.w", "b.w"] && done.output.storages.count == 1)
  }

  @Test func `of weight norm whose parts do not fit each other is refused`() throws {
    let direction = try floats([2, 2], 3, 4, 5, 12)
    for gain in [try floats([2], 1, 2), try floats([2, 2], 1, 2, 3, 4), try floats([1, 1], 1)] {
      #expect(
        refusal(["w_g": gain, "w_v": direction], RemoveWeightNorm("*")).contains(
          "each place of one axis of [2, 2]"))
    }
    let half = try Tensor(Storage([0, 0, 0, 0]), dtype: .float16, shape: [2, 1])
    #expect(refusal(["w_g": half, "w_v": direction], RemoveWeightNorm("*")).contains("it is float16"))
    #expect(refusal(["w_g": half], RemoveWeightNorm("*")).contains("found no weight norm"))
    #expect(refusal(["w_g": half, "w_v": direction], RemoveWeightNorm("v")).contains("matched no keys"))
  }

  // MARK: Spectral norm

  @Test(arguments: [
    ["c.weight_orig", "c.weight_u", "c.weight_v"],
    ["original", "0._u", "0._v"].map { "c.parametrizations.weight.\($0)" },
  ])
  func `of spectral norm is divided by it, in either spelling`(names: [String]) throws {
    let (weight, left, right) = (
      try floats([2, 3], 1, 2, 3, 4, 5, 6), try floats([2], 1, 2), try floats([3], 1, 0, 1)
    )
    let done = try plan(
      KeyValuePairs(dictionaryLiteral: (names[0], weight), (names[1], left), (names[2], right)),
      RemoveSpectralNorm("*"))
    // 1·(1 + 3) + 2·(4 + 6)
    #expect(try done.output["c.weight"]?.floats() == [1, 2, 3, 4, 5, 6].map { $0 / 24 })
    #expect(done.output.names == ["c.weight"] && Set(done.origins[0]) == Set(names))
  }

  @Test func `of spectral norm whose axis is undecided says so, and takes an option or a module's word`()
    throws
  {
    let (weight, left, right) = (
      try floats([2, 2], 1, 2, 3, 4), try floats([2], 1, 0), try floats([2], 0, 1)
    )
    let parts: KeyValuePairs = ["c.weight_orig": weight, "c.weight_u": left, "c.weight_v": right]
    let first = try plan(parts, RemoveSpectralNorm("*"))
    #expect(try first.output["c.weight"]?.floats() == [0.5, 1, 1.5, 2])
    #expect(first.reports[0].notes.contains { $0.contains("axes [0, 1]") })
    let second = try plan(parts, RemoveSpectralNorm("*", axis: 1))
    #expect(try second.output["c.weight"]?.floats() == [1 / 3, 2 / 3, 1, 4 / 3])
    #expect(second.reports[0].notes.isEmpty)
    #expect(refusal(parts, RemoveSpectralNorm("*", axis: 2)).contains("none is 2"))
  }

  @Test func `of weight norm that is parametrized again, or next to one that is, is told apart`() throws {
    let (gain, direction) = (try floats([2, 1], 10, 26), try floats([2, 2], 3, 4, 5, 12))
    let room = "c.parametrizations.weight."
    #expect(
      refusal(
        ["\(room)original0": gain, "\(room)original1": direction, "\(room)1._u": gain],
        RemoveWeightNorm("*")
      ).contains("another parametrization besides: \(room)1._u"))
    let beside = try plan(
      ["\(room)original0": gain, "\(room)original1": direction, "c.parametrizations.weights.0._u": gain],
      RemoveWeightNorm("*"))
    #expect(beside.output.names == ["c.weight", "c.parametrizations.weights.0._u"])
  }

  @Test func `of spectral norm that lacks a part or has another parametrization is refused`() throws {
    let (weight, left) = (try floats([2, 1], 1, 2), try floats([2], 1, 0))
    #expect(
      refusal(["w_orig": weight, "w_u": left], RemoveSpectralNorm("*")).contains("there is no w_v beside it"))
    #expect(
      refusal(["w_orig": weight, "w_u": left, "w_v": left], RemoveSpectralNorm("*")).contains(
        "no axis of [2, 1] fits"))
    #expect(
      refusal(
        [
          "p.parametrizations.w.original": weight, "p.parametrizations.w.0._u": left,
          "p.parametrizations.w.0._v": try floats([1], 1), "p.parametrizations.w.1._u": left,
        ], RemoveSpectralNorm("*")
      ).contains("another parametrization besides"))
  }
}
