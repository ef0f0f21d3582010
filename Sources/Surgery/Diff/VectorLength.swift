/// The length of a vector whose components come one by one: √Σx², without overflow and without vanishing on the way.
///
/// Squares of what is very large or very small are summed apart, scaled by a power of two, as Blue's algorithm does (ACM
/// Transactions on Mathematical Software 4, 1978): a float64 tensor may hold both.
struct VectorLength {
  private var (small, plain, large) = (0.0, 0.0, 0.0)
  private var isInfinite = false

  private static let (least, most) = (0x1p-511, 0x1p486)
  private static let (up, down) = (0x1p600, 0x1p-538)

  /// - Parameter component: no NaN.
  mutating func add(_ component: Double) {
    let size = component.magnitude
    if size > Self.most {
      isInfinite = isInfinite || size.isInfinite
      large += (size * Self.down) * (size * Self.down)
    } else if size < Self.least {
      small += (size * Self.up) * (size * Self.up)
    } else {
      plain += size * size
    }
  }

  var value: Double {
    if isInfinite { return .infinity }
    // What is small beside what is large is below its last digit.
    if large > 0 { return (large + plain * Self.down * Self.down).squareRoot() / Self.down }
    let rest = small.squareRoot() / Self.up
    return plain == 0 ? rest : (plain + rest * rest).squareRoot()
  }
}
