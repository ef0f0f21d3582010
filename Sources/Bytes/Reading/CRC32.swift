internal import CSutureDeflate

/// The CRC-32 of zip and gzip, computed by libdeflate.
public struct CRC32: Equatable, Sendable {
  /// The checksum of all bytes so far; 0 before the first.
  public private(set) var value: UInt32 = 0

  public init() {}

  /// Continues with the first `count` bytes of `bytes`.
  public mutating func update(_ bytes: [UInt8], count: Int? = nil) {
    let count = count ?? bytes.count
    precondition(count <= bytes.count)
    unsafe bytes.withUnsafeBytes { unsafe value = libdeflate_crc32(value, $0.baseAddress, count) }
  }

  /// The checksum of `bytes`.
  public static func of(_ bytes: [UInt8]) -> UInt32 {
    var checksum = CRC32()
    checksum.update(bytes)
    return checksum.value
  }
}
