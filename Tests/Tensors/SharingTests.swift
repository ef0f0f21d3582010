import Testing

@testable import SutureTensors

@Suite struct `The sharing of storages` {
  private let storage = Storage([UInt8](repeating: 0, count: 64), label: "7")

  private func view(
    _ shape: [Int], _ strides: [Int], offset: Int = 0, dtype: DType = .float32, bits: LazyBits = []
  ) throws -> Tensor {
    try Tensor(storage, dtype: dtype, shape: shape, strides: strides, offset: offset, lazyBits: bits)
  }

  private func sharing(_ tensors: (String, Tensor)...) throws -> [Sharing] {
    try StateDict(tensors.map { StateDict.Entry(name: $0, tensor: $1) }).sharing
  }

  @Test func `is tied where two names are one view`() throws {
    let found = try sharing(("b", view([4], [1])), ("a", view([4], [1])))
    #expect(found == [Sharing(kind: .tied, names: ["b", "a"], storage: "7")])
  }

  @Test func `is transposed where only the order of the axes differs`() throws {
    let found = try sharing(("w", view([2, 3], [3, 1])), ("t", view([3, 2], [1, 3])))
    #expect(found.map(\.kind) == [.transposed])
  }

  @Test func `is no tie where torch would still negate one of two equal views`() throws {
    let found = try sharing(("a", view([4], [1])), ("b", view([4], [1], bits: .negative)))
    #expect(found.map(\.kind) == [.overlapping])
    #expect(ViewIdentity(try view([4], [1])) != ViewIdentity(try view([4], [1], bits: .negative)))
  }

  @Test func `is a tie where two slices are the same part of one storage`() throws {
    let parts = [storage.slice(8..<24, label: "8"), storage.slice(8..<24, label: "9")]
    let tensors = try parts.map { try Tensor($0, dtype: .float32, shape: [4]) }
    #expect(try sharing(("a", tensors[0]), ("b", tensors[1])).map(\.kind) == [.tied])
  }

  @Test func `is overlapping where some bytes are common`() throws {
    #expect(
      try sharing(("a", view([4], [1])), ("b", view([4], [1], offset: 2))).map(\.kind) == [.overlapping])
    #expect(
      try sharing(("a", view([4], [1])), ("b", view([4], [1], dtype: .int32))).map(\.kind) == [.overlapping])
    // The same bytes, but not a transpose: a square that is read as a line.
    #expect(try sharing(("a", view([4], [1])), ("b", view([2, 2], [2, 1]))).map(\.kind) == [.overlapping])
  }

  @Test func `of disjoint slices is no aliasing`() throws {
    let dict = try StateDict([
      .init(name: "q", tensor: view([4], [1])), .init(name: "k", tensor: view([4], [1], offset: 4)),
    ])
    #expect(dict.sharing == [Sharing(kind: .slices, names: ["q", "k"], storage: "7")])
    #expect(dict.aliases.isEmpty)
  }

  @Test func `names both where slices overlap among themselves`() throws {
    let found = try sharing(
      ("a", view([2], [1])), ("b", view([4], [1], offset: 4)), ("c", view([4], [1], offset: 4)))
    #expect(found.map(\.kind) == [.slices, .tied])
    #expect(found.map(\.names) == [["a", "b", "c"], ["b", "c"]])
  }

  @Test func `of a slice of a storage is seen through its name`() throws {
    let part = storage.slice(8..<24, label: "8")
    let tensor = try Tensor(part, dtype: .float32, shape: [4], strides: [1], offset: 0)
    #expect(try sharing(("whole", view([4], [1])), ("part", tensor)).map(\.kind) == [.overlapping])
  }

  @Test func `leaves empty tensors out`() throws {
    #expect(try sharing(("a", view([0], [1])), ("b", view([4], [1]))).isEmpty)
  }
}
