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
    #expect(found.differentUnread == ["1.stages.w"])
    #expect(found.compared == 2)
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
      with: dict("stages.0", "stages.1", "head"), under: "", reading: ["a.stages.0", "b.stages.1"])
    #expect(found.missing == ["b.stages.1"] && found.different.isEmpty && found.compared == 3)
    #expect(found.dropped == ["head"] && found.unknown == ["neck"])
  }

  @Test func `what nothing reads differs without harm, and is told`() throws {
    func dict(_ values: [(String, Float)]) throws -> StateDict {
      try StateDict(values.map { .init(name: $0.0, tensor: try Tensor(floats: [$0.1], shape: [1])) })
    }
    let original = try dict([("stages.0", 1), ("stages.1", 1)])
    let trained = try dict([("a.stages.0", 1), ("a.stages.1", 2), ("b.stages.0", 3), ("b.stages.1", 1)])
    let found = try ReplicaComparison(
      of: trained, under: ["a.", "b."], with: original, under: "", reading: ["a.stages.0", "b.stages.1"])
    #expect(found.passed && Set(found.differentUnread) == ["a.stages.1", "b.stages.0"])
    let other = try ReplicaComparison(
      of: trained, under: ["a.", "b."], with: original, under: "", reading: ["a.stages.1", "b.stages.1"])
    #expect(!other.passed && other.different == ["a.stages.1"])
    let among = try ReplicaComparison(among: ["a.", "b."], of: trained)
    #expect(among.passed && among.differentUnread == ["b.stages.0", "b.stages.1"])
  }
}
