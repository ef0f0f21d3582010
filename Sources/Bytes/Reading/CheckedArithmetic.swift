public import SutureText

/// A number from a file left the range that this machine can count in.
public struct ArithmeticOverflow: SutureError, Equatable {
  public init() {}
  public var kind: FailureKind { .unreadable }
  public var reason: String { "a size in the file overflows 64 bits" }
}

extension FixedWidthInteger {
  /// The sum, for operands that came from a file.
  public func adding(checked other: Self) throws(ArithmeticOverflow) -> Self {
    let (value, overflow) = addingReportingOverflow(other)
    if overflow { throw ArithmeticOverflow() }
    return value
  }

  /// The sum, or the largest number there is where that is less: for totals that are only told.
  public func adding(saturating other: Self) -> Self {
    let (value, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : value
  }

  /// The product, for operands that came from a file.
  public func multiplied(checked other: Self) throws(ArithmeticOverflow) -> Self {
    let (value, overflow) = multipliedReportingOverflow(by: other)
    if overflow { throw ArithmeticOverflow() }
    return value
  }

  /// The product of two numbers that are not negative, or the largest number there is where that is less.
  public func multiplied(saturating other: Self) -> Self {
    let (value, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : value
  }

  /// This number rounded up to a multiple of `alignment`, which is positive.
  public func rounded(upToMultipleOf alignment: Self) throws(ArithmeticOverflow) -> Self {
    let excess = self % alignment
    return excess == 0 ? self : try adding(checked: alignment - excess)
  }
}

extension Collection where Element: FixedWidthInteger {
  /// The product of all elements; 1 for none.
  ///
  /// A zero anywhere makes the product zero only where no partial product of the other elements overflows:
  /// a shape of [2⁶², 2⁶², 0] is refused, as safetensors refuses it.
  public func product() throws(ArithmeticOverflow) -> Element {
    var result: Element = 1
    for factor in self { result = try result.multiplied(checked: factor) }
    return result
  }
}
