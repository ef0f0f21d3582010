/// Where in one region each value lies, so that values that are never alive together share their bytes.
struct BufferPlan {
  private struct Occupied {
    let value: Int
    let range: Range<Int>
  }

  private var live: [Occupied] = []
  private(set) var byteCount = 0

  /// Takes the lowest gap of `size` bytes and gives its offset.
  ///
  /// - Complexity: O(*n* log *n*) in the values alive, which are few.
  mutating func place(_ value: Int, size: Int) -> Int {
    let size = Region.aligned(size)
    var offset = 0
    for other in live.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      if other.range.lowerBound - offset >= size { break }
      offset = max(offset, other.range.upperBound)
    }
    live.append(Occupied(value: value, range: offset..<(offset + size)))
    byteCount = max(byteCount, offset + size)
    return offset
  }

  /// Gives the bytes of `value` to another value, which lives on in them.
  mutating func handOver(_ value: Int, to heir: Int) -> Int? {
    guard let index = live.firstIndex(where: { $0.value == value }) else { return nil }
    live[index] = Occupied(value: heir, range: live[index].range)
    return live[index].range.lowerBound
  }

  mutating func free(_ value: Int) { live.removeAll { $0.value == value } }
}
