import SutureBytes
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

@Suite struct `A file for NumPy` {
  private func dict(_ names: [String]) throws -> StateDict {
    try StateDict(
      names.enumerated().map { .init(name: $1, tensor: try Tensor(floats: [Float($0), 2, 3], shape: [3])) })
  }

  private func written(_ stateDict: StateDict, _ format: WriteOptions.Format) throws -> (Checkpoint, [UInt8])
  {
    let folder = try TemporaryFolder()
    let path = folder.path + "/out.\(format.rawValue)"
    var options = WriteOptions(format)
    options.proves = true
    try CheckpointWriter.write(stateDict, to: path, options)
    return (try Checkpoint.open(path), try contents(of: path))
  }

  private func problem(_ stateDict: StateDict, _ format: WriteOptions.Format = .npz) -> Failure? {
    do { _ = try CheckpointWriter(.standardOutput, WriteOptions(format)).plan(stateDict) } catch {
      return error as? Failure
    }
    return nil
  }

  @Test func `of one array has the header that numpy_save writes`() throws {
    let tensor = try Tensor(floats: [1, 2, 3, 4, 5, 6], shape: [2, 3])
    let (checkpoint, bytes) = try written(StateDict([.init(name: "w", tensor: tensor)]), .npy)
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    #expect(bytes.count == 128 + 24 && bytes.prefix(10) == [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0])
    #expect(bytes[10...].starts(with: Array(text.utf8)))
    #expect(bytes[(10 + text.utf8.count)..<127].allSatisfy { $0 == 0x20 } && bytes[127] == 0x0A)
    #expect(try checkpoint.stateDict.entries[0].tensor.floats() == [1, 2, 3, 4, 5, 6])
  }

  @Test func `has the elements of a view in C order, and what lazy bits mean`() throws {
    let base = try Tensor(floats: [1, 2, 3, 4, 5, 6], shape: [2, 3])
    let turned = try Tensor(base.storage, dtype: .float32, shape: [3, 2], strides: [1, 3], offset: 0)
    let conjugate = try Tensor(
      base.storage, dtype: .complex64, shape: [3], strides: [1], offset: 0, lazyBits: .conjugate)
    let (checkpoint, _) = try written(
      StateDict([.init(name: "t", tensor: turned), .init(name: "z", tensor: conjugate)]), .npz)
    #expect(try checkpoint.stateDict["t"]?.floats() == [1, 4, 2, 5, 3, 6])
    let numbers = try #require(try checkpoint.stateDict["z"]?.contiguousBytes())
    #expect(try Tensor(Storage(numbers), dtype: .float32, shape: [6]).floats() == [1, -2, 3, -4, 5, -6])
  }

  @Test func `is written in parts where an array is long, which is verified on the way`() throws {
    let bytes = (0..<5_000_004).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }
    func state(crc32: UInt32) throws -> StateDict {
      let storage = Storage(
        MemorySource(bytes), offset: 0, byteCount: bytes.count, label: "0", crc32: crc32)
      let tensor = try Tensor(storage, dtype: .int32, shape: [bytes.count / 4])
      return try StateDict([.init(name: "long", tensor: tensor)] + dict(["short"]).entries)
    }
    let (checkpoint, _) = try written(state(crc32: CRC32.of(bytes)), .npz)
    #expect(try checkpoint.stateDict["long"]?.contiguousBytes() == bytes)
    #expect(try Integrity(of: checkpoint).problems.isEmpty)
    #expect(throws: ChecksumMismatch.self) { try written(state(crc32: 1), .npz) }
  }

  @Test func `keeps names, their order, scalars and what is empty`() throws {
    var state = try dict(["b.weight", "a/b", "", "ü", "x.npy"])
    try state.append("scalar", Tensor(floats: [7], shape: []))
    try state.append("none", Tensor(floats: [], shape: [0, 5]))
    let (checkpoint, _) = try written(state, .npz)
    #expect(checkpoint.container == .npz && checkpoint.stateDict.names == state.names)
    #expect(checkpoint.stateDict.entries.map(\.tensor.shape) == state.entries.map(\.tensor.shape))
    #expect(checkpoint.warnings.isEmpty)
  }

  @Test func `writes names of one tensor in full each, and says what it left out`() throws {
    var state = try dict(["a"])
    try state.append("tied", state.entries[0].tensor)
    state.metadata = [("format", "pt"), ("author", "somebody")]
    let plan = try CheckpointWriter(.standardOutput, WriteOptions(.npz)).plan(state)
    #expect(plan.copiedNames == ["a", "tied"] && plan.storageCount == 2)
    #expect(plan.notes == ["left out: the metadata author, for which NumPy has no place"])
  }

  @Test func `of one array holds one tensor`() throws {
    for names in [[], ["a", "b"]] {
      let failure = try #require(problem(try dict(names), .npy))
      #expect(failure.kind == .refused && failure.reason.contains("\(names.count) tensors"))
      #expect(
        failure.remedies.contains { if case .advice(let text) = $0 { text.contains(".npz") } else { false } })
    }
  }

  @Test(arguments: [
    DType.bfloat16, .float8_e4m3fn, .float8_e5m2, .float8_e8m0fnu, .complex32, .float4_e2m1fn_x2,
  ])
  func `is refused of a dtype that NumPy lacks`(dtype: DType) throws {
    let tensor = try Tensor(
      Storage([UInt8](repeating: 0, count: 8)), dtype: dtype, shape: [8 / dtype.byteCount])
    let failure = try #require(problem(try StateDict([.init(name: "w", tensor: tensor)])))
    #expect(failure.kind == .doesNotFit && failure.reason == "w: NumPy has no \(dtype)")
    #expect(
      (dtype.floatFormat != nil)
        == failure.remedies.contains {
          if case .setting("dtype", "float32", _) = $0 { true } else { false }
        })
  }

  @Test(arguments: [["a", "A"], ["a", "a.npy"], ["a\u{0}b"]])
  func `is refused where numpy_load or readers of archives would confuse names`(names: [String]) throws {
    let failure = try #require(problem(try dict(names)))
    #expect(failure.kind == .refused)
  }

  @Test(arguments: ["229_sparse_coo.pth", "238_meta.pth"])
  func `is refused of tensors that are no array`(name: String) throws {
    let state = try Checkpoint.open(projectFolder + "/Fixtures/Corpus/" + name).stateDict
    #expect(problem(state)?.kind == .doesNotFit)
  }
}
