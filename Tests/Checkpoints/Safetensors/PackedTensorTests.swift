import SutureBytes
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

@Suite struct `Tensors whose numbers share their bytes` {
  /// A file with tensors of F6, one of which ends its rows within an element, and one of F32.
  private func file() -> [UInt8] {
    let header = """
      {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},\
      "b":{"dtype":"F6_E2M3","shape":[2,4],"data_offsets":[8,14]},\
      "c":{"dtype":"F6_E3M2","shape":[2,2],"data_offsets":[14,17]},\
      "d":{"dtype":"F4","shape":[3,4],"data_offsets":[17,23]}}
      """
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(header.utf8.count))
    return bytes + Array(header.utf8) + (0..<23).map { UInt8($0) }
  }

  @Test func `are listed, with what they are`() throws {
    let checkpoint = try Checkpoint.open(MemorySource(file(), name: "packed.safetensors"))
    let tensors = checkpoint.stateDict.map(\.tensor)
    #expect(tensors.map(\.dtype.rawValue) == ["float32", "F6_E2M3", "F6_E3M2", "float4_e2m1fn_x2"])
    #expect(tensors.map(\.shape) == [[2], [2, 1], [1], [3, 2]])
    #expect(tensors.map(\.packedShape) == [nil, [2, 4], [2, 2], [3, 4]])
    #expect(tensors.map(\.byteCount) == [8, 6, 3, 6])
    #expect(try tensors[1].contiguousBytes() == Array(8..<14))
    #expect(checkpoint.warnings.count == 3)
    #expect(
      checkpoint.warnings.contains(
        "1 tensor of F6_E2M3: each element packs 4 numbers of 6 bits, and shapes count elements"))
  }

  @Test func `are carried from file to file byte by byte`() throws {
    let folder = try TemporaryFolder()
    let paths = ["one", "two"].map { "\(folder.path)/\($0).safetensors" }
    let first = try Checkpoint.open(MemorySource(file(), name: "packed.safetensors")).stateDict
    try CheckpointWriter.write(first, to: paths[0], WriteOptions(.safetensors))
    let second = try Checkpoint.open(paths[0]).stateDict
    for entry in first {
      let again = try #require(second[entry.name])
      #expect(again.dtype == entry.tensor.dtype && again.packedShape == entry.tensor.packedShape)
      #expect(try again.contiguousBytes() == entry.tensor.contiguousBytes())
    }
    try CheckpointWriter.write(second, to: paths[1], WriteOptions(.safetensors))
    let files = try paths.map { try FileSource($0) }
    #expect(try files[0].bytes(0..<files[0].byteCount) == files[1].bytes(0..<files[1].byteCount))
  }

  @Test func `are refused one by one where nothing can be done with them`() throws {
    let dict = try Checkpoint.open(MemorySource(file(), name: "packed.safetensors")).stateDict
    let tensor = try #require(dict["b"])
    #expect(!tensor.hasStatistics)
    #expect(throws: TensorError.notConvertible(.f6_e2m3, to: .float64)) { try tensor.statistics() }
    #expect(throws: TensorError.notConvertible(.f6_e2m3, to: .float32)) { try tensor.floats() }
    let error = #expect(throws: Failure.self) { try TorchWriter.plan(dict) }
    #expect(error?.kind == .doesNotFit)
    #expect(error?.reason == "b is a F6_E2M3 tensor, and torch has no such dtype")
    // What can be cast is; the others stay.
    #expect(try dict.cast(to: .float16) { _ in false }.names == ["a"])
  }
}
