internal import SutureBytes
internal import Synchronization

/// Another storage's elements, each made into one of another width when it is asked for.
public final class ConvertedContents: StorageContents {
  /// Converts whole elements, and says how many of them could not be what they were.
  public typealias Conversion = @Sendable (_ source: [UInt8], _ count: Int, _ target: inout [UInt8]) -> Int

  private let base: Storage
  private let fromSize: Int
  private let toSize: Int
  private let convert: Conversion
  private let losses = Atomic(0)

  /// - Parameter base: holds a whole number of elements of `from` bytes.
  public init(_ base: Storage, from: Int, to: Int, _ convert: @escaping Conversion) {
    precondition(base.byteCount % from == 0)
    (self.base, fromSize, toSize, self.convert) = (base, from, to, convert)
  }

  public var byteCount: Int { base.byteCount / fromSize * toSize }

  public var isVerified: Bool { base.isVerified }

  /// How many elements the conversion could not keep, counted in the last pass over all of them.
  public var lossCount: Int { losses.load(ordering: .relaxed) }

  public func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    var lost = 0
    let elements = Storage.chunkSize / fromSize
    try withBuffer(elements * toSize) { converted in
      var rest: [UInt8] = []
      try base.forEachChunk { buffer, count in
        // Chunks are cut where the base has its seams, which may be within an element.
        var (chunk, size) = (buffer, count)
        if !rest.isEmpty || count % fromSize != 0 {
          chunk = rest + buffer[..<count]
          size = chunk.count / fromSize * fromSize
          rest = Array(chunk[size...])
        }
        if converted.count < size / fromSize * toSize {
          converted = [UInt8](repeating: 0, count: size / fromSize * toSize)
        }
        lost += convert(chunk, size / fromSize, &converted)
        if size > 0 { try body(converted, size / fromSize * toSize) }
      }
    }
    losses.store(lost, ordering: .relaxed)
    return nil
  }

  public func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if range.isEmpty { return }
    let elements = (range.lowerBound / toSize)..<((range.upperBound - 1) / toSize + 1)
    try withBuffer(elements.count * fromSize) { source in
      try base.read((elements.lowerBound * fromSize)..<(elements.upperBound * fromSize), into: &source)
      withBuffer(elements.count * toSize) { converted in
        _ = convert(source, elements.count, &converted)
        let start = range.lowerBound - elements.lowerBound * toSize
        buffer.replaceSubrange(0..<range.count, with: converted[start..<(start + range.count)])
      }
    }
  }
}
