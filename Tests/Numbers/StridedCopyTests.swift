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
      func steps() -> (steps: [Int], extent: Int) {
        var (steps, next) = ([Int](repeating: 0, count: sizes.count), 1)
        for axis in sizes.indices.shuffled(using: &random) {
          steps[axis] = next
          next = next * sizes[axis] + (round % 3 == 0 ? Int.random(in: 0...3, using: &random) : 0)
        }
        return (steps, next)
      }
      var (from, to) = (steps(), steps())
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
}
