public import SutureNumbers

extension DType {
  /// The format of the elements where they are real floating-point numbers of a byte or more, otherwise nil.
  public var floatFormat: FloatFormat? { FloatFormat(rawValue: rawValue) }
}
