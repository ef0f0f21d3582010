/// Changes of names with which more of a file would load.
public struct LoadAdvice: Sendable {
  /// What to do, in this order.
  public let repairs: [any Step]
  /// What the load would be then.
  public let report: LoadReport
}
