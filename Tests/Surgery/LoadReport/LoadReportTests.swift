import SutureArchitectures
import SutureTensors
import Testing

@testable import SutureSurgery

@Suite struct `A load report` {
  private func dict(_ shapes: KeyValuePairs<String, [Int]>, dtype: DType = .uint8) throws -> StateDict {
    try StateDict(
      shapes.map { name, shape in
        let bytes = [UInt8](repeating: 1, count: shape.reduce(dtype.byteCount, *))
        return .init(name: name, tensor: try Tensor(Storage(bytes, label: name), dtype: dtype, shape: shape))
      })
  }

  @Test func `passes where names and shapes are the same`() throws {
    let base = try dict(["a.weight": [2, 3], "a.bias": [2]])
    let file = try dict(["a.bias": [2], "a.weight": [2, 3]])
    let report = LoadReport(loading: file, into: base)
    #expect(report.passed && report.loaded == ["a.weight", "a.bias"])
    #expect(report.errorText() == nil)
    #expect(report.advice(loading: file, into: base) == nil)
  }

  @Test func `has PyTorch's own words`() throws {
    let base = try dict(["0.weight": [2, 3], "0.bias": [2], "1.weight": [4], "2.weight": []])
    let file = try dict(["x": [1], "0.weight": [2, 4], "1.weight": [4], "1.y": [1], "2.weight": [2]])
    let report = LoadReport(loading: file, into: base)
    #expect(
      report.errorText(model: "Net") == """
        Error(s) in loading state_dict for Net:
        \tMissing key(s) in state_dict: "0.bias".\u{20}
        \tUnexpected key(s) in state_dict: "x", "1.y".\u{20}
        \tsize mismatch for 0.weight: copying a param with shape torch.Size([2, 4]) from checkpoint, the shape in \
        current model is torch.Size([2, 3]).
        \tsize mismatch for 2.weight: copying a param with shape torch.Size([2]) from checkpoint, the shape in \
        current model is torch.Size([]).
        """)
  }

  @Test func `finds unexpected keys module by module, as PyTorch does`() throws {
    let base = try dict(["b.x": [1], "b.c.x": [1], "a.x": [1]])
    let file = try dict([
      "a.y": [1], "b.c.y": [1], "b.d.y": [1], "z.y": [1], "b.x.y": [1], "y": [1], "b": [1],
    ])
    let report = LoadReport(loading: file, into: base)
    #expect(report.unexpected == ["z.y", "y", "b", "b.d.y", "b.x.y", "b.c.y", "a.y"])
  }

  @Test func `loads one element into a number, as PyTorch does`() throws {
    #expect(try LoadReport(loading: dict(["a": [1]]), into: dict(["a": []])).passed)
    #expect(try !LoadReport(loading: dict(["a": []]), into: dict(["a": [1]])).passed)
  }

  @Test func `tells dtypes that loading would cast`() throws {
    let report = LoadReport(
      loading: try dict(["a": [1]], dtype: .float16), into: try dict(["a": [1]], dtype: .float32))
    #expect(report.passed)
    #expect(report.recast == [.init(name: "a", found: .float16, expected: .float32)])
  }

  @Test func `lets a batch norm without versions lack its counter`() throws {
    let base = try dict([
      "n.weight": [1], "n.running_mean": [1], "n.num_batches_tracked": [], "o.num_batches_tracked": [],
    ])
    let file = try dict(["n.weight": [1], "n.running_mean": [1]])
    let old = LoadReport(loading: file, into: base, recordsVersions: false)
    #expect(old.supplied == ["n.num_batches_tracked"] && old.missing == ["o.num_batches_tracked"])
    #expect(LoadReport(loading: file, into: base).missing.count == 2)
  }

  @Test func `knows names byte for byte`() throws {
    let report = LoadReport(loading: try dict(["e\u{301}": [1]]), into: try dict(["\u{E9}": [1]]))
    #expect(report.hasNoOverlap && report.missing == ["\u{E9}"])
  }

  @Test func `raises the alarm where nothing is shared`() throws {
    #expect(try LoadReport(loading: dict(["a": [1]]), into: dict(["b": [1]])).hasNoOverlap)
    #expect(try !LoadReport(loading: dict(["a": [1]]), into: dict(["a": [2]])).hasNoOverlap)
  }

  @Test func `survives names of very many levels`() throws {
    let deep = String(repeating: "a.", count: 100_000) + "b"
    let report = LoadReport(loading: try dict([:]), into: try dict(["x": [1]]))
    #expect(report.missing == ["x"])
    let (file, base) = (
      try StateDict([.init(name: deep, tensor: Tensor(Storage([1]), dtype: .uint8, shape: [1]))]),
      try dict(["x": [1]])
    )
    let other = LoadReport(loading: file, into: base)
    #expect(other.unexpected == [deep] && other.advice(loading: file, into: base) == nil)
  }

  // MARK: Did you mean

  @Test(arguments: ["module.", "_orig_mod.", "backbone.", "model.", "module._orig_mod.", "a.b.c."])
  func `proposes a prefix that would have to go or come`(prefix: String) throws {
    let plain = try Network(scheme: .facebookresearch).dict
    let prefixed = try Plan(of: plain, steps: [AddPrefix(prefix)]).output
    let strip = try #require(
      LoadReport(loading: prefixed, into: plain).advice(loading: prefixed, into: plain))
    #expect(strip.repairs.map(\.record) == [StripPrefix(prefix).record] && strip.report.passed)
    let add = try #require(LoadReport(loading: plain, into: prefixed).advice(loading: plain, into: prefixed))
    #expect(add.repairs.map(\.record) == [AddPrefix(prefix).record] && add.report.passed)
  }

  @Test func `proposes another prefix, and a part to cut out`() throws {
    let base = try dict(["backbone.a.x": [1], "backbone.b.x": [1]])
    let other = try dict(["module.a.x": [1], "module.b.x": [1]])
    let swap = try #require(LoadReport(loading: other, into: base).advice(loading: other, into: base))
    #expect(
      swap.repairs.map(\.record) == [StripPrefix("module.").record, AddPrefix("backbone.").record]
        && swap.report.passed)
    let compiled = try dict(["backbone.a._orig_mod.x": [1], "backbone.b._orig_mod.x": [1]])
    let cut = try #require(LoadReport(loading: compiled, into: base).advice(loading: compiled, into: base))
    #expect(cut.repairs.map(\.summary) == ["rename \"*._orig_mod.*\" to \"*.*\""] && cut.report.passed)
  }

  @Test func `proposes replicas for a detector`() throws {
    let file = try Network(scheme: .facebookresearch).dict
    var base = try Plan(of: file, steps: [Drop("norm*", "head*"), Replicate("model.{0..3}.")]).output
    try base.append("model.4.conv.weight", Tensor(Storage([1]), dtype: .uint8, shape: [1]))
    let advice = try #require(LoadReport(loading: file, into: base).advice(loading: file, into: base))
    #expect(advice.repairs.map(\.record) == [Replicate("model.{0..3}.").record])
    #expect(advice.report.missing == ["model.4.conv.weight"])
  }

  @Test func `proposes a naming scheme, with a prefix where one is needed`() throws {
    let file = try Network(scheme: .torchvision).dict
    let base = try Network(scheme: .timm, prefix: "module.").dict
    let advice = try #require(LoadReport(loading: file, into: base).advice(loading: file, into: base))
    #expect(
      advice.repairs.map(\.record) == [AdoptNaming(.timm).record, AddPrefix("module.").record]
        && advice.report.passed)
  }

  @Test func `proposes nothing where shapes do not fit`() throws {
    let file = try dict(["module.a": [2]])
    let base = try dict(["a": [1]])
    #expect(LoadReport(loading: file, into: base).advice(loading: file, into: base) == nil)
  }

  // MARK: Untrained blocks

  @Test(arguments: [DType.float32, .float16, .bfloat16, .float64])
  func `tells blocks that never got their weights`(dtype: DType) throws {
    func scale(_ value: Float, shape: [Int] = [4]) throws -> Tensor {
      let floats = try StateDict([
        .init(name: "x", tensor: try Tensor(floats: [Float](repeating: value, count: 4), shape: shape))
      ])
      return try #require(try floats.cast(to: dtype) { _ in false }.stateDict["x"])
    }
    let other = try Tensor(Storage([1]), dtype: .uint8, shape: [1])
    var dict = StateDict()
    for (block, value) in [("stages.0.0", Float(1e-6)), ("stages.0.1", 2e-6), ("a.stages.2.10", 1e-6)] {
      try dict.append("\(block).gamma", scale(value))
      try dict.append("\(block).dwconv.weight", other)
    }
    try dict.append("features.1.0.layer_scale", scale(1e-6, shape: [4, 1, 1]))
    try dict.append("features.1.0.block.0.weight", other)
    // A batch norm's gamma is none.
    try dict.append("bn.gamma", scale(1e-6))
    #expect(try dict.untrainedBlocks() == ["stages.0.0", "a.stages.2.10", "features.1.0"])
    #expect(try dict.untrainedBlocks { $0.hasPrefix("a.") } == ["a.stages.2.10"])
  }

  @Test func `takes one number that is not the initial one for training`() throws {
    var dict = StateDict()
    try dict.append("s.gamma", Tensor(floats: [1e-6, 1e-6, 1.0000001e-6], shape: [3]))
    try dict.append("s.conv_dw.weight", Tensor(floats: [1], shape: [1]))
    #expect(try dict.untrainedBlocks().isEmpty)
  }
}
