/// Takes bytes in order.
public protocol ByteSink: AnyObject {
  /// Takes the first `count` bytes of `bytes`.
  func write(_ bytes: [UInt8], count: Int) throws
}

extension ByteSink {
  public func write(_ bytes: [UInt8]) throws { try write(bytes, count: bytes.count) }
}
