/// Where in one region each value lies, so that values that are never alive together share their bytes.
struct BufferPlan {
  private var live: [Int: Range<Int>] = [:]
  private(set) var byteCount = 0

  /// Takes the lowest gap of `size` bytes and gives its offset.
  ///
  /// - Complexity: O(*n* log *n*) in the values alive, which are few.
  mutating func place(_ value: Int, size: Int) -> Int {
    let size = Region.aligned(size)
    var offset = 0
    for other in live.values.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if other.lowerBound - offset >= size { break }
      offset = max(offset, other.upperBound)
    }
    live[value] = offset..<(offset + size)
    byteCount = max(byteCount, offset + size)
    return offset
  }

  /// Gives the bytes of `value` to another value, which lives on in them.
  mutating func handOver(_ value: Int, to heir: Int) -> Int? {
    live[heir] = live.removeValue(forKey: value)
    return live[heir]?.lowerBound
  }

  mutating func free(_ value: Int) { live[value] = nil }
}
