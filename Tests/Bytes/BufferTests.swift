import Testing

@testable import SutureBytes

@Suite struct `Bytes that are compared` {
  @Test(arguments: [0, 1, 7, 8, 63, 64, 65])
  func `are the same where none of them differs, and only up to the count`(count: Int) {
    let bytes = (0..<100).map { UInt8($0) }
    #expect(bytes.isSame(as: bytes, count: count))
    #expect(Array(bytes[30...]).isSame(as: bytes, from: 30, count: count))
    for place in 0..<100 {
      var other = bytes
      other[place] ^= 0x80
      #expect(bytes.isSame(as: other, count: count) == (place >= count))
    }
  }
}

@Suite struct `A buffer that is lent` {
  @Test(arguments: [0, 1, 4096, 1 << 18, (1 << 18) + 1, 1 << 21])
  func `has room for what was asked for, and is lent to one at a time`(size: Int) {
    withBuffer(size) { one in
      #expect(one.count >= size)
      for place in one.indices { one[place] = 1 }
      withBuffer(size) { other in
        #expect(other.count >= size)
        for place in other.indices { other[place] = 2 }
      }
      #expect(one.allSatisfy { $0 == 1 })
    }
  }
}
