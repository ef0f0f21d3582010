import SutureBytes
import Testing

@testable import SutureTensors

@Suite struct `The contents of a storage` {
  private static let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }

  private func stored(crc32: UInt32? = nil) -> Storage {
    Storage(MemorySource(Self.bytes), offset: 0, byteCount: Self.bytes.count, label: "0", crc32: crc32)
  }

  private func all(_ storage: Storage) throws -> [UInt8] {
    var result: [UInt8] = []
    try storage.forEachChunk { result += $0[..<$1] }
    return result
  }

  @Test(arguments: [nil, CRC32.of(bytes)])
  func `are joined of stretches, verified in one pass or read as they are`(crc32: UInt32?) throws {
    let ranges = [3..<10, 200_000..<600_000, 600_001..<600_002, 999_990..<1_000_000]
    let joined = stored(crc32: crc32).joining(ranges)
    let expected = ranges.flatMap { Self.bytes[$0] }
    #expect(try all(joined) == expected)
    #expect(try all(joined) == expected)
    for range in [0..<8, 5..<400_010, 400_000..<400_018] {
      var buffer = [UInt8](repeating: 0, count: range.count)
      try joined.read(range, into: &buffer)
      #expect(buffer == Array(expected[range]))
    }
  }

  @Test func `that are corrupt are found out through every view of them`() throws {
    let storage = stored(crc32: 1)
    #expect(throws: ChecksumMismatch.self) { try all(storage) }
    #expect(throws: ChecksumMismatch.self) { try all(storage.joining([5..<9])) }
    #expect(throws: ChecksumMismatch.self) { try all(storage.slice(5..<9, label: "1")) }
    let converted = ConvertedContents(storage, from: 1, to: 1, counting: LossCount(.uint8, isComputed: false))
    { source, count, target in
      target.replaceSubrange(0..<count, with: source[..<count])
      return 0
    }
    #expect(throws: ChecksumMismatch.self) { try all(Storage(converted, label: "2")) }
    #expect(storage.joining([5..<9]).place == nil)
  }

  @Test func `are compared with their checksum by who reads them in parts`() throws {
    let pass = try #require(stored(crc32: 5).sharedPass())
    #expect(pass.wantsChecksum)
    var buffer = [UInt8](repeating: 0, count: 10)
    try pass.read(700..<710, &buffer)
    #expect(buffer == Array(Self.bytes[700..<710]))
    #expect(throws: ChecksumMismatch.self) { try pass.end(CRC32.of(Self.bytes)) }
    let sound = stored(crc32: CRC32.of(Self.bytes))
    try #require(sound.sharedPass()).end(CRC32.of(Self.bytes))
    #expect(sound.isVerified)
    #expect(try #require(sound.joining([5..<9]).sharedPass()).wantsChecksum == false)
  }

  @Test func `are given out in parts only where nothing is left unseen by it`() throws {
    // The checksum is of more than is read.
    let storage = stored(crc32: 5)
    #expect(storage.joining([5..<9]).sharedPass() == nil)
    #expect(try Tensor(storage, dtype: .uint8, shape: [10]).sharedPass() == nil)
    storage.verifyWhileReading()
    #expect(storage.joining([5..<9]).sharedPass() != nil)
    // Their order is another, or they are put together for who asks.
    let bytes = stored()
    let transposed = try Tensor(bytes, dtype: .uint8, shape: [10, 20], strides: [1, 10], offset: 0)
    #expect(transposed.sharedPass() == nil)
    #expect(try transposed.separated().sharedPass() == nil)
    #expect(try Tensor(bytes, dtype: .uint8, shape: [200]).sharedPass() != nil)
  }

  @Test func `give the checksum that verified them, so that nobody computes it again`() throws {
    let crc32 = CRC32.of(Self.bytes)
    #expect(try stored(crc32: crc32).forEachChunk { _, _ in } == crc32)
    #expect(try stored().forEachChunk { _, _ in } == nil)
    let tensor = try Tensor(stored(crc32: crc32), dtype: .uint8, shape: [1000, 1000])
    #expect(tensor.computesChecksum)
    #expect(try tensor.forEachChunk { _, _ in } == crc32)
    let part = try Tensor(stored(crc32: crc32), dtype: .uint8, shape: [10])
    #expect(!part.computesChecksum)
  }

  @Test func `are converted element by element, wherever chunks are cut`() throws {
    // Stretches of odd lengths put the seams within elements of two bytes.
    let base = stored().joining([1..<262_144, 300_001..<500_002, 500_010..<500_020])
    let even = base.byteCount / 2 * 2
    let source = base.joining([0..<even])
    let loss = LossCount(.uint8, isComputed: false)
    let converted = ConvertedContents(source, from: 2, to: 3, counting: loss) { source, count, target in
      for index in 0..<count {
        target[index * 3] = source[index * 2 + 1]
        target[index * 3 + 1] = source[index * 2]
        target[index * 3 + 2] = 9
      }
      return 1
    }
    let storage = Storage(converted, label: "c")
    let plain = try all(source)
    let expected: [UInt8] = (0..<(even / 2)).flatMap { [plain[$0 * 2 + 1], plain[$0 * 2], 9] as [UInt8] }
    #expect(try all(storage) == expected)
    for range in [0..<7, 393_000..<393_100, 4..<5] {
      var buffer = [UInt8](repeating: 0, count: range.count)
      try storage.read(range, into: &buffer)
      #expect(buffer == Array(expected[range]))
    }
    #expect(loss.count > 0)
  }
}
