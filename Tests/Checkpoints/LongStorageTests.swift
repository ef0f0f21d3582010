import SutureBytes
import SutureTensors
import SutureText
import Synchronization
import TestSupport
import Testing

@testable import SutureCheckpoints

@Suite struct `A long storage` {
  /// All that is told of a file, in words.
  ///
  /// - Parameter hole: what cannot be read once the file has been opened.
  private func report(
    _ bytes: [UInt8], hole: Range<Int> = 0..<0, _ limits: ReadLimits = .init(), partSize: Int
  ) throws -> [String] {
    let source = Worn(memory: MemorySource(bytes, name: "f.pth"))
    let checkpoint = try Checkpoint.open(source, key: ".", limits: limits)
    source.hole.withLock { $0 = hole }
    let read = Atomic(0)
    let integrity = try Integrity(of: checkpoint, partSize: partSize) {
      read.wrappingAdd($0, ordering: .relaxed)
    }
    let problems = integrity.problems.map {
      "\($0.kind) \($0.place): \($0.message) (\($0.reason)) \($0.extent.map { "\($0)" } ?? "")"
    }
    let irregular = integrity.irregular.map {
      "\($0.name): \($0.nonFinite) \($0.extent.map { "\($0)" } ?? "")"
    }
    // What a file turns out not to hold is not looked at in full.
    let told = problems.isEmpty ? ["\(read.load(ordering: .relaxed)) bytes looked at"] : []
    return problems + irregular + integrity.unusedStorages + ["\(integrity.verifiedCount) verified"] + told
  }

  /// Bytes of which some cannot be read.
  private struct Worn: ByteSource {
    let memory: MemorySource
    let hole = Guarded(0..<0)

    var name: String { memory.name }
    var byteCount: Int { memory.byteCount }
    var isRandomAccess: Bool { true }
    func extent(_ range: Range<Int>) -> FileExtent? { FileExtent(name, range) }

    func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
      let hole = hole.withLock { $0 }
      if hole.overlaps(offset..<(offset + count)) {
        throw Failure(in: name, at: max(offset, hole.lowerBound), "\(count) bytes cannot be read")
      }
      try memory.read(into: &buffer, count: count, at: offset)
    }
  }

  /// Storages of some kilobytes with several views each, one of them in another order, and with elements that are no
  /// finite numbers.
  private func stateDict(_ generator: inout Seeded) throws -> StateDict {
    var (dict, number) = (StateDict(), 0)
    let dtypes: [DType] = [.float32, .float32, .float64, .float16, .bfloat16, .complex64, .int64, .uint8]
    let special: [[UInt8]] = [[0, 0, 0xC0, 0x7F], [0, 0, 0x80, 0xFF], [0, 0, 0xF8, 0x7F]]
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      // As a rule finite: a byte of exponent is not 0x7F.
      var bytes = (0..<(16 * Int.random(in: 1...500, using: &generator))).map { _ in
        UInt8.random(in: 0..<0x60, using: &generator)
      }
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        // At a cut, one of 16 bytes and its multiples, before it or anywhere.
        let place =
          Int.random(in: 0..<(bytes.count / 16), using: &generator) * 16
          + [0, 12, 4, 8][Int.random(in: 0..<4, using: &generator)]
        bytes.replaceSubrange(
          place..<(place + 4),
          with: special[Int.random(in: 0..<3, using: &generator)]
        )
      }
      let storage = Storage(bytes)
      for _ in 0..<Int.random(in: 1...5, using: &generator) {
        let dtype = dtypes[Int.random(in: dtypes.indices, using: &generator)]
        let room = bytes.count / dtype.byteCount
        let offset = Bool.random(using: &generator) ? 0 : Int.random(in: 0..<room, using: &generator)
        let count =
          Bool.random(using: &generator)
          ? room - offset : Int.random(in: 0...(room - offset), using: &generator)
        let isTurned = count > 3 && Int.random(in: 0..<4, using: &generator) == 0
        let shape = isTurned ? [2, count / 2] : [count]
        let view = try Tensor(
          storage, dtype: dtype, shape: shape, strides: isTurned ? [1, 2] : [1], offset: offset)
        try dict.append("w\(number)", view)
        number += 1
      }
    }
    return dict
  }

  private func file(_ dict: StateDict) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try CheckpointWriter.write(dict, to: folder.path + "/f.pth", WriteOptions(.pytorchZip))
    return try contents(of: folder.path + "/f.pth")
  }

  @Test(arguments: [
    UInt64.random(in: 0 ... .max),
    // Once nothing but a view of no elements was to be searched.
    15_281_017_730_507_305_038,
  ])
  func `is told of as if one thread had read it, whatever its parts, however damaged it is`(seed: UInt64)
    throws
  {
    print("long storages: seed \(seed)")
    var generator = Seeded(seed)
    var (damaged, irregular, unreadable) = (0, 0, 0)
    for _ in 0..<100 {
      var bytes = try file(stateDict(&generator))
      let storages = try Checkpoint.open(MemorySource(bytes, name: "f.pth"), key: ".").stateDict.storages
      let storage = try #require(storages.randomElement(using: &generator))
      let place = storage.offset + Int.random(in: 0..<max(storage.byteCount, 1), using: &generator)
      var hole = 0..<0
      switch Int.random(in: 0..<4, using: &generator) {
      case 0 where storage.byteCount > 0: bytes[place] ^= 1
      case 1 where storage.byteCount > 0: hole = place..<(place + 1)
      default: break
      }
      // Without their checksums, no more is read than is viewed.
      var limits = ReadLimits()
      limits.verifies = Bool.random(using: &generator)
      let whole = try report(bytes, hole: hole, limits, partSize: .max)
      for _ in 0..<4 {
        let partSize =
          16
          * (Bool.random(using: &generator)
            ? .random(in: 1...3, using: &generator) : .random(in: 4...300, using: &generator))
        #expect(
          try report(bytes, hole: hole, limits, partSize: partSize) == whole,
          "seed \(seed), parts of \(partSize)")
      }
      damaged += whole.count { $0.hasPrefix("checksum") }
      unreadable += whole.count { $0.hasPrefix("unreadable") }
      irregular += whole.count { $0.contains("NonFinite") }
    }
    #expect(damaged > 0 && irregular > 0 && unreadable > 0, "seed \(seed)")
  }

  @Test func `has its first NaN where it is, on either side of a cut`() throws {
    let (count, partSize) = (1 << 18, 1 << 19)
    let cut = partSize / 4
    for places in [[cut - 1], [cut], [cut - 1, cut], [count - 1, cut], [0, cut + 1, count - 1]] {
      var floats = [Float](repeating: 1, count: count)
      for place in places { floats[place] = .nan }
      var dict = StateDict()
      try dict.append("w", Tensor(floats: floats, shape: [count / 16, 16]))
      let source = MemorySource(try file(dict), name: "f.pth")
      let integrity = try Integrity(of: .open(source, key: "."), partSize: partSize)
      let found = try #require(integrity.irregular.first)
      let first = try #require(places.min())
      #expect(found.nonFinite.nanCount == places.count && found.nonFinite.infinityCount == 0)
      #expect(found.nonFinite.firstIndex == [first / 16, first % 16] && found.nonFinite.firstIsNaN)
      #expect(integrity.problems.isEmpty)
    }
  }

  @Test func `that no tensor views is compared with its checksum in parts`() throws {
    var dict = StateDict()
    // Integers are not searched, so that nobody has read them before their record is verified.
    try dict.append("w", Tensor(Storage([UInt8](repeating: 7, count: 5000)), dtype: .uint8, shape: [5000]))
    var bytes = try file(dict)
    let storage = try #require(
      try Checkpoint.open(MemorySource(bytes, name: "f.pth"), key: ".").stateDict["w"]?.storage)
    let sound = try Integrity(of: .open(MemorySource(bytes, name: "f.pth"), key: "."), partSize: 64)
    #expect(sound.problems.isEmpty)
    bytes[storage.offset + 4999] ^= 4
    #expect(try report(bytes, partSize: 64) == report(bytes, partSize: .max))
    let damaged = try Integrity(of: .open(MemorySource(bytes, name: "f.pth"), key: "."), partSize: 64)
    #expect(damaged.problems.map(\.place) == ["archive/data/0"])
    #expect(damaged.verifiedCount == sound.verifiedCount - 1)
  }
}
