import SutureBytes
import SutureTensors
import Testing

@testable import SutureCheckpoints
import TestSupport

@Suite("A file that was cut short")
struct TruncationTests {
  /// One small file of each container.
  private static let files = [
    "001_zip_default.pth", "010_zip_deflated.pth", "059_torchscript.pt", "406_legacy_transpose.pth",
    "091_legacy_tar.pth.tar", "095_plain_pickle_tensor.pkl", "405_pickle_of_numpy.pkl",
    "304_st_basic.safetensors", "401_arrays_deflated.npz", "402_big_endian.npy",
  ]

  @Test(arguments: files) func `is refused at every length, or read exactly`(file: String) throws {
    let bytes = try contents(of: "\(fixtures)/Corpus/\(file)")
    let whole = try tensors(try Checkpoint.open(MemorySource(bytes, name: file), key: "."))
    #expect(!whole.isEmpty)
    for length in 0..<bytes.count {
      let cut = MemorySource(Array(bytes[..<length]), name: file)
      guard let read = try? tensors(try Checkpoint.open(cut, key: ".")) else { continue }
      #expect(read == whole, "\(length) of \(bytes.count) bytes")
    }
  }

  @Test func `is refused at every length where it is an index`() throws {
    let folder = "\(fixtures)/Corpus/277_sharded_dup"
    let name = try #require(try fileNames(in: folder).first { $0.hasSuffix(".index.json") })
    let (index, limits) = ("\(folder)/\(name)", ReadLimits())
    let bytes = try contents(of: index)
    let whole = try tensors(try Checkpoint.open(folder, key: "."))
    for length in 0..<bytes.count {
      let cut = MemorySource(Array(bytes[..<length]), name: index)
      let input = try? CheckpointInput(cut, key: nil, limits: limits, mayNameFiles: true)
      guard let read = try? input.flatMap({ try ShardIndexFile.open($0) }) else { continue }
      #expect(try tensors(read) == whole, "\(length) of \(bytes.count) bytes")
    }
  }

  private func tensors(_ checkpoint: Checkpoint) throws -> [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for entry in checkpoint.stateDict.entries { result[entry.name] = try entry.tensor.contiguousBytes() }
    return result
  }
}
