internal import SutureBytes

/// The CRC-32 of bytes that are read in parts and in any order, each part of which counts when it passes.
///
/// What passes twice counts once; of a part that has passed in part nothing counts, and it has to pass again. So does what lies
/// apart once there are too many gaps to be kept in order.
final class PassingChecksum: Sendable {
  private struct Part {
    var range: Range<Int>
    var checksum: UInt32
  }

  private let count: Int
  /// Ascending; what follows without a gap is one.
  private let parts = Guarded<[Part]>([])

  private static let mostParts = 4096

  init(_ count: Int) { self.count = count }

  /// Notes what was read.
  ///
  /// - Parameter bytes: begin with those of `range`.
  /// - Returns: the checksum of the whole, to the one whose part was the last that was missing.
  @discardableResult
  func add(_ range: Range<Int>, _ bytes: [UInt8]) -> UInt32? {
    if range.isEmpty || !parts.withLock({ Self.isNew(range, $0) }) { return nil }
    var checksum = CRC32()
    checksum.update(bytes, count: range.count)
    return parts.withLock { parts in
      // Another thread may have read the same meanwhile.
      guard Self.isNew(range, parts) else { return nil }
      Self.insert(Part(range: range, checksum: checksum.value), &parts)
      return parts[0].range == 0..<count ? parts[0].checksum : nil
    }
  }

  /// The first stretch that has not passed; `nil` where there is none.
  var gap: Range<Int>? {
    parts.withLock { parts in
      let start = parts.first?.range.lowerBound == 0 ? parts[0].range.upperBound : 0
      let end = parts.first { $0.range.lowerBound > start }?.range.lowerBound ?? count
      return start < end ? start..<end : nil
    }
  }

  /// The checksum of the whole, once all has passed.
  var value: UInt32? {
    parts.withLock { $0.first?.range == 0..<count ? $0[0].checksum : count == 0 ? 0 : nil }
  }

  /// The place of the first part that begins at `offset` or behind it.
  private static func place(of offset: Int, _ parts: [Part]) -> Int {
    var (low, high) = (0, parts.count)
    while low < high {
      let middle = (low + high) / 2
      if parts[middle].range.lowerBound < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether none of it has passed, and it can be kept.
  private static func isNew(_ range: Range<Int>, _ parts: [Part]) -> Bool {
    let place = place(of: range.lowerBound, parts)
    if place > 0, parts[place - 1].range.upperBound > range.lowerBound { return false }
    if place < parts.count, parts[place].range.lowerBound < range.upperBound { return false }
    // From the start on and behind what has passed there is always a place, so that who fills the gaps in order comes to an end.
    return parts.count < mostParts || range.lowerBound == 0
      || place > 0 && parts[place - 1].range.upperBound == range.lowerBound
      || place < parts.count && parts[place].range.lowerBound == range.upperBound
  }

  private static func insert(_ part: Part, _ parts: inout [Part]) {
    var place = place(of: part.range.lowerBound, parts)
    if place > 0, parts[place - 1].range.upperBound == part.range.lowerBound {
      place -= 1
      join(&parts[place], part)
    } else {
      parts.insert(part, at: place)
    }
    if place + 1 < parts.count, parts[place + 1].range.lowerBound == parts[place].range.upperBound {
      join(&parts[place], parts[place + 1])
      parts.remove(at: place + 1)
    }
  }

  private static func join(_ part: inout Part, _ next: Part) {
    part.checksum = CRC32.joined(part.checksum, next.checksum, count: next.range.count)
    part.range = part.range.lowerBound..<next.range.upperBound
  }
}
