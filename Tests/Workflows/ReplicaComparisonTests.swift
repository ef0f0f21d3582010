import SutureBytes
import SutureTensors
import SutureWorkflows
import Testing

@Suite struct ReplicaComparisonTests {
  private static func view(_ storage: Storage, _ bits: LazyBits = []) throws -> Tensor {
    try Tensor(storage, dtype: .complex64, shape: [1], strides: [1], offset: 0, lazyBits: bits)
  }

  /// A replica under `a.`, and others, each with the tensor `stages.w`.
  private func comparison(_ tensors: Tensor...) throws -> ReplicaComparison {
    let prefixes = tensors.indices.map { "\($0)." }
    let dict = try StateDict(zip(prefixes, tensors).map { .init(name: $0 + "stages.w", tensor: $1) })
    return try ReplicaComparison(among: prefixes, of: dict)
  }

  /// 1 + 2i, as PyTorch stores it.
  private let storage = {
    var bytes: [UInt8] = []
    for part: Float in [1, 2] { bytes.append(littleEndian: part.bitPattern) }
    return Storage(bytes)
  }()

  @Test(arguments: [LazyBits.conjugate, .negative, [.conjugate, .negative]])
  func `views that differ only in a lazy bit are not the same`(bits: LazyBits) throws {
    let found = try comparison(Self.view(storage), Self.view(storage, bits), Self.view(storage))
    #expect(found.different == ["1.stages.w"])
    #expect(found.compared == 2 && !found.passed)
  }

  @Test func `a lazy bit and elements that are stored so are the same`() throws {
    var bytes: [UInt8] = []
    for part: Float in [1, -2] { bytes.append(littleEndian: part.bitPattern) }
    #expect(try comparison(Self.view(storage, .conjugate), Self.view(Storage(bytes))).passed)
  }

  @Test func `what a replica lacks and what surgery dropped is listed`() throws {
    let tensor = try Tensor(floats: [1], shape: [1])
    func dict(_ names: String...) throws -> StateDict {
      try StateDict(names.map { .init(name: $0, tensor: tensor) })
    }
    let found = try ReplicaComparison(
      of: dict("a.stages.0", "b.stages.0", "a.stages.1", "neck"), under: ["a.", "b."],
      with: dict("stages.0", "stages.1", "head"), under: "")
    #expect(found.missing == ["b.stages.1"] && found.different.isEmpty && found.compared == 3)
    #expect(found.dropped == ["head"] && found.unknown == ["neck"])
  }
}
