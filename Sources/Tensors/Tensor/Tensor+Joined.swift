internal import SutureBytes

extension Tensor {
  /// Several tensors one behind the other along an axis, as `torch.cat` puts them.
  ///
  /// Nothing is read until the elements are asked for.
  ///
  /// - Precondition: there is one tensor or more, and they differ in the size of that axis only.
  public static func joined(_ tensors: [Tensor], axis: Int) throws -> Tensor {
    precondition(!tensors.isEmpty)
    var (shape, pieces) = (tensors[0].shape, [TensorPiece]())
    shape[axis] = 0
    do {
      for tensor in tensors {
        var start = [Int](repeating: 0, count: shape.count)
        start[axis] = shape[axis]
        pieces.append(TensorPiece(tensor, at: start, from: tensor.storage.label))
        shape[axis] = try shape[axis].adding(checked: tensor.shape[axis])
      }
      _ = try Shape.elementCount(shape).multiplied(checked: tensors[0].dtype.byteCount)
    } catch { throw TensorError.overflow(shape: shape, strides: []) }
    let whole = try assembled(
      pieces, dtype: tensors[0].dtype, shape: shape, name: tensors[0].storage.label)
    // What one of them alone makes is no alias of it.
    return tensors.contains { $0.storage === whole.storage } ? try whole.separated() : whole
  }
}
