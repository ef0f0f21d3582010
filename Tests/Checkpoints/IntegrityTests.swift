import SutureBytes
import SutureJSON
import SutureTensors
import Synchronization
import Testing

@testable import SutureCheckpoints

@Suite struct IntegrityTests {
  /// As many storages as keep several threads busy, each of another size; every third holds a NaN in its last element.
  private static let count = 700

  private func checkpoint() throws -> Checkpoint {
    var members: [(key: String, value: JSONValue)] = []
    var data: [UInt8] = []
    for number in 0..<Self.count {
      let (begin, size) = (data.count, 1 + number % 97 * (number % 7))
      for place in 0..<size {
        data.append(littleEndian: (place == size - 1 && number % 3 == 0 ? Float.nan : 1).bitPattern)
      }
      let fields: JSONValue = [
        "dtype": "F32", "shape": [.integer(size)], "data_offsets": [.integer(begin), .integer(data.count)],
      ]
      members.append(("t\(number)", fields))
    }
    let header = JSONWriter.bytes(.object(members))
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(header.count))
    return try .open(MemorySource(bytes + header + data, name: "f.safetensors"))
  }

  @Test func `what several threads find is told in the order of the state dict`() throws {
    let checkpoint = try checkpoint()
    let read = Atomic(0)
    let integrity = try Integrity(of: checkpoint) { read.wrappingAdd($0, ordering: .relaxed) }
    #expect(integrity.irregular.map(\.name) == (0..<Self.count).filter { $0 % 3 == 0 }.map { "t\($0)" })
    #expect(integrity.irregular.allSatisfy { $0.nonFinite.nanCount == 1 && $0.nonFinite.firstIsNaN })
    #expect(read.load(ordering: .relaxed) == checkpoint.stateDict.byteCount)
    #expect(integrity.problems.isEmpty)
  }

  private func written(_ plan: OutputPlan) throws -> [UInt8] {
    let path = "/tmp/suture-integrity-\(UInt64.random(in: 0 ... .max))"
    let output = try OutputFile(path)
    try output.write(plan, workers: 2) { _ in }
    let file = try FileSource(output.temporaryPath)
    return try file.bytes(0..<file.byteCount)
  }

  @Test func `records that are damaged are told in the order of the archive, and the others counted`() throws
  {
    var stateDict = StateDict()
    for number in 0..<300 {
      try stateDict.append("w\(number)", try Tensor(floats: [Float(number), 1, 2], shape: [3]))
    }
    var bytes = try written(TorchWriter.plan(stateDict).plan)
    let whole = try Checkpoint.open(MemorySource(bytes, name: "f.pth"))
    let damaged = [7, 20, 150, 299]
    for number in damaged {
      let storage = try #require(whole.stateDict["w\(number)"]).storage
      bytes[storage.offset] ^= 1
    }
    let integrity = try Integrity(of: .open(MemorySource(bytes, name: "f.pth")))
    #expect(integrity.problems.map(\.place) == damaged.map { "archive/data/\($0)" })
    #expect(integrity.problems.allSatisfy { $0.kind == .checksum })
    #expect(integrity.verifiedCount == whole.records.filter(\.recordsChecksum).count - damaged.count)
  }
}
