internal import SutureTensors

/// What makes two tensors the very same view of the same storage, as tied weights are.
struct ViewIdentity: Hashable {
  private let storage: ObjectIdentifier
  private let dtype: DType
  private let sizes: [[Int]]
  private let lazyBits: UInt8

  /// - Precondition: the tensor's storage outlives this.
  init(_ tensor: Tensor) {
    (storage, dtype) = (ObjectIdentifier(tensor.storage), tensor.dtype)
    sizes = [tensor.shape, tensor.strides, [tensor.offset]]
    lazyBits = tensor.lazyBits.rawValue
  }
}
