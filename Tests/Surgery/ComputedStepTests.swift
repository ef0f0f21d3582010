import SutureText
import SutureBytes
import SutureNumbers
import SutureTensors
import TestSupport
import Testing

@testable import SutureSurgery

/// Steps that compute, against the same in plain loops over doubles.
@Suite struct `Steps that compute` {
  private static let seeds = (0..<30).map { _ in UInt64.random(in: 0...UInt64.max) }

  private func plan(_ tensors: KeyValuePairs<String, Tensor>, _ steps: any Step...) throws -> Plan {
    try Plan(of: try StateDict(tensors.map { .init(name: $0.key, tensor: $0.value) }), steps: steps)
  }

  @Test(arguments: seeds) func `adapt an input convolution`(seed: UInt64) throws {
    var random = Seeded(seed)
    let dtype = random.dtype()
    let kernel = random.shape(1...2)
    let tensor = try random.tensor([Int.random(in: 1...4, using: &random), 3] + kernel, dtype)
    let plain = try Plain(tensor)
    for channels in [1, 2, 3, 4, 7] {
      let out = try #require(try plan(["w": tensor], AdaptInput("w", channels: channels)).output["w"])
      let wanted = Plain([plain.shape[0], channels] + kernel) { index in
        func weight(_ channel: Int) -> Double { plain[[index[0], channel] + index[2...]] }
        if channels == 3 { return weight(index[1]) }
        if channels == 1 { return weight(0) + weight(1) + weight(2) }
        return weight(index[1] % 3) * Double(Float(3) / Float(channels))
      }
      #expect(try Plain(out) == wanted.rounded(to: dtype))
    }
  }

  @Test func `adapt an input that was folded into depth`() throws {
    let tensor = try Tensor(floats: (0..<12).map { Float($0) }, shape: [1, 12, 1, 1])
    let out = try #require(try plan(["w": tensor], AdaptInput("w", channels: 1)).output["w"])
    #expect(try out.shape == [1, 4, 1, 1] && out.floats() == [3, 12, 21, 30])
    for (channels, old) in [(1, 4), (2, 4), (4, 6)] {
      let tensor = try Tensor(floats: [Float](repeating: 1, count: old), shape: [1, old, 1, 1])
      #expect(throws: SurgeryError.self) { try plan(["w": tensor], AdaptInput("w", channels: channels)) }
    }
  }

  @Test(arguments: seeds) func `fuse a batch norm`(seed: UInt64) throws {
    var random = Seeded(seed)
    let (dtype, channels) = (random.dtype(), Int.random(in: 1...5, using: &random))
    let weight = try random.tensor([channels] + random.shape(1...3), dtype)
    let vectors = try (0..<4).map {
      try random.tensor([channels], $0 == 3 ? .float32 : dtype, positive: $0 == 3)
    }
    let counter = try Tensor(Storage([1, 0, 0, 0, 0, 0, 0, 0]), dtype: .int64, shape: [])
    let bias = Bool.random(using: &random) ? try random.tensor([channels], dtype) : nil
    var entries: [StateDict.Entry] = [.init(name: "c.conv.weight", tensor: weight)]
    if let bias { entries.append(.init(name: "c.conv.bias", tensor: bias)) }
    for (name, vector) in zip(["weight", "bias", "running_mean", "running_var"], vectors) {
      entries.append(.init(name: "c.bn.\(name)", tensor: vector))
    }
    entries.append(.init(name: "c.bn.num_batches_tracked", tensor: counter))
    let plan = try Plan(
      of: try StateDict(entries), steps: [FuseBatchNorm("*.conv", with: "*.bn", epsilon: 1e-3)])
    #expect(plan.output.names == ["c.conv.weight", "c.conv.bias"])
    #expect(plan.accounting.dropped == ["c.bn.num_batches_tracked"])
    let (w, v) = (try Plain(weight), try vectors.map { try Plain($0).values })
    let factor = zip(v[0], v[3]).map { $0 / ($1 + 1e-3).squareRoot() }
    let fused = Plain(w.shape) { w[$0] * factor[$0[0]] }
    #expect(try Plain(try #require(plan.output["c.conv.weight"])) == fused.rounded(to: dtype))
    let start = try bias.map { try Plain($0).values } ?? [Double](repeating: 0, count: channels)
    let shifted = Plain([channels]) { (start[$0[0]] - v[2][$0[0]]) * factor[$0[0]] + v[1][$0[0]] }
    #expect(try Plain(try #require(plan.output["c.conv.bias"])) == shifted.rounded(to: dtype))
  }

  @Test func `a fused bias keeps its dtype, and what may be a transposed convolution is told`() throws {
    let half = try StateDict([
      .init(name: "w", tensor: try Tensor(floats: [1, 2, 3, 4], shape: [2, 2, 1]))
    ]).cast(to: .float16) { _ in false }.stateDict.entries[0].tensor
    func vector(_ name: String, _ value: Float) throws -> StateDict.Entry {
      .init(name: name, tensor: try Tensor(floats: [value, value], shape: [2]))
    }
    let dict = try StateDict([
      .init(name: "conv.weight", tensor: half), vector("conv.bias", 1), vector("bn.weight", 1),
      vector("bn.bias", 0),
      vector("bn.running_mean", 0), vector("bn.running_var", 1),
    ])
    let plan = try Plan(of: dict, steps: [FuseBatchNorm("conv", with: "bn")])
    #expect(plan.output["conv.weight"]?.dtype == .float16 && plan.output["conv.bias"]?.dtype == .float32)
    #expect(plan.reports[0].notes.contains { $0.contains("ConvTranspose2d") })
  }

  // MARK: What a state dict does not say of a convolution and its norm

  private func fusing(_ shape: [Int], _ channels: Int) throws -> StateDict {
    let count = shape.reduce(1, *)
    func vector(_ name: String, _ start: Float) throws -> StateDict.Entry {
      .init(
        name: "bn.\(name)",
        tensor: try Tensor(floats: (0..<channels).map { start + Float($0) }, shape: [channels]))
    }
    return try StateDict([
      .init(name: "conv.weight", tensor: try Tensor(floats: (0..<count).map { Float($0 + 1) }, shape: shape)),
      vector("weight", 1), vector("bias", 0), vector("running_mean", 0), vector("running_var", 3),
    ])
  }

  @Test func `of a convolution under several names it is told what becomes of each`() throws {
    let (weight, norm) = (
      try Tensor(floats: [1, 2], shape: [2, 1]), try Tensor(floats: [1, 4], shape: [2])
    )
    var dict = try StateDict(
      ["a.conv.weight", "b.conv.weight", "c.weight"].map { .init(name: $0, tensor: weight) })
    for part in ["a.bn.running_mean", "a.bn.running_var", "b.bn.running_mean", "b.bn.running_var"] {
      try dict.append(part, norm)
    }
    let notes = try Plan(of: dict, steps: [FuseBatchNorm("*.conv", with: "*.bn")]).reports[0].notes
    #expect(notes.contains("the same tensors under other names stay as they were: c.weight"))
    #expect(
      notes.contains("a.conv.weight and b.conv.weight were one tensor, and each has its own norm's now"))
  }

  @Test func `a transposed convolution is fused along its own axis, in each group`() throws {
    // [in, out/groups, k], so many channels, and whether shapes alone decide.
    for (shape, channels, isDecided) in [
      ([2, 3, 2], 3, true), ([4, 2, 1], 4, false), ([3, 3, 1], 3, false), ([2, 4, 2], 8, true),
      ([5, 1, 2], 5, true),
    ] {
      let dict = try fusing(shape, channels)
      let fused = try Plan(of: dict, steps: [FuseBatchNorm("conv", with: "bn", isTransposed: true)])
      let weight = try Plain(try #require(dict["conv.weight"]))
      let (inputs, outputs) = (shape[0] / (channels / shape[1]), shape[1])
      let wanted = Plain(shape) { index in
        let channel = index[0] / inputs * outputs + index[1]
        return weight[index] * Double(1 + channel) / (Double(3 + channel) + 1e-5).squareRoot()
      }
      #expect(
        try Plain(try #require(fused.output["conv.weight"])) == wanted.rounded(to: .float32), "\(shape)")
      #expect(fused.output["conv.bias"]?.shape == [channels])
      let unsaid = try Plan(of: dict, steps: [FuseBatchNorm("conv", with: "bn")])
      #expect(unsaid.reports[0].notes.contains { $0.contains("ConvTranspose2d") } == !isDecided, "\(shape)")
      if shape[0] != channels || shape[1] == 1 {
        #expect(
          try unsaid.output["conv.weight"]?.contiguousBytes()
            == fused.output["conv.weight"]?.contiguousBytes())
      }
      if shape[0] != channels {
        #expect(throws: SurgeryError.self) {
          try Plan(of: dict, steps: [FuseBatchNorm("conv", with: "bn", isTransposed: false)])
        }
      }
    }
    for shape in [[4, 3, 1], [3, 5], [3, 0, 1]] {
      #expect(throws: SurgeryError.self) {
        try Plan(of: fusing(shape, 5), steps: [FuseBatchNorm("conv", with: "bn", isTransposed: true)])
      }
    }
  }

  @Test func `eps and the kind of a convolution are a pickled module's where there is one`() throws {
    let dict = try fusing([3, 3, 1], 3)
    var inputs = Inputs()
    func plan(_ step: FuseBatchNorm, _ first: [any Step] = []) throws -> Plan {
      try Plan(of: dict, steps: (first + [step]).map { PlannedStep($0) }, with: inputs)
    }
    func weight(_ plan: Plan) throws -> [UInt8]? { try plan.output.entries[0].tensor.contiguousBytes() }
    let assumed = try plan(FuseBatchNorm("conv", with: "bn"))
    #expect(assumed.reports[0].notes.contains { $0.contains("eps is taken for 1e-05") })
    #expect(assumed.reports[0].summary.hasSuffix("eps 1e-05"))
    let said = try plan(FuseBatchNorm("conv", with: "bn", epsilon: 0.5, isTransposed: true))
    #expect(said.reports[0].notes.isEmpty)
    inputs.modules = { [.init("bn", epsilon: 0.5), .init("conv", isTransposed: true)] }
    // Its own names are those of the file, whatever they were called since.
    let told = try plan(FuseBatchNorm("x.conv", with: "x.bn"), [AddPrefix("x.")])
    #expect(told.reports[1].notes.isEmpty && told.reports[1].summary.hasSuffix("eps 0.5"))
    #expect(try weight(told) == weight(said) && weight(told) != weight(assumed))
    let other = try plan(FuseBatchNorm("conv", with: "bn", epsilon: 1e-3))
    #expect(other.reports[0].notes == ["the file says another eps of 1 norms: bn.running_mean"])
    let back = try StepRegistry.standard.step(other.reports[0].record)
    #expect(back.record == FuseBatchNorm("conv", with: "bn", epsilon: 1e-3).record)
  }

  @Test func `an average of complex numbers is that of both parts`() throws {
    func complex(_ dtype: DType, _ numbers: [Double], _ bits: LazyBits = []) throws -> StateDict {
      let codec = try #require(dtype.codec)
      var bytes = [UInt8](repeating: 0, count: numbers.count / 2 * dtype.byteCount)
      codec.encode(numbers, into: &bytes)
      let tensor = try Tensor(
        Storage(bytes), dtype: dtype, shape: [numbers.count / 2], strides: [1], offset: 0, lazyBits: bits)
      return try StateDict([.init(name: "w", tensor: tensor)])
    }
    for dtype in [DType.complex32, .complex64, .complex128] {
      // A conjugate that torch only noted counts as one.
      let other = try complex(.complex64, [3, -4, 8, 2], .conjugate)
      let plan = try Plan(of: try complex(dtype, [1, 2, -4, 0.5]), steps: [Average([other], complex: true)])
      let mean = try #require(plan.output["w"])
      #expect(mean.dtype == dtype)
      #expect(dtype.codec?.decode(try mean.contiguousBytes()) == [2, 3, 2, -0.75])
    }
    let real = try StateDict([.init(name: "w", tensor: try Tensor(floats: [1, 2], shape: [2]))])
    #expect(throws: SurgeryError.self) {
      try Plan(of: try complex(.complex64, [1, 2, 3, 4]), steps: [Average([real], complex: true)])
    }
    let unsaid = #expect(throws: SurgeryError.self) {
      let dict = try complex(.complex64, [1, 2, 3, 4])
      return try Plan(of: dict, steps: [Average([dict])])
    }
    #expect(unsaid?.cause == .doesNotFit && unsaid?.description.contains("average-complex") == true)
    #expect(throws: SurgeryError.self) {
      try Plan(of: real, steps: [Average([try complex(.complex64, [1, 2, 3, 4])], complex: true)])
    }
  }

  @Test(arguments: seeds) func `fold a normalisation`(seed: UInt64) throws {
    var random = Seeded(seed)
    let dtype = random.dtype()
    let (outputs, inputs) = (Int.random(in: 1...4, using: &random), Int.random(in: 1...4, using: &random))
    let kernel = random.shape(1...2)
    let weight = try random.tensor([outputs, inputs] + kernel, dtype)
    let bias = try random.tensor([outputs], dtype)
    let mean = (0..<inputs).map { _ in Double.random(in: -1...1, using: &random) }
    let std = (0..<inputs).map { _ in Double.random(in: 0.1...2, using: &random) }
    let plan = try plan(
      ["a.weight": weight, "a.bias": bias, "b.weight": weight, "b.bias": bias],
      FoldNormalization("*.weight", mean: mean, deviation: std))
    let (w, b) = (try Plain(weight), try Plain(bias))
    let folded = Plain(w.shape) { w[$0] / std[$0[1]] }
    #expect(try Plain(try #require(plan.output["a.weight"])) == folded.rounded(to: dtype))
    let shifted = Plain([outputs]) { index in
      var sum = 0.0
      for rest in Plain.indices([inputs] + kernel) { sum += w[index + rest] / std[rest[0]] * mean[rest[0]] }
      return b[index] - sum
    }
    #expect(try Plain(try #require(plan.output["b.bias"])) == shifted.rounded(to: dtype))
    #expect(plan.output.storages.count == 2)
  }

  @Test(arguments: seeds) func `average`(seed: UInt64) throws {
    var random = Seeded(seed)
    let (shape, dtype) = (random.shape(), random.dtype())
    let tensors = try (0..<3).map { _ in try random.tensor(shape, dtype) }
    let counter = try Tensor(Storage([7, 0, 0, 0]), dtype: .int32, shape: [])
    let dicts = try tensors.map {
      try StateDict([.init(name: "w", tensor: $0), .init(name: "n", tensor: counter)])
    }
    let plan = try Plan(of: dicts[0], steps: [Average([dicts[1], dicts[2]])])
    let plains = try tensors.map { try Plain($0) }
    let wanted = Plain(shape) { (plains[0][$0] + plains[1][$0] + plains[2][$0]) / 3 }
    #expect(try Plain(try #require(plan.output["w"])) == wanted.rounded(to: dtype))
    #expect(try plan.output["n"]?.contiguousBytes() == [7, 0, 0, 0])
    #expect(plan.reports[0].notes[0].contains("1 keys hold no floating-point numbers"))
  }

  @Test func `an average of transposes is one`() throws {
    let tensors = try [Float(0), 10].map { start in
      try Tensor(floats: (0..<24).map { start + Float($0) }, shape: [2, 3, 4]).permuted([2, 0, 1])
    }
    let dicts = try tensors.map { try StateDict([.init(name: "w", tensor: $0)]) }
    let mean = try #require(try Plan(of: dicts[0], steps: [Average([dicts[1]])]).output["w"])
    #expect(mean.strides == tensors[0].strides)
    #expect(try mean.floats() == tensors[0].floats().map { $0 + 5 })
  }

  @Test func `an average tells which names are one tensor here and not elsewhere`() throws {
    let (one, other) = (try Tensor(floats: [1], shape: [1]), try Tensor(floats: [3], shape: [1]))
    let tied = try StateDict(["a", "b", "c"].map { .init(name: $0, tensor: one) })
    let parted = try StateDict(
      [.init(name: "a", tensor: one), .init(name: "b", tensor: other), .init(name: "c", tensor: one)])
    let plan = try Plan(of: tied, steps: [Average([parted])])
    #expect(plan.reports[0].notes == ["b was one tensor with a, and is not elsewhere: the means differ"])
    #expect(try plan.output["b"]?.floats() == [2] && plan.output["c"]?.floats() == [1])
    #expect(try Plan(of: tied, steps: [Average([tied])]).reports[0].notes.isEmpty)
  }

  @Test func `average refuses other keys and other shapes`() throws {
    let a = try StateDict([.init(name: "w", tensor: try Tensor(floats: [1, 2], shape: [2]))])
    let b = try StateDict([.init(name: "w", tensor: try Tensor(floats: [1], shape: [1]))])
    let c = try StateDict([.init(name: "x", tensor: try Tensor(floats: [1, 2], shape: [2]))])
    #expect(throws: SurgeryError.self) { try Plan(of: a, steps: [Average([b])]) }
    do { _ = try Plan(of: a, steps: [Average([b])]) } catch { #expect(error.cause == .doesNotFit) }
    do { _ = try Plan(of: a, steps: [Average([c])]) } catch {
      #expect(error.cause == .impossible && error.description.contains("only in state dict 1: x"))
    }
    do { _ = try Plan(of: a, steps: [Average("b.pth")]) } catch { #expect(error.cause == .impossible) }
  }

  @Test func `fill with zeros and constants, in any dtype that has them`() throws {
    for dtype in DType.allCases where !dtype.isComplex && !dtype.isQuantized {
      let bytes = [UInt8](repeating: 0xA5, count: 6 * dtype.byteCount)
      let tensor = try Tensor(Storage(bytes), dtype: dtype, shape: [2, 3])
      let zeros = try plan(["w": tensor], Fill("w", with: .zeros))
      #expect(try zeros.output["w"]?.contiguousBytes() == [UInt8](repeating: 0, count: bytes.count))
      #expect(zeros.accounting.replaced == ["w"] && zeros.origins == [[]])
    }
    func bytes(_ dtype: DType, _ value: Double) throws -> [UInt8]? {
      let tensor = try Tensor(
        Storage([UInt8](repeating: 0, count: dtype.byteCount)), dtype: dtype, shape: [1])
      return try? plan(["w": tensor], Fill("w", with: .constant(value))).output["w"]?.contiguousBytes()
    }
    #expect(try bytes(.float16, 1) == [0x00, 0x3C])
    #expect(try bytes(.int32, -2) == [0xFE, 0xFF, 0xFF, 0xFF])
    #expect(try bytes(.bool, 1) == [1])
    for (dtype, value) in [(.int8, 128), (.int32, 1.5), (.bool, 2), (.float16, 1e6)] as [(DType, Double)] {
      #expect(try bytes(dtype, value) == nil)
    }
  }

  @Test func `normal numbers are those of their seed and name`() throws {
    let tensor = try Tensor(floats: [Float](repeating: 0, count: 100_000), shape: [1000, 100])
    let fill = Fill("*", with: .normal(mean: 3, deviation: 2, seed: 5))
    let output = try plan(["a": tensor, "b": try tensor.separated()], fill).output
    let (a, b) = (try #require(output["a"]).floats(), try #require(output["b"]).floats())
    #expect(a != b)
    #expect(try a == plan(["a": tensor], fill).output["a"]?.floats())
    let mean = a.reduce(0, +) / 100_000
    let deviation = (a.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000).squareRoot()
    #expect(abs(mean - 3) < 0.03 && abs(deviation - 2) < 0.02)
    let inside = a.count { abs($0 - 3) < 2 }
    #expect(abs(Double(inside) / 100_000 - 0.6827) < 0.01)
    let tails = a.count { abs($0 - 3) > 2 * 3.29 }
    #expect((50...160).contains(tails))
    // Computed once with Python: statistics.NormalDist().inv_cdf of the same SplitMix64.
    let numbers = RandomNumbers(seed: 5, name: "a")
    #expect(numbers.normal(0).isFinite && numbers.normal(Int.max).isFinite)
  }

  @Test func `cast goes as a step, with exceptions`() throws {
    let tensor = try Tensor(floats: [1, 2, 1e6], shape: [3])
    let plan = try plan(
      ["a.w": tensor, "b.w": tensor, "a.norm": tensor], CastTo("torch.half", "a.*", except: ["*norm"]))
    #expect(plan.output.entries.map(\.tensor.dtype) == [.float16, .float32, .float32])
    _ = try plan.output["a.w"]?.contiguousBytes()
    #expect(plan.output.overflows.map(\.count) == [1] && plan.output.overflows[0].names == ["a.w"])
    #expect(throws: SurgeryError.self) { try self.plan(["w": tensor], CastTo("int8")) }
  }

  @Test func `what cannot be computed is refused with its key`() throws {
    let image = try Tensor(floats: [Float](repeating: 1, count: 12), shape: [2, 2, 3])
    let vector = try Tensor(floats: [1, 2], shape: [2])
    let integers = try Tensor(Storage([1, 2]), dtype: .uint8, shape: [2, 1, 1])
    let meta = try Tensor(dtype: .float32, shape: [1 << 40], layout: .meta)
    let bomb = try Tensor(
      Storage([0, 0, 0, 0]), dtype: .float32, shape: [1 << 40, 3, 1], strides: [0, 0, 0], offset: 0)
    let dict: KeyValuePairs = [
      "c.weight": image, "c.bias": vector, "v.weight": vector, "i.weight": integers, "m.weight": meta,
      "bomb.weight": bomb, "bomb.bias": bomb, "n.weight": image, "p.weight": image, "bn.running_mean": vector,
      "bn.running_var": try Tensor(floats: [1], shape: [1]),
    ]
    let steps: [any Step] = [
      AdaptInput("c.weight", channels: 4), AdaptInput("v.weight", channels: 1),
      AdaptInput("i.weight", channels: 4),
      AdaptInput("m.weight", channels: 1), AdaptInput("bomb.weight", channels: 6),
      FoldNormalization("c.weight"), FoldNormalization("n.weight", mean: [1, 1], deviation: [1, 1]),
      FoldNormalization("c.bias"), FoldNormalization("bomb.weight"), Fill("m.weight", with: .zeros),
      Fill("bomb.weight", with: .normal(seed: 1)), Fill("i.weight", with: .normal(seed: 1)),
      Untie("bomb.weight"),
      FuseBatchNorm("c", with: "bn"), Stack("bomb.weight", to: "x"), Reshape("m.weight", to: [-1, 1]),
      Permute("m.weight", order: [0]),
    ]
    for step in steps {
      do {
        _ = try Plan(of: try StateDict(dict.map { .init(name: $0.key, tensor: $0.value) }), steps: [step])
        Issue.record("\(step.summary) was planned")
      } catch let error as SurgeryError { #expect(error.cause == .doesNotFit, "\(error)") }
    }
  }
}
