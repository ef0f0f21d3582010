internal import SutureBytes

/// Another storage's elements, each made into one of another width when it is asked for.
struct ConvertedContents: StorageContents {
  /// Converts whole elements, and says how many of them could not be what they were.
  typealias Conversion = @Sendable (_ source: [UInt8], _ count: Int, _ target: inout [UInt8]) -> Int

  private let base: Storage
  private let fromSize: Int
  private let toSize: Int
  private let convert: Conversion
  private let loss: LossCount

  /// - Parameter base: holds a whole number of elements of `from` bytes.
  init(_ base: Storage, from: Int, to: Int, counting loss: LossCount, _ convert: @escaping Conversion) {
    precondition(base.byteCount % from == 0)
    (self.base, fromSize, toSize, self.convert, self.loss) = (base, from, to, convert, loss)
  }

  var byteCount: Int { base.byteCount / fromSize * toSize }

  var isVerified: Bool { base.isVerified }

  var givesParts: Bool { base.givesParts }

  var isRandomAccess: Bool { base.isRandomAccess }

  func verifyWhileReading() { base.verifyWhileReading() }

  func verify() throws { try base.verify() }

  var distance: Distance? { base.distance }

  func extents(_ range: Range<Int>) -> [FileExtent] {
    base.extents(
      (range.lowerBound / toSize * fromSize)..<min(
        (range.upperBound + toSize - 1) / toSize * fromSize, base.byteCount))
  }

  func losses(_ counts: inout LossCounts) -> [LossCount] { counts.of(base) + [loss] }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
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
    loss.note(pass: lost)
    return nil
  }

  func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if range.isEmpty { return }
    let elements = (range.lowerBound / toSize)..<((range.upperBound - 1) / toSize + 1)
    try withBuffer(elements.count * fromSize) { source in
      try base.read((elements.lowerBound * fromSize)..<(elements.upperBound * fromSize), into: &source)
      withBuffer(elements.count * toSize) { converted in
        if convert(source, elements.count, &converted) > 0 {
          loss.note(places: lostPlaces(source, 0..<elements.count).map { elements.lowerBound + $0 })
        }
        let start = range.lowerBound - elements.lowerBound * toSize
        buffer.replaceSubrange(0..<range.count, with: converted[start..<(start + range.count)])
      }
    }
  }

  /// Which elements of a range of `source` cannot be what they are.
  private func lostPlaces(_ source: [UInt8], _ range: Range<Int>) -> [Int] {
    if range.isEmpty { return [] }
    let part = Array(source[(range.lowerBound * fromSize)..<(range.upperBound * fromSize)])
    let lost = withBuffer(range.count * toSize) { convert(part, range.count, &$0) }
    if lost == 0 { return [] }
    if lost == range.count { return Array(range) }
    let middle = range.lowerBound + range.count / 2
    return lostPlaces(source, range.lowerBound..<middle) + lostPlaces(source, middle..<range.upperBound)
  }
}
