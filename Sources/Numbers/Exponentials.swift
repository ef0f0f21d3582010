internal import CSutureNumbers

/// Functions of e to the power of many numbers, as fast as the processor at hand can.
package enum Exponentials {
  /// Writes 1 / (1 + e⁻ˣ) of `count` numbers to `target`; each is right to within 2e-7 of its value, or 2e-38.
  package static func sigmoids(
    of source: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Float>
  ) {
    unsafe suture_sigmoids(source, target, count)
  }

  /// Writes e to the power of `count` numbers, each less `peak`, to `target`.
  package static func powers(
    of source: UnsafePointer<Float>, count: Int, less peak: Float, to target: UnsafeMutablePointer<Float>
  ) {
    unsafe suture_exponentials(source, peak, target, count)
  }
}
