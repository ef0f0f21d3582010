import SutureNumbers
import TestSupport
import Testing

@Suite struct `Copying elements that lie apart` {
  @Test func `does what one element at a time does, over any axes and sizes`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    for round in 0..<400 {
      let size = [1, 2, 4, 8, 16, 3][round % 6]
      let sizes = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        Int.random(in: 1...40, using: &random)
      }
      // Both ends have their axes in an order of their own, with room between neighbours at times.
      func steps(from first: Int) -> (steps: [Int], extent: Int) {
        var (steps, next) = ([Int](repeating: 0, count: sizes.count), first)
        for axis in sizes.indices.shuffled(using: &random) {
          steps[axis] = next
          next = next * sizes[axis] + (round % 3 == 0 ? Int.random(in: 0...3, using: &random) : 0)
        }
        return (steps, next)
      }
      let nearest = round % 4 == 0 ? Int.random(in: 2...9, using: &random) : 1
      var (from, to) = (steps(from: nearest), steps(from: 1))
      if round % 5 == 0, !sizes.isEmpty { from.steps[0] = 0 }
      let (start, place) = (Int.random(in: 0...3, using: &random), Int.random(in: 0...3, using: &random))
      let source = (0..<((from.extent + start) * size)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let axes = sizes.indices.map {
        StridedCopy.Axis(count: sizes[$0], step: from.steps[$0], stride: to.steps[$0])
      }
      let before = [UInt8](repeating: 0xEE, count: (to.extent + place) * size)
      var (fast, plain) = (before, before)
      StridedCopy.copy(axes, size: size, from: source, at: start, to: &fast, at: place)
      StridedCopy.copy(axes, size: size, from: source, at: start, to: &plain, at: place, .plain)
      #expect(fast == plain, "\(axes), \(size) bytes each, seed \(seed)")
    }
  }

  @Test func `does so where lines are written past the caches`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    for round in 0..<20 {
      let size = [1, 2, 4, 8, 16][round % 5]
      // Rows that lie a power of two apart or not, and begin with a line of the cache or not.
      let (columns, rows) = (Int.random(in: 1...90, using: &random), Int.random(in: 1...700, using: &random))
      let apart =
        (5 << 20) / size / columns / 64 * 64 + (round % 2 == 0 ? 0 : Int.random(in: 1...63, using: &random))
      let (gap, step) = (Int.random(in: 0...2, using: &random), [1, 2, 1, 5][round / 5])
      let axes = [
        StridedCopy.Axis(count: columns, step: step, stride: apart),
        .init(count: rows, step: columns * step + gap, stride: 1),
      ]
      let (start, place) = (Int.random(in: 0...3, using: &random), Int.random(in: 0...70, using: &random))
      var source = (0..<4099).map { _ in UInt8.random(in: 0...255, using: &random) }
      while source.count < (rows * (columns * step + gap) + start) * size { source += source }
      var fast = [UInt8](repeating: 0xEE, count: (max(apart, rows) * columns + place + rows) * size)
      var plain = fast
      StridedCopy.copy(axes, size: size, from: source, at: start, to: &fast, at: place)
      StridedCopy.copy(axes, size: size, from: source, at: start, to: &plain, at: place, .plain)
      #expect(fast == plain, "\(axes), \(size) bytes each, at \(place), seed \(seed)")
    }
  }
}
