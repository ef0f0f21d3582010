/// Gathers what two streams of numbers have to say of each other.
struct ElementComparison {
  private(set) var result = ValueDifference()
  /// The place of the largest difference in row-major order.
  private(set) var maximumPlace: Int?
  private let tolerance: Tolerance?
  private var (dot, squares, otherSquares) = (0.0, 0.0, 0.0)

  init(_ tolerance: Tolerance?) {
    self.tolerance = tolerance
    if tolerance != nil { result.notClose = 0 }
  }

  /// Takes the next real numbers of both.
  mutating func add(_ first: [Double], _ second: [Double], at place: Int) {
    result.elementCount += first.count
    for (index, (a, b)) in zip(first, second).enumerated() {
      if a.isNaN || b.isNaN {
        addNaN(a.isNaN, b.isNaN)
        continue
      }
      // Two infinities of one sign differ by nothing.
      let difference = a == b ? 0 : (a - b).magnitude
      add(difference, size: b.magnitude, at: place + index)
      if a.isFinite, b.isFinite {
        dot += a * b
        squares += a * a
        otherSquares += b * b
      }
    }
  }

  /// Takes the next complex numbers of both, real part first.
  mutating func add(complex first: [Double], _ second: [Double], at place: Int) {
    result.elementCount += first.count / 2
    for index in 0..<(first.count / 2) {
      let (a, b) = ((first[2 * index], first[2 * index + 1]), (second[2 * index], second[2 * index + 1]))
      let (isNaN, isOtherNaN) = (a.0.isNaN || a.1.isNaN, b.0.isNaN || b.1.isNaN)
      if isNaN || isOtherNaN {
        addNaN(isNaN, isOtherNaN)
        continue
      }
      add(a == b ? 0 : Self.length(a.0 - b.0, a.1 - b.1), size: Self.length(b.0, b.1), at: place + index)
      if a.0.isFinite, a.1.isFinite, b.0.isFinite, b.1.isFinite {
        dot += a.0 * b.0 + a.1 * b.1
        squares += a.0 * a.0 + a.1 * a.1
        otherSquares += b.0 * b.0 + b.1 * b.1
      }
    }
  }

  /// What was found; the cosine is that of all that came.
  mutating func finish() -> ValueDifference {
    let length = squares.squareRoot() * otherSquares.squareRoot()
    let cosine = dot / length
    result.cosine = length > 0 && cosine.isFinite ? min(max(cosine, -1), 1) : nil
    return result
  }

  private mutating func addNaN(_ isFirst: Bool, _ isSecond: Bool) {
    switch (isFirst, isSecond) {
    case (true, true): result.nanInBoth += 1
    case (true, false): result.nanInFirst += 1
    default: result.nanInSecond += 1
    }
    if !(isFirst && isSecond) { result.differing += 1 }
    if let tolerance, !(isFirst && isSecond && tolerance.equalNaN) { result.notClose? += 1 }
  }

  private mutating func add(_ difference: Double, size: Double, at place: Int) {
    if difference == 0 { return }
    // The difference of two infinities is none: they are as far apart as can be.
    let difference = difference.isNaN ? .infinity : difference
    result.differing += 1
    if difference > result.maximum { (result.maximum, maximumPlace) = (difference, place) }
    let relative = difference / size
    result.maximumRelative = max(result.maximumRelative, relative.isNaN ? .infinity : relative)
    if let tolerance, !tolerance.covers(difference, other: size) { result.notClose? += 1 }
  }

  /// √(x² + y²) without overflow on the way.
  private static func length(_ x: Double, _ y: Double) -> Double {
    let (large, small) = (max(x.magnitude, y.magnitude), min(x.magnitude, y.magnitude))
    if large == 0 || large.isInfinite { return large }
    let ratio = small / large
    return large * (1 + ratio * ratio).squareRoot()
  }
}
