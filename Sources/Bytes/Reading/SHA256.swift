internal import CSutureCrypto

/// The SHA-256 of a sequence of bytes, computed by libcrypto.
@safe public struct SHA256: ~Copyable {
  private let context: OpaquePointer

  public init() {
    guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    else {
      fatalError("libcrypto has no memory for a SHA-256 context")
    }
    unsafe self.context = context
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Continues with the first `count` bytes of `bytes`.
  public mutating func update(_ bytes: [UInt8], count: Int? = nil) {
    let count = count ?? bytes.count
    precondition(count <= bytes.count)
    unsafe bytes.withUnsafeBytes { _ = unsafe EVP_DigestUpdate(context, $0.baseAddress, count) }
  }

  /// The digest of all bytes so far as 64 hexadecimal digits.
  public consuming func hexadecimal() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe EVP_DigestFinal_ex(context, &digest, nil)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The digest of a whole source as 64 hexadecimal digits.
  ///
  /// - Parameter progress: is told how many more bytes have been read.
  public static func of(_ source: any ByteSource, progress: (Int) -> Void = { _ in }) throws -> String {
    var digest = SHA256()
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
