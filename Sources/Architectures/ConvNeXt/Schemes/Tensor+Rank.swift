package import SutureTensors
package import SutureText

extension Tensor {
  /// The same elements with axes of size 1 added at the end or taken from there, until there are `rank`: a view.
  ///
  /// - Throws: `Failure` where an axis that would have to go is larger, or the tensor is sparse.
  package func withRank(_ rank: Int, name: String) throws(Failure) -> Tensor {
    if shape.count == rank { return self }
    guard shape.dropFirst(rank).allSatisfy({ $0 == 1 }) else {
      throw Failure(.refused, "\(name) of shape \(shape) cannot have \(rank) axes")
    }
    let added = [Int](repeating: 1, count: max(rank - shape.count, 0))
    let (sizes, steps) = (Array(shape.prefix(rank)) + added, Array(strides.prefix(rank)) + added)
    do {
      switch layout {
      case .meta: return try Tensor(dtype: dtype, shape: sizes, layout: layout)
      case .strided, .quantized:
        return try Tensor(
          storage, dtype: dtype, shape: sizes, strides: steps, offset: offset, layout: layout,
          lazyBits: lazyBits)
      case .sparse: break
      }
    } catch { throw Failure(.refused, "\(name) cannot be reshaped: \(error)") }
    throw Failure(
      .refused, "\(name) is sparse, and its shape has to change",
      remedies: [.setting("sparse", value: "dense", "makes it dense")])
  }
}
