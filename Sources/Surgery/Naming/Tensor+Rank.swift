internal import SutureTensors

extension Tensor {
  /// The same elements with axes of size 1 added at the end or taken from there, until there are `rank`: a view.
  ///
  /// - Throws: ``NamingError`` where an axis that would have to go is larger, or the tensor is sparse.
  func withRank(_ rank: Int, name: String) throws(NamingError) -> Tensor {
    if shape.count == rank { return self }
    guard shape.dropFirst(rank).allSatisfy({ $0 == 1 }) else {
      throw NamingError(.impossible, "\(name) of shape \(shape) cannot have \(rank) axes")
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
    } catch { throw NamingError(.impossible, "\(name) cannot be reshaped: \(error)") }
    throw NamingError(
      .impossible, "\(name) is sparse, and its shape has to change", hints: ["make it dense: --sparse dense"])
  }
}
