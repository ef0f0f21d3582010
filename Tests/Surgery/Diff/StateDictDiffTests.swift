import SutureArchitectures
import SutureTensors
import Testing

@testable import SutureSurgery

@Suite struct `A diff of state dicts` {
  private func dict(_ tensors: KeyValuePairs<String, [Float]>) throws -> StateDict {
    try StateDict(
      tensors.map { .init(name: $0, tensor: try Tensor(floats: $1, shape: [$1.count])) })
  }

  @Test func `of a dict and itself finds nothing`() throws {
    let one = try dict(["a": [1, 2], "b": [.nan, 3]])
    let diff = try StateDictDiff(one, one)
    #expect(diff.passed && diff.values.count == 2 && diff.values.allSatisfy(\.difference.isBitEqual))
  }

  @Test func `tells what came, what went, and what has another name`() throws {
    let first = try dict(["a": [1, 2], "b": [3, 4], "c": [5, 6]])
    let second = try dict(["a": [1, 2], "x.b": [3, 4], "y.b": [3, 4], "d": [7, 8]])
    let diff = try StateDictDiff(first, second)
    #expect(diff.removed == ["c"] && diff.added == ["d"])
    #expect(diff.renamed.map { "\($0.from) \($0.to)" } == ["b x.b"])
    #expect(diff.copied.map { "\($0.from) \($0.to)" } == ["b y.b"])
    #expect(!diff.passed && !diff.hasSameStructure)
  }

  @Test func `does not take a constant for a rename, unless the names agree`() throws {
    let first = try dict(["norm.weight": [1, 1], "a.weight": [2, 3], "b.weight": [1, 1]])
    let second = try dict([
      "m.a.weight": [2, 3], "m.b.weight": [1, 1], "x.scale": [1, 1], "y.scale": [1, 1],
    ])
    let diff = try StateDictDiff(first, second)
    #expect(diff.renamed.map { "\($0.from) \($0.to)" } == ["a.weight m.a.weight", "b.weight m.b.weight"])
    #expect(diff.removed == ["norm.weight"] && diff.added == ["x.scale", "y.scale"])
  }

  @Test func `tells another library's names`() throws {
    let first = try Network(scheme: .facebookresearch).dict
    let second = try Plan(of: first, steps: [AdoptNaming(.torchvision)]).output
    let diff = try StateDictDiff(first, second)
    #expect(diff.naming.map { $0.to } == .torchvision)
    #expect(diff.renamed.count == first.count && diff.renamed.allSatisfy(\.isByNaming))
    #expect(diff.removed.isEmpty && diff.added.isEmpty && diff.copied.isEmpty)
    let scale = try #require(diff.renamed.first { $0.from == "stages.0.0.gamma" })
    #expect(scale.toShape == [2, 1, 1])
  }

  @Test func `proposes a prefix where content finds nothing`() throws {
    let diff = try StateDictDiff(
      dict(["a.x": [1], "a.y": [2]]), dict(["module.a.x": [3], "module.a.y": [4]]))
    #expect(diff.removed.count == 2 && diff.advice?.repairs.map(\.record) == [AddPrefix("module.").record])
  }

  @Test func `tells other shapes, and whether the elements are the same`() throws {
    let first = try dict(["a": [1, 2], "b": [1, 2]])
    let second = try StateDict([
      .init(name: "a", tensor: Tensor(floats: [1, 2], shape: [2, 1])),
      .init(name: "b", tensor: Tensor(floats: [1, 2, 3], shape: [3])),
    ])
    let diff = try StateDictDiff(first, second)
    #expect(diff.reshaped.map(\.keepsElements) == [true, false])
    #expect(diff.values.isEmpty && !diff.passed)
  }

  @Test func `tells other dtypes, and compares across them`() throws {
    let first = try dict(["a": [1, 2], "b": [0.1, 0.2]])
    let second = try first.cast(to: .bfloat16) { _ in false }.stateDict
    let strict = try StateDictDiff(first, second)
    #expect(strict.recast.map { "\($0.from) \($0.to)" } == ["float32 bfloat16", "float32 bfloat16"])
    #expect(strict.values[0].difference.differing == 0 && !strict.values[0].difference.isBitEqual)
    #expect(!strict.passed)
    var tolerance = Tolerance()
    #expect(try !StateDictDiff(first, second, tolerance: tolerance).passed)
    tolerance.relative = 0.01
    #expect(try StateDictDiff(first, second, tolerance: tolerance).passed)
  }

  @Test func `counts apart what is equal after a cast, in either direction`() throws {
    let first = try dict(["a": [1, 2], "b": [0.1, 0.2], "c": [0.1, 0.2], "d": [.nan, 3]])
    let rounded = try first.cast(to: .bfloat16) { _ in false }.stateDict
    let half = try dict(["a": [1, 2], "b": [0.1, 0.2], "c": [0.3, 0.2], "d": [.nan, 3]]).cast(to: .float16) {
      _ in false
    }.stateDict
    for (one, other, equal) in [(first, rounded, 4), (rounded, first, 4), (first, half, 3), (half, first, 3)]
    {
      let diff = try StateDictDiff(one, other)
      #expect(diff.castEqualCount == equal && !diff.passed && diff.recast.count == 4)
      if equal == 3 { #expect(diff.changes(depth: 1).map(\.changedCount) == [1, 0, 0, 0]) }
    }
    // Of two roundings of one number the coarser one is that of the other, too.
    let both = try StateDictDiff(rounded, half)
    #expect(both.values.map(\.difference.isEqualAfterCast) == [true, true, false, true])
    let integers = try StateDict([
      .init(name: "a", tensor: Tensor(Storage([1, 0, 2, 0]), dtype: .int16, shape: [2]))
    ])
    #expect(try StateDictDiff(integers, dict(["a": [1, 2]])).castEqualCount == 1)
    #expect(try StateDictDiff(integers, dict(["a": [1, 3]])).castEqualCount == 0)
  }

  @Test func `has first what changed most of itself, and sums it up by module`() throws {
    let first = try dict([
      "a.x": [100, 0], "a.y": [3, 4], "b.x": [1, 1], "b.y": [0, 0], "c.x": [5, 5], "d": [1, 1],
    ])
    let second = try dict([
      "a.x": [101, 0], "a.y": [3, 4.5], "b.x": [1, 2], "b.y": [0, 0], "c.x": [5, 5], "d": [.nan, 1],
    ])
    let diff = try StateDictDiff(first, second)
    #expect(diff.valuesByChange.map(\.name) == ["d", "b.x", "a.y", "a.x", "b.y", "c.x"])
    #expect(diff.values[0].difference.relativeChange == 0.01)
    #expect(diff.values[1].difference.relativeChange == 0.1)
    #expect(diff.values[5].difference.relativeChange == .infinity)
    let modules = diff.changes(depth: 1)
    #expect(modules.map(\.name) == ["d", "b", "a", "c"])
    #expect(modules.map(\.changedCount) == [1, 1, 2, 0] && modules.map(\.comparedCount) == [1, 2, 2, 1])
    #expect(modules.map(\.most) == ["d", "b.x", "a.y", nil])
    #expect(abs(modules[2].relativeChange - (1.25 / 10025).squareRoot()) < 1e-12 && modules[2].maximum == 1)
    #expect(modules[0].relativeChange == .infinity && modules[3].relativeChange == 0)
    #expect(diff.changes(depth: 2).count == 6)
  }

  @Test func `fails with a storage that does not pass its checksum`() throws {
    let good = try dict(["a": [1, 2]])
    let broken = try StateDict([
      .init(
        name: "a",
        tensor: Tensor(
          Storage(
            MemoryBytes([UInt8](repeating: 0, count: 8)), offset: 0, byteCount: 8, label: "0", crc32: 1),
          dtype: .float32, shape: [2]))
    ])
    #expect(throws: ChecksumMismatch.self) { try StateDictDiff(good, broken) }
  }
}
