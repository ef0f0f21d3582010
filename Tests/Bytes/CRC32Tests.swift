import CSutureChecksums
import TestSupport
import Testing

@testable import SutureBytes

@Suite struct `A CRC-32` {
  @Test func `is that of the published example`() {
    let digits = Array("123456789".utf8)
    #expect(CRC32.of(digits) == 0xCBF4_3926)
    #expect(
      unsafe digits.withUnsafeBytes { unsafe suture_crc32_by_tables(0, $0.baseAddress, 9) } == 0xCBF4_3926)
    #expect(CRC32.of([]) == 0)
  }

  /// What the library computes of much, tables compute of little; nobody can tell which it was.
  @Test func `is the same by the library and by tables, from every place, of every length, in any parts`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    // From here on the library sums up, whatever has been summed up before.
    let long = (0..<(1 << 18)).map { _ in UInt8.random(in: 0...255, using: &random) }
    var before = CRC32()
    before.update(long)
    unsafe long.withUnsafeBytes { bytes in
      func tables(_ start: Int, _ count: Int, after: UInt32 = 0) -> UInt32 {
        unsafe suture_crc32_by_tables(after, bytes.baseAddress.map { unsafe $0 + start }, count)
      }
      func library(_ start: Int, _ count: Int, after: UInt32 = 0) -> UInt32 {
        unsafe suture_crc32(after, bytes.baseAddress.map { unsafe $0 + start }, count)
      }
      #expect(before.value == tables(0, long.count), "seed \(seed)")
      for count in 0..<600 {
        let start = count % 67
        #expect(
          library(start, count) == tables(start, count), "\(count) bytes from \(start) on, seed \(seed)")
      }
      for _ in 0..<100 {
        let start = Int.random(in: 0..<long.count, using: &random)
        let middle = Int.random(in: start...long.count, using: &random)
        let end = Int.random(in: middle...long.count, using: &random)
        let first = library(start, middle - start)
        #expect(library(middle, end - middle, after: first) == tables(start, end - start), "seed \(seed)")
        #expect(tables(middle, end - middle, after: first) == library(start, end - start), "seed \(seed)")
      }
    }
  }
}
