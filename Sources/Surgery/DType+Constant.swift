internal import SutureNumbers
internal import SutureTensors

extension DType {
  /// The little-endian bytes of an element of that value; `nil` where the dtype has no such number.
  func bytes(of value: Double) -> [UInt8]? { isQuantized ? nil : codec?.encode(value) }
}
