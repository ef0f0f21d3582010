internal import CSutureCrypto
public import SutureText

/// The SHA-256 of a sequence of bytes, computed by libcrypto.
@safe public struct SHA256: ~Copyable {
  private let context: OpaquePointer

  /// Opens libcrypto, where work that cannot be taken back ends with a SHA-256.
  ///
  /// - Throws: where it cannot be opened.
  public static func requireLibrary() throws(Failure) {
    guard let missing = unsafe suture_crypto_open() else { return }
    throw Failure(
      .unreadable, "SHA-256 cannot be computed without libcrypto: \(unsafe String(cString: missing))",
      remedies: ["on Debian: apt-get install libssl3"])
  }

  /// - Throws: where libcrypto cannot be opened, or gives no context.
  public init() throws(Failure) {
    try Self.requireLibrary()
    guard let context = unsafe suture_sha256_make() else {
      throw Failure(.unreadable, "libcrypto has no memory for a SHA-256, or does not allow it")
    }
    unsafe self.context = context
  }

  deinit { unsafe suture_sha256_free(context) }

  /// Continues with the first `count` bytes of `bytes`.
  public mutating func update(_ bytes: [UInt8], count: Int? = nil) {
    let count = count ?? bytes.count
    precondition(count <= bytes.count)
    unsafe bytes.withUnsafeBytes { unsafe suture_sha256_update(context, $0.baseAddress, count) }
  }

  /// The digest of all bytes so far as 64 hexadecimal digits.
  public consuming func hexadecimal() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe suture_sha256_finish(context, &digest)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The digest of a whole source as 64 hexadecimal digits.
  ///
  /// - Parameter progress: is told how many more bytes have been read.
  public static func of(_ source: any ByteSource, progress: (Int) -> Void = { _ in }) throws -> String {
    var digest = try SHA256()
    source.expect(0..<source.byteCount)
    var buffer = [UInt8](repeating: 0, count: min(source.byteCount, 1 << 18))
    var position = 0
    while position < source.byteCount {
      let count = min(buffer.count, source.byteCount - position)
      try source.read(into: &buffer, count: count, at: position)
      digest.update(buffer, count: count)
      position += count
      progress(count)
    }
    return digest.hexadecimal()
  }
}
