import SutureBytes
import SutureNumbers
import SutureTensors
import TestSupport
import Testing

@testable import SutureSurgery

/// What comes out too large for its dtype, or undefined, is told by every step of the registry that computes; what is
/// infinite in the file is not.
@Suite struct `Numbers too large` {
  /// A step, and a state dict of finite numbers of which it makes others.
  struct Case: Sendable, CustomStringConvertible {
    let step: any Step
    /// In float16, where they are not of another dtype.
    let tensors: [(name: String, shape: [Int], numbers: [Double])]
    var dtypes: [String: DType] = [:]
    var description: String { step.record.verb }

    /// - Parameter infinite: what stands for the numbers that count as large.
    func stateDict(infinite: Double? = nil) throws -> StateDict {
      try StateDict(
        tensors.map { name, shape, numbers in
          let dtype = dtypes[name] ?? .float16
          var bytes = [UInt8](repeating: 0, count: numbers.count * dtype.byteCount)
          let codec = try #require(dtype.codec)
          codec.encode(numbers.map { abs($0) >= 1000 || $0 == 0 ? infinite ?? $0 : $0 }, into: &bytes)
          return .init(name: name, tensor: try Tensor(Storage(bytes), dtype: dtype, shape: shape))
        })
    }
  }

  static let cases: [Case] = [
    Case(step: CastTo("float16", "w"), tensors: [("w", [3], [1e6, 1, -1e6])], dtypes: ["w": .float32]),
    Case(step: CastTo("float8_e5m2", "w"), tensors: [("w", [3], [60000, 1, -65504])]),
    Case(step: Scale(["w"], 2), tensors: [("w", [2, 2], [60000, 1, -40000, 3])]),
    Case(step: Scale(["w"], 10), tensors: [("w", [2], [3e38, 1])], dtypes: ["w": .bfloat16]),
    Case(step: Scale(["w"], 10), tensors: [("w", [2], [3e38, 1])], dtypes: ["w": .float32]),
    Case(step: Scale(["w"], 10), tensors: [("w", [2], [1e308, 1])], dtypes: ["w": .float64]),
    Case(step: Add(["w"], 1000), tensors: [("w", [2], [65000, 1])]),
    Case(step: AdaptInput("w", channels: 1), tensors: [("w", [2, 3, 1, 1], [40000, 40000, 1, 1, 2, 3])]),
    Case(
      step: Interpolate("w", to: [5, 5]),
      tensors: [("w", [1, 1, 3, 3], [65504, 65504, 1, 65504, 65504, 1, 1, 1, 1])]),
    Case(
      step: Interpolate("w", to: [5, 5]),
      tensors: [("w", [9, 1], [65504, 65504, 1, 65504, 65504, 1, 1, 1, 1])]),
    Case(
      step: FuseBatchNorm("c", with: "n"),
      tensors: [
        ("c.weight", [2, 1], [2000, 1]), ("n.running_mean", [2], [1, 1]),
        ("n.running_var", [2], [0.0001, 1]),
        ("n.weight", [2], [1, 1]), ("n.bias", [2], [1, 1]),
      ]),
    Case(
      step: FuseBatchNorm("c", with: "n"),
      tensors: [
        ("c.weight", [2, 1], [1, 1]), ("n.running_mean", [2], [1, 1]), ("n.running_var", [2], [-1000, 1]),
      ]),
    Case(
      step: RemoveWeightNorm("*"),
      tensors: [("c.weight_g", [2, 1], [1, 1]), ("c.weight_v", [2, 2], [0, 0, 1, 1])]),
    Case(
      step: RemoveSpectralNorm("*"),
      tensors: [
        ("c.weight_orig", [2, 3], [1000, 2, 3, 4, 5, 6]), ("c.weight_u", [2], [0.0001, 0.0001]),
        ("c.weight_v", [3], [0.0001, 0.1, 0.1]),
      ]),
    Case(
      step: FoldNormalization("c.weight", mean: [0.5], deviation: [0.001]),
      tensors: [("c.weight", [2, 1, 1], [1000, 1]), ("c.bias", [2], [1, 2])]),
    Case(step: average, tensors: [("w", [2], [1000, 1])]),
  ]

  private static var average: Average {
    let other = try? StateDict([.init(name: "w", tensor: Tensor(floats: [2e6, 1], shape: [2]))])
    return Average([other ?? StateDict()])
  }

  /// Steps that make no number of another: they move, name and copy, or cast as a graft does.
  static let moving = [
    "drop", "keep", "rename", "map", "add-prefix", "strip-prefix", "replicate", "naming", "live-only", "tie",
    "untie",
    "transpose", "permute", "reshape", "squeeze", "unsqueeze", "slice", "index-select", "concat", "stack",
    "split",
    "fill", "merge", "graft", "complete", "take-ema", "strip-optimizer",
  ]

  @Test func `every step computes or moves`() {
    let computing = Set(Self.cases.map(\.step.record.verb))
    #expect(computing.union(Self.moving) == Set(StepRegistry.standard.schemas.map(\.verb)))
    #expect(computing.isDisjoint(with: Self.moving))
  }

  /// How many numbers of the tensors are infinite or NaN.
  private func undefined(_ dict: StateDict) throws -> Int {
    try dict.entries.reduce(0) { sum, entry in
      sum + (try ElementReader(entry.tensor).doubles().count { !$0.isFinite })
    }
  }

  @Test(arguments: cases) func `are counted, each once, however they are read`(_ made: Case) throws {
    for isStreamed in [true, false] {
      let output = try Plan(of: made.stateDict(), steps: [made.step]).output
      if isStreamed { for entry in output.entries { _ = try entry.tensor.contiguousBytes() } }
      let count = try undefined(output)
      _ = try undefined(output)
      let told = output.overflows.reduce(0) { $0 + $1.count }
      #expect(count > 0 && told == count, "\(made): \(told) told of \(count)")
    }
  }

  @Test(arguments: cases) func `are not those that the file has infinite`(_ made: Case) throws {
    for infinite in [Double.infinity, .nan] {
      let dict = try made.stateDict(infinite: infinite)
      let output = try Plan(of: dict, steps: [made.step]).output
      for entry in output.entries { _ = try entry.tensor.contiguousBytes() }
      let finite = made.step is Average || made.step is FoldNormalization ? 1 : 0
      let told = output.overflows.reduce(0) { $0 + $1.count }
      // A variance that is infinite makes 0.
      #expect(try undefined(output) > 0 || infinite == .infinity)
      #expect(told <= finite, "\(made): \(told)")
    }
  }

  @Test func `are told under the names that they have in the end, through views, joins and copies`() throws {
    let tensor = try Tensor(floats: [1e6, 1, 2, -1e6], shape: [2, 2])
    let dict = try StateDict([.init(name: "a", tensor: tensor)])
    let steps: [any Step] = [
      CastTo("float16"), Scale(["*"], 2), Transpose(["a"], axes: [0, 1]), Replicate("{x,y}.{&}"),
      Concat("*.a", to: "both", axis: 0),
    ]
    let output = try Plan(of: dict, steps: steps).output
    #expect(output.overflows.isEmpty)
    _ = try output.entries[0].tensor.contiguousBytes()
    #expect(output.overflows.map(\.names) == [["both"]])
    // The cast made them infinite; twice that is nothing new.
    #expect(output.overflows.map(\.count) == [2] && output.overflows.map(\.dtype) == [.float16])
  }

  @Test func `are counted exactly where there are many`() throws {
    let count = 100_000
    let dict = try StateDict([
      .init(name: "a", tensor: Tensor(floats: (0..<count).map { $0 % 3 == 0 ? 1 : 1e6 }, shape: [count]))
    ])
    let output = try Plan(of: dict, steps: [CastTo("float16"), Scale(["*"], 0.5)]).output
    let reader = try ElementReader(output.entries[0].tensor)
    for start in stride(from: 0, to: count - 10, by: 3333) {
      _ = try reader.doubles(start..<min(start + 5000, count))
    }
    #expect(output.overflows.map(\.count) == [count - (count + 2) / 3])
  }
}
