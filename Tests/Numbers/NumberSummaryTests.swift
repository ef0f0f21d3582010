import SutureBytes
import TestSupport
import Testing

@testable import SutureNumbers

@Suite struct `A summary of numbers` {
  private func summary(_ numbers: [Double], parts: Int = 1) -> NumberSummary {
    var summary = NumberSummary()
    let size = max(1, numbers.count / parts)
    for start in stride(from: 0, to: numbers.count, by: size) {
      let part = Array(numbers[start..<min(start + size, numbers.count)])
      var bytes = [UInt8](repeating: 0, count: part.count * 8)
      ElementCodec(.float(.float64)).encode(part, into: &bytes)
      summary.add(bytes, count: part.count, as: ElementCodec(.float(.float64)))
    }
    return summary
  }

  /// What is said of the bins must be true, number by number.
  private func expectTrue(_ summary: NumberSummary, of numbers: [Double], _ seed: UInt64) {
    let finite = numbers.filter(\.isFinite)
    guard let histogram = summary.histogram() else {
      #expect(Bool(false), "no histogram, seed \(seed)")
      return
    }
    #expect(histogram.counts.reduce(0, +) == finite.count, "seed \(seed)")
    #expect(histogram.counts.count <= 64, "seed \(seed)")
    // A number as near to an edge as doubles are to each other may be counted on either side of it, and there may be many.
    let sorted = finite.sorted()
    func countBelow(_ bound: Double) -> Int { sorted.partitioningIndex { $0 >= bound } }
    var ours = 0
    for (index, count) in histogram.counts.dropLast().enumerated() {
      ours += count
      let edge = histogram.start + Double(index + 1) * histogram.width
      let room = 64 * Double.ulpOfOne * (abs(histogram.start) + abs(edge))
      #expect(countBelow(edge - room) <= ours && ours <= countBelow(edge + room), "seed \(seed)")
    }
  }

  @Test func `is that of all numbers, whatever the order and the parts`() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Seeded(seed)
    for round in 0..<60 {
      let scale = Double.random(in: -30...30, using: &generator)
      let centre = round % 3 == 0 ? 0 : Double.random(in: -1e3...1e3, using: &generator)
      let count = Int.random(in: 1...6000, using: &generator)
      var numbers = (0..<count).map { _ in
        centre + Double.random(in: -1...1, using: &generator) * scale.exponentOf10
      }
      if round % 4 == 0 { numbers.sort() }
      if round % 5 == 0 { numbers[0] = .nan }
      if round % 7 == 0 { numbers[count - 1] = -.infinity }
      let found = summary(numbers, parts: Int.random(in: 1...5, using: &generator))
      let finite = numbers.filter(\.isFinite)
      #expect(found.count == finite.count && found.minimum == finite.min() && found.maximum == finite.max())
      #expect(found.nanCount == numbers.count(where: \.isNaN), "seed \(seed)")
      #expect(found.infinityCount == numbers.count(where: \.isInfinite), "seed \(seed)")
      guard !finite.isEmpty else { continue }
      let mean = finite.reduce(0, +) / Double(finite.count)
      let deviation =
        (finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(finite.count)).squareRoot()
      let room = 1e-12 * (abs(mean) + deviation)
      #expect(abs((found.mean ?? .nan) - mean) <= room, "seed \(seed)")
      #expect(abs((found.deviation ?? .nan) - deviation) <= room * 100, "seed \(seed)")
      expectTrue(found, of: numbers, seed)
    }
  }

  @Test func `has bins as narrow as the numbers lie close, wherever that is`() throws {
    let numbers = (0..<5000).map { 1 + Double($0 * 7919 % 5000) * 1e-7 }
    let histogram = try #require(summary(numbers, parts: 9).histogram())
    #expect(histogram.counts.count >= 32 && histogram.width < 5e-4 / 30)
    #expect(histogram.counts.dropLast().allSatisfy { $0 > 20 })
  }

  @Test func `of one number over and over is one bin`() throws {
    for number in [0, 1, -3.5, 1e300, .leastNonzeroMagnitude] {
      let found = summary([Double](repeating: number, count: 3000), parts: 4)
      #expect(found.histogram()?.counts == [3000] && found.deviation == 0)
    }
  }

  @Test func `holds the largest doubles there are`() {
    let numbers = [Double.greatestFiniteMagnitude, .greatestFiniteMagnitude, 1]
    let found = summary(numbers)
    #expect(found.maximum == .greatestFiniteMagnitude && found.mean?.isFinite == true)
    let mixed = summary([
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, 2, 3, 4, 5, 6, .greatestFiniteMagnitude,
    ])
    #expect(mixed.mean?.isFinite == true && mixed.minimum == -.greatestFiniteMagnitude)
    let both = summary([-.greatestFiniteMagnitude, .greatestFiniteMagnitude], parts: 2)
    #expect(both.mean?.isFinite == true && both.histogram() == nil)
  }

  @Test func `of nothing finite has no numbers`() {
    let found = summary([.nan, .infinity, -.infinity])
    #expect(found.count == 0 && found.minimum == nil && found.mean == nil && found.histogram() == nil)
    #expect(found.nanCount == 1 && found.infinityCount == 2)
  }

  @Test func `takes integers and booleans for numbers`() {
    var found = NumberSummary()
    found.add([1, 0, 255, 3], count: 4, as: ElementCodec(.signed(byteCount: 1)))
    #expect(found.minimum == -1 && found.maximum == 3 && found.zeroCount == 1)
  }
}

extension Double {
  /// Ten to this power.
  fileprivate var exponentOf10: Double {
    var value = 1.0
    for _ in 0..<Int(magnitude) { value *= 10 }
    return self < 0 ? 1 / value : value
  }
}

extension [Double] {
  /// The first index, of sorted elements, from which on `belongs` holds.
  fileprivate func partitioningIndex(_ belongs: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
