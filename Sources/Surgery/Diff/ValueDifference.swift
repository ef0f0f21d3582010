/// How the elements of two tensors of one shape differ.
public struct ValueDifference: Sendable, Equatable {
  /// Whether all bits are the same, and the dtype too.
  public internal(set) var isBitEqual = false
  /// Whether the elements are numbers, so that the rest means something.
  public internal(set) var isNumeric = true
  public internal(set) var elementCount = 0
  /// How many pairs differ in value, those with one NaN included.
  public internal(set) var differing = 0
  /// The largest |a − b|, and where it is; infinite where one of a pair is.
  public internal(set) var maximum = 0.0
  public internal(set) var maximumIndex: [Int]?
  /// The largest |a − b| / |b|, as `torch.testing` has it: infinite where b is 0.
  public internal(set) var maximumRelative = 0.0
  /// The cosine of the angle between the tensors as vectors, over the pairs that are finite; `nil` where one is zero.
  public internal(set) var cosine: Double?
  /// Pairs with a NaN in the first alone, in the second alone, and in both.
  public internal(set) var nanInFirst = 0
  public internal(set) var nanInSecond = 0
  public internal(set) var nanInBoth = 0
  /// Whether the dtypes differ, and either all values are equal or one tensor is what a cast makes of the other.
  public internal(set) var isEqualAfterCast = false
  /// The length of a − b and of a, as vectors: of the pairs that are no NaN, the latter of those that are finite.
  package internal(set) var length = 0.0
  package internal(set) var firstLength = 0.0
  /// How many pairs are not close; `nil` where no tolerance was given.
  public internal(set) var notClose: Int?

  public init() {}

  /// Whether the values count as equal: close where there is a tolerance, the same bits otherwise.
  public var passed: Bool { notClose.map { $0 == 0 } ?? isBitEqual }

  /// How much of itself the first tensor has changed on the way to the second: |a − b| / |a|, each as the length of a vector.
  ///
  /// Infinite where a NaN or an infinity came or went, where nothing was but zeros, and where the elements are no numbers.
  public var relativeChange: Double {
    isUnbounded ? .infinity : Self.change(length, of: firstLength)
  }

  /// Whether no length tells how far apart they are.
  var isUnbounded: Bool { !isBitEqual && (!isNumeric || nanInFirst > 0 || nanInSecond > 0) }

  static func change(_ length: Double, of whole: Double) -> Double {
    if length == 0 { return 0 }
    let change = length / whole
    return change.isNaN ? .infinity : change
  }
}

/// How near two numbers must be, in the meaning of `torch.allclose(a, b)`: |a − b| ≤ atol + rtol · |b|.
public struct Tolerance: Sendable, Equatable {
  public var absolute = 1e-8
  public var relative = 1e-5
  /// Whether two NaNs in one place count as equal.
  public var equalNaN = false

  public init() {}

  /// Whether finite numbers with this difference are close; the difference is infinite where one of them is.
  func covers(_ difference: Double, other: Double) -> Bool {
    difference.isFinite && difference <= absolute + relative * other
  }
}

/// Gathers what two streams of numbers have to say of each other.
struct ElementComparison {
  private(set) var result = ValueDifference()
  /// The place of the largest difference in row-major order.
  private(set) var maximumPlace: Int?
  private let tolerance: Tolerance?
  private var dot = 0.0
  private var (lengths, otherLengths, differences) = (VectorLength(), VectorLength(), VectorLength())

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
        lengths.add(a)
        otherLengths.add(b)
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
        for part in [a.0, a.1] { lengths.add(part) }
        for part in [b.0, b.1] { otherLengths.add(part) }
      }
    }
  }

  /// What was found; the cosine is that of all that came.
  mutating func finish() -> ValueDifference {
    (result.length, result.firstLength) = (differences.value, lengths.value)
    let product = lengths.value * otherLengths.value
    let cosine = dot / product
    result.cosine = product > 0 && product.isFinite && cosine.isFinite ? min(max(cosine, -1), 1) : nil
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
    differences.add(difference)
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
