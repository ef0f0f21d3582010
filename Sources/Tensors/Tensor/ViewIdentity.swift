/// What makes two tensors the very same view of the same storage, as tied weights are: the bytes, how they are read, and
/// what torch would still do to them.
public struct ViewIdentity: Hashable, Sendable {
  private let storage: Storage.Identity
  private let start: Int
  private let dtype: DType
  private let shape: [Int]
  private let strides: [Int]
  private let lazyBits: UInt8

  public init(_ tensor: Tensor) {
    // Slices of one storage are one storage: what counts is where in the whole they lie.
    storage = tensor.storage.wholeID
    start = tensor.storage.placeInWhole + tensor.offset * tensor.dtype.byteCount
    (dtype, shape) = (tensor.dtype, tensor.shape)
    // How far it is to a second place says nothing of an axis that has but one.
    strides = zip(tensor.shape, tensor.strides).map { $0 > 1 ? $1 : 0 }
    lazyBits = tensor.lazyBits.rawValue
  }
}
