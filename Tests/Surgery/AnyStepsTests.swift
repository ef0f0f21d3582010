import SutureBytes
import SutureTensors
import TestSupport
import Testing

@testable import SutureSurgery

/// Whatever steps are given whatever numbers, they are planned or refused, and what is planned can be read.
@Suite struct `Any steps` {
  @Test(arguments: (0..<300).map { _ in UInt64.random(in: 0...UInt64.max) })
  func `are planned or refused`(seed: UInt64) throws {
    var random = Seeded(seed)
    let dict = try self.dict(&random)
    let steps = (0..<Int.random(in: 1...4, using: &random)).map { _ in step(&random) }
    let plan: Plan
    do { plan = try Plan(of: dict, steps: steps.map(\.allowingUnmatched)) } catch { return }
    let accounting = plan.accounting
    let all =
      accounting.kept + accounting.dropped + accounting.copied + accounting.merged + accounting.replaced
    #expect(all.sorted() == dict.names.sorted())
    #expect(try plan.origins.count == plan.output.count && !plan.digest.isEmpty)
    // Each name is found where it stands, and once.
    #expect(plan.output.names.map { plan.output.place(of: $0) } == Array(0..<plan.output.count))
    for entry in plan.output.entries where entry.tensor.hasElements && entry.tensor.byteCount < 1 << 20 {
      let bytes = try entry.tensor.contiguousBytes()
      #expect(bytes.count == entry.tensor.byteCount)
    }
  }

  private func dict(_ random: inout Seeded) throws -> StateDict {
    var dict = StateDict()
    var last = try random.tensor([2, 3])
    for name in ["a.weight", "a.bias", "b.weight", "b.bias", "n.running_mean", "n.running_var", "c"] {
      switch Int.random(in: 0...9, using: &random) {
      case 0: last = try Tensor(dtype: .float32, shape: [1 << 40, 3, 1], layout: .meta)
      case 1:
        let storage = Storage([0, 0, 0, 0])
        last = try Tensor(storage, dtype: .float32, shape: [1 << 40, 3, 1], strides: [0, 0, 0], offset: 0)
      case 2: last = try Tensor(Storage([]), dtype: .float32, shape: [0, 1 << 40, 1 << 21])
      case 3: last = try Tensor(Storage([1, 2, 3, 4, 5, 6]), dtype: .int8, shape: [2, 3])
      case 4: break
      case 5: last = try Tensor(floats: [1], shape: [])
      case 6: last = try random.tensor([3], random.dtype())
      default: last = try random.tensor(random.shape(), random.dtype())
      }
      try dict.append(name, last)
    }
    return dict
  }

  private func number(_ random: inout Seeded) -> Int {
    [0, 1, 2, 3, -1, -2, -3, 4, .max, .min, 1 << 40].randomElement(using: &random) ?? 0
  }

  private func numbers(_ random: inout Seeded) -> [Int] {
    (0..<Int.random(in: 0...4, using: &random)).map { _ in number(&random) }
  }

  private func step(_ random: inout Seeded) -> any Step {
    let patterns = [
      "*", "a.weight", "{a,b}.*", "#", "c", "*.bias", "!c", "re:/(.*)[.]weight/", "?", "{a", "[z-a]", "",
    ]
    let templates = ["x", "{1}", "{&}.y", "*.z", "{p,q}.{1}", "{0..3}.", "{9}", "{", "n"]
    let pattern = patterns.randomElement(using: &random) ?? ""
    let template = templates.randomElement(using: &random) ?? ""
    let axis = number(&random)
    let numbers = numbers(&random)
    let range = SliceRange("\(number(&random)):\(number(&random)):\(number(&random))")
    let steps: [any Step] = [
      Drop(pattern), Keep(pattern), Rename(pattern, to: template), AddPrefix(template), StripPrefix("a."),
      Replicate(template), MapNames([(pattern, template)], reversed: Bool.random(using: &random)),
      CastTo("float16", pattern), Transpose([pattern], axes: numbers), Permute([pattern], order: numbers),
      Reshape([pattern], to: numbers),
      range.map { Slice([pattern], range: $0, axis: axis) } ?? Untie(pattern),
      Concat(pattern, to: template, axis: axis), Stack(pattern, to: template, axis: axis),
      Split(pattern, to: [template], axis: axis, sizes: numbers), Tie(pattern, to: "c"), Untie(pattern),
      Fill(pattern, with: .constant(Double(axis))),
      Fill(pattern, with: .normal(mean: 0, deviation: 1, seed: axis)),
      AdaptInput(pattern, channels: axis), FuseBatchNorm("a", with: "n", epsilon: Double(axis)),
      FoldNormalization(pattern, mean: numbers.map(Double.init), deviation: numbers.map(Double.init)),
      FoldNormalization("*.weight"), TakeEMA(), TakeEMA(byOrder: true, fromBuffers: true),
      StripOptimizer(),
      FuseBatchNorm("{a,b}", with: "n", isTransposed: .random(using: &random)),
    ]
    return steps.randomElement(using: &random) ?? Untie("*")
  }
}
