import Synchronization
import SutureText
import TestSupport
import Testing

@testable import SutureBytes

@Suite(.serialized) struct `An output plan` {
  private static let sizes = [1, 300_000, 7, 262_144, 0, 5, 1_500_000, 131_072, 131_073]

  private func pieces() -> (plan: [OutputPlan.Piece], bytes: [UInt8], checksums: [UInt32]) {
    var plan: [OutputPlan.Piece] = []
    var (bytes, checksums): ([UInt8], [UInt32]) = ([], [])
    for size in Self.sizes {
      let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ size) }
      let head = Array("<\(size)".utf8)
      plan.append(
        .init(head: head, MemoryPayload(payload), tailSize: 4) { crc32 in
          var tail: [UInt8] = []
          tail.append(littleEndian: crc32)
          return tail
        })
      bytes += head + payload
      bytes.append(littleEndian: CRC32.of(payload))
      checksums.append(CRC32.of(payload))
    }
    return (plan, bytes, checksums)
  }

  @Test(arguments: [1, 2, 7]) func `is written in order, whoever writes which part`(workers: Int) throws {
    let folder = try TemporaryFolder()
    let (pieces, bytes, checksums) = pieces()
    let expected = checksums
    let plan = try OutputPlan(pieces, endSize: 3) { found in found == expected ? Array("end".utf8) : [] }
    let output = try OutputFile(folder.path + "/out")
    let told = Atomic(0)
    try output.write(plan, workers: workers) { told.add($0, ordering: .relaxed) }
    try output.commit(replacing: false)
    let file = try FileSource(folder.path + "/out")
    #expect(file.byteCount == plan.byteCount)
    #expect(try file.bytes(0..<file.byteCount) == bytes + Array("end".utf8))
    #expect(told.load(ordering: .relaxed) == plan.payloadByteCount)
    #expect(try plan.agrees(with: file))
  }

  @Test(arguments: [1, 2, 7]) func `is written in parts where payloads are long`(workers: Int) throws {
    let folder = try TemporaryFolder()
    // Some end where a part does, some a byte before or behind; short ones lie between.
    let sizes = [5_000_000, 3, 4 << 20, (2 << 20) - 40, 1 << 20, 70_000, 6_291_457, 200_000, 9_000_001]
    var (plan, bytes, checksums) = ([OutputPlan.Piece](), [UInt8](), [UInt32]())
    for size in sizes {
      let payload = Random(bytes: .random(size, seed: UInt64(size)))
      let head = Array("<\(size)".utf8)
      plan.append(
        .init(head: head, payload, tailSize: 4) { crc32 in
          var tail: [UInt8] = []
          tail.append(littleEndian: crc32)
          return tail
        })
      bytes += head + payload.bytes
      bytes.append(littleEndian: CRC32.of(payload.bytes))
      checksums.append(CRC32.of(payload.bytes))
      // One that wants no checksum.
      plan.append(.init(payload))
      bytes += payload.bytes
      checksums.append(0)
    }
    let expected = checksums
    let output = try OutputFile(folder.path + "/out")
    let told = Atomic(0)
    let whole = try OutputPlan(plan, endSize: 3) { found in found == expected ? Array("end".utf8) : [] }
    try output.write(whole, workers: workers) { told.add($0, ordering: .relaxed) }
    try output.commit(replacing: false)
    let file = try FileSource(folder.path + "/out")
    #expect(try file.bytes(0..<file.byteCount) == bytes + Array("end".utf8))
    #expect(told.load(ordering: .relaxed) == whole.payloadByteCount)
  }

  @Test func `gives the checksum of all parts to who compares it`() throws {
    struct Damaged: Error, Equatable { let crc32: UInt32 }
    struct Compared: Payload {
      let payload: Random
      var byteCount: Int { payload.byteCount }
      func forEachChunk(_ body: ([UInt8], Int) throws -> Void) throws -> UInt32? { nil }
      func sharedPass() -> SharedPass? {
        payload.sharedPass().map { pass in
          SharedPass(wantsChecksum: true, read: pass.read) { throw Damaged(crc32: $0) }
        }
      }
    }
    let folder = try TemporaryFolder()
    let payload = Random(bytes: .random(7_000_003, seed: 1))
    do {
      let output = try OutputFile(folder.path + "/out")
      #expect(throws: Damaged(crc32: CRC32.of(payload.bytes))) {
        try output.write(try OutputPlan([.init(Compared(payload: payload))]), workers: 3) { _ in }
      }
    }
    #expect(folder.names.isEmpty)
  }

  /// Bytes that are made in tiles of stretches that lie apart.
  private struct Tiled: Payload {
    let bytes: [UInt8]
    var promised = 0
    var byteCount: Int { bytes.count }

    func forEachChunk(_ body: ([UInt8], Int) throws -> Void) throws -> UInt32? {
      try body(bytes, bytes.count)
      return nil
    }

    func tiles(for threads: Int) -> [PayloadTile] {
      let (count, size) = (5, 1000)
      return (0..<count).map { tile in
        let starts = stride(from: tile * size, to: bytes.count, by: count * size)
        let all = starts.reduce(0) { $0 + min(size, bytes.count - $1) }
        return PayloadTile(byteCount: all + promised) { body in
          for start in starts { try body(bytes, start..<min(start + size, bytes.count), start) }
        }
      }
    }
  }

  @Test(arguments: [1, 2, 7]) func `is written in tiles where payloads have them`(workers: Int) throws {
    let folder = try TemporaryFolder()
    let tiled = [1_500_000, 3_000_001, 2_000_999].map { Tiled(bytes: .random($0, seed: UInt64($0))) }
    let other = MemoryPayload([UInt8].random(70_000, seed: 4))
    let payloads: [any Payload] = [other, tiled[0], tiled[1], other, other, tiled[2]]
    // Where a checksum is wanted it is given out in order.
    let last = OutputPlan.Piece(tiled[0], tailSize: 4) { crc32 in
      var tail: [UInt8] = []
      tail.append(littleEndian: crc32)
      return tail
    }
    let plan = try OutputPlan(payloads.map { .init($0) } + [last])
    let output = try OutputFile(folder.path + "/out")
    let told = Atomic(0)
    try output.write(plan, workers: workers) { told.add($0, ordering: .relaxed) }
    try output.commit(replacing: false)
    var bytes =
      other.bytes + tiled[0].bytes + tiled[1].bytes + other.bytes + other.bytes + tiled[2].bytes
      + tiled[0].bytes
    bytes.append(littleEndian: CRC32.of(tiled[0].bytes))
    let file = try FileSource(folder.path + "/out")
    #expect(try file.bytes(0..<file.byteCount) == bytes)
    #expect(told.load(ordering: .relaxed) == plan.payloadByteCount)
  }

  @Test func `a tile that gives less than it promised is an error`() throws {
    let folder = try TemporaryFolder()
    let payload = Tiled(bytes: .random(1_500_000, seed: 5), promised: 1)
    do {
      let output = try OutputFile(folder.path + "/out")
      #expect(throws: Failure.self) {
        try output.write(try OutputPlan([.init(payload)]), workers: 2) { _ in }
      }
    }
    #expect(folder.names.isEmpty)
  }

  /// Bytes that are had in any order.
  private struct Random: Payload {
    let bytes: [UInt8]
    var byteCount: Int { bytes.count }

    func forEachChunk(_ body: ([UInt8], Int) throws -> Void) throws -> UInt32? {
      try body(bytes, bytes.count)
      return nil
    }

    func sharedPass() -> SharedPass? {
      SharedPass { range, buffer in buffer.replaceSubrange(0..<range.count, with: bytes[range]) }
    }
  }

  @Test(arguments: 1...20) func `survives signals and short writes`(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let (pieces, bytes, _) = pieces()
    try folder.write("source", bytes)
    let source = try FileSource(folder.path + "/source")
    Faults.inject(seed: seed)
    defer { Faults.inject(seed: 0) }
    let output = try OutputFile(folder.path + "/out")
    let long = Random(bytes: .random(3_000_000, seed: seed))
    let plan = try OutputPlan(pieces + [.init(Copied(source: source)), .init(long)])
    try output.write(plan, workers: 2) { _ in }
    try output.commit(replacing: false)
    let file = try FileSource(folder.path + "/out")
    #expect(try file.bytes(0..<file.byteCount) == bytes + bytes + long.bytes, "seed \(seed)")
  }

  @Test func `refuses a payload of another length than promised`() throws {
    struct Short: Payload {
      let byteCount = 3
      func forEachChunk(_ body: ([UInt8], Int) throws -> Void) throws -> UInt32? {
        try body([1, 2], 2)
        return nil
      }
    }
    let folder = try TemporaryFolder()
    let output = try OutputFile(folder.path + "/out")
    #expect(throws: Failure.self) {
      try output.write(try OutputPlan([.init(Short())]), workers: 1) { _ in }
    }
  }

  @Test func `of more bytes than a file can have is refused`() {
    struct Huge: Payload {
      let byteCount = Int.max
      func forEachChunk(_ body: ([UInt8], Int) throws -> Void) throws -> UInt32? { nil }
    }
    #expect(throws: ArithmeticOverflow.self) { try OutputPlan([.init(Huge()), .init(Huge())]) }
  }

  @Test func `stops all workers at the first error`() throws {
    struct Failure: Error {}
    struct Failing: Payload {
      let byteCount = 2_000_000
      func forEachChunk(_ body: ([UInt8], Int) throws -> Void) throws -> UInt32? { throw Failure() }
    }
    let folder = try TemporaryFolder()
    do {
      let output = try OutputFile(folder.path + "/out")
      let plan = try OutputPlan((0..<50).map { _ in .init(Failing()) })
      #expect(throws: Failure.self) { try output.write(plan, workers: 3) { _ in } }
    }
    #expect(folder.names.isEmpty)
  }

  /// A file, read as it is copied.
  private struct Copied: Payload {
    let source: FileSource
    var byteCount: Int { source.byteCount }

    func forEachChunk(_ body: ([UInt8], Int) throws -> Void) throws -> UInt32? {
      let bytes = try source.bytes(0..<source.byteCount)
      try body(bytes, bytes.count)
      return nil
    }
  }
}

extension TemporaryFolder {
  fileprivate func write(_ name: String, _ bytes: [UInt8]) throws {
    let output = try OutputFile("\(path)/\(name)")
    try output.write(bytes)
    try output.commit(replacing: true)
  }
}

extension [UInt8] {
  /// The same for the same seed.
  fileprivate static func random(_ count: Int, seed: UInt64) -> Self {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}
