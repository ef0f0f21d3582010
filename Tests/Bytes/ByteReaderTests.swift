import SutureBytes
internal import SutureText
import Testing

@Suite struct `The byte reader` {
  @Test func `reads little-endian integers in order`() throws {
    let bytes: [UInt8] = [1, 2, 0, 3, 0, 0, 0, 0xFF]
    var reader = ByteReader(bytes.span.bytes)
    #expect(try reader.byte() == 1)
    #expect(try reader.integer(UInt16.self) == 2)
    #expect(try reader.integer(UInt32.self) == 3)
    #expect(try reader.integer(Int8.self) == -1)
    #expect(reader.remaining == 0)
  }

  @Test func `says where bytes are missing`() {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.span.bytes, at: 1)
    do {
      _ = try reader.integer(UInt32.self)
      #expect(Bool(false), "it read past the end")
    } catch {
      #expect(error == TruncatedInput(offset: 1, needed: 4, available: 2))
    }
    #expect(throws: TruncatedInput.self) { try ByteReader(bytes.span.bytes).require(-1) }
  }

  @Test func `finds no line where none ends in time`() {
    let bytes = Array("abc\nd".utf8)
    var reader = ByteReader(bytes.span.bytes)
    #expect(reader.line(limit: 3) == nil)
    #expect(reader.line(limit: 4) == Array("abc".utf8))
    #expect(reader.line(limit: 4) == nil)
    #expect(reader.offset == 4)
  }
}

@Suite struct `Checked arithmetic` {
  @Test func `throws where Swift would trap`() {
    #expect(throws: ArithmeticOverflow.self) { try Int.max.adding(checked: 1) }
    #expect(throws: ArithmeticOverflow.self) { try Int.max.multiplied(checked: 2) }
    #expect(throws: ArithmeticOverflow.self) { try Int.max.rounded(upToMultipleOf: 64) }
    #expect(throws: ArithmeticOverflow.self) { try [1 << 62, 1 << 62, 0].product() }
  }
}

@Suite struct `Exact strings` {
  @Test func `tell canonically equivalent names apart`() {
    #expect("\u{E9}" == "e\u{301}")
    #expect(ExactString("\u{E9}") != ExactString("e\u{301}"))
    #expect(Set([ExactString("\u{E9}"), ExactString("e\u{301}")]).count == 2)
  }
}

@Suite struct `Checksums` {
  @Test func `give the published check values`() throws {
    #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(CRC32.of([]) == 0)
    var digest = try SHA256()
    digest.update(Array("abc".utf8))
    #expect(digest.hexadecimal() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func `do not depend on how the bytes are cut`() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var checksum = CRC32()
    checksum.update(Array(bytes[..<333]))
    checksum.update([])
    checksum.update(Array(bytes[333...]))
    #expect(checksum.value == CRC32.of(bytes))
  }
}
