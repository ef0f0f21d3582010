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
