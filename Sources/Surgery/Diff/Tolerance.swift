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
