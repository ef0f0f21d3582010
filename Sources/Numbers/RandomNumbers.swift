/// Random numbers that are the same on every machine, and in whatever order they are asked for.
///
/// The generator is SplitMix64 (Steele, Lea, Flood 2014), used as a table: element *i* of the tensor called *name* is
/// the output after *i* + 1 steps from the state `seed ^ FNV-1a(name)`. Its upper 53 bits, and a half, over 2⁵³ are a
/// number between 0 and 1. For the normal distribution the inverse of its cumulative one is taken: Wichura's algorithm
/// AS 241, the one in Python's `statistics.NormalDist.inv_cdf`.
package struct RandomNumbers: Sendable {
  private let start: UInt64

  package init(seed: Int, name: String) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    start = UInt64(bitPattern: Int64(seed)) ^ hash
  }

  /// A number between 0 and 1, neither of which it is.
  package func uniform(_ index: Int) -> Double {
    var mixed = start &+ (UInt64(truncatingIfNeeded: index) &+ 1) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return (Double(mixed >> 11) + 0.5) / 9_007_199_254_740_992
  }

  /// A number of the normal distribution with mean 0 and standard deviation 1.
  package func normal(_ index: Int) -> Double { Self.quantile(uniform(index)) }

  /// Where the standard normal distribution has `p` to the left, for 0 < `p` < 1.
  private static func quantile(_ p: Double) -> Double {
    let q = p - 0.5
    if q.magnitude <= 0.425 {
      let r = 0.180625 - q * q
      return q * ratio(r, centre)
    }
    let r = (-naturalLogarithm(min(p, 1 - p))).squareRoot()
    let x = r <= 5 ? ratio(r - 1.6, near) : ratio(r - 5, far)
    return q < 0 ? -x : x
  }

  private typealias Coefficients = (above: [Double], below: [Double])

  private static func ratio(_ r: Double, _ coefficients: Coefficients) -> Double {
    coefficients.above.reduce(0) { $0 * r + $1 } / coefficients.below.reduce(0) { $0 * r + $1 }
  }

  private static let centre: Coefficients = (
    [
      2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4, 4.5921953931549871457e+4,
      1.3731693765509461125e+4, 1.9715909503065514427e+3, 1.3314166789178437745e+2, 3.3871328727963666080e+0,
    ],
    [
      5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
      5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1,
    ]
  )
  private static let near: Coefficients = (
    [
      7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
      1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
      4.63033784615654529590e+0, 1.42343711074968357734e+0,
    ],
    [
      1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
      1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e+0,
      2.05319162663775882187e+0, 1,
    ]
  )
  private static let far: Coefficients = (
    [
      2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
      2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
      5.46378491116411436990e+0, 6.65790464350110377720e+0,
    ],
    [
      2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
      7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
      5.99832206555887937690e-1, 1,
    ]
  )
}

/// The natural logarithm of a normal positive number, to a few units in the last place.
///
/// Written out since libm's differs from one machine to another.
package func naturalLogarithm(_ x: Double) -> Double {
  var (mantissa, exponent) = (x.significand, Double(x.exponent))
  if mantissa > 1.414_213_562_373_095_1 { (mantissa, exponent) = (mantissa / 2, exponent + 1) }
  // ln m = 2 artanh((m - 1) / (m + 1)), and that argument is at most 0.172.
  let s = (mantissa - 1) / (mantissa + 1)
  var sum = 0.0
  for power in stride(from: 23, through: 1, by: -2) { sum = sum * (s * s) + 1 / Double(power) }
  return 2 * s * sum + exponent * 0.693_147_180_559_945_3
}
