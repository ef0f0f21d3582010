internal import Glibc

/// The exponential function, which the standard library leaves to C.
enum Exponential {
  static func value(of power: Double) -> Double { exp(power) }
}
