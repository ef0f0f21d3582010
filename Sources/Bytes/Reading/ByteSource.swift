package import SutureText

/// Bytes that can be read from any offset: a file, memory, a record that has to be inflated first.
public protocol ByteSource: Sendable {
  /// What to call it in an error.
  var name: String { get }

  /// How many bytes there are.
  var byteCount: Int { get }

  /// Fills the first `count` bytes of `buffer`, which holds at least that many, from `offset` on.
  ///
  /// - Throws: an error that names the source where fewer bytes are there than `byteCount` promised.
  func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws

  /// Where the bytes lie, if that is far away; `nil` where a read costs no more than the bytes.
  var distance: Distance? { get }

  /// Where in a file the bytes of a range lie; `nil` where they are in none, or not as they are.
  func extent(_ range: Range<Int>) -> FileExtent?

  /// Whether any of the bytes cost no more than the same number from the start on.
  var isRandomAccess: Bool { get }

  /// Says that the bytes of `range` will be read from its start to its end, so that one request may ask for them all.
  func expect(_ range: Range<Int>)
}

/// A stretch of a source that is far away, where each request costs time: whoever reads several reads them in their order.
public struct Distance: Sendable {
  public let source: any ByteSource
  public let range: Range<Int>

  public init(source: any ByteSource, range: Range<Int>) { (self.source, self.range) = (source, range) }

  /// A part of the stretch.
  ///
  /// - Parameter part: counted from its start.
  public func part(_ part: Range<Int>) -> Distance {
    let start = range.lowerBound
    return Distance(source: source, range: (start + part.lowerBound)..<(start + part.upperBound))
  }
}

extension ByteSource {
  public var distance: Distance? { nil }
  public var isRandomAccess: Bool { false }
  public func expect(_ range: Range<Int>) {}
  public func extent(_ range: Range<Int>) -> FileExtent? { nil }

  /// The bytes of `range` as an array.
  public func bytes(_ range: Range<Int>) throws -> [UInt8] {
    var result = [UInt8](repeating: 0, count: range.count)
    try read(into: &result, count: range.count, at: range.lowerBound)
    return result
  }
}

extension Failure {
  /// A source gave fewer bytes than it had when it was opened.
  package static func ended(_ name: String, at offset: Int, needed: Int) -> Failure {
    Failure(
      in: name, at: offset,
      "it ended while it was being read: \(needed) bytes wanted. Another program may have truncated it")
  }
}

/// Bytes in memory.
public struct MemorySource: ByteSource {
  public let name: String
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8], name: String = "memory") { (self.bytes, self.name) = (bytes, name) }

  public var byteCount: Int { bytes.count }

  public var isRandomAccess: Bool { true }

  public func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard offset >= 0, count >= 0, count <= bytes.count - offset, count <= buffer.count else {
      throw Failure.ended(name, at: offset, needed: count)
    }
    unsafe buffer.withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes {
        unsafe target.copyMemory(from: .init(rebasing: $0[offset..<(offset + count)]))
      }
    }
  }
}

/// A stretch of another source, as a file in an archive is, under a name of its own.
public struct SourceSlice: ByteSource {
  public let name: String
  private let source: any ByteSource
  private let range: Range<Int>

  public init(_ source: any ByteSource, _ range: Range<Int>, name: String) {
    (self.source, self.range, self.name) = (source, range, name)
  }

  public var byteCount: Int { range.count }

  public var isRandomAccess: Bool { source.isRandomAccess }

  public var distance: Distance? { source.distance?.part(range) }

  public func extent(_ part: Range<Int>) -> FileExtent? {
    source.extent((range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound))
  }

  public func expect(_ part: Range<Int>) {
    source.expect((range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound))
  }

  public func read(into buffer: inout [UInt8], count: Int, at offset: Int) throws {
    guard offset >= 0, count >= 0, count <= byteCount - offset else {
      throw Failure.ended(name, at: offset, needed: count)
    }
    try source.read(into: &buffer, count: count, at: range.lowerBound + offset)
  }
}
