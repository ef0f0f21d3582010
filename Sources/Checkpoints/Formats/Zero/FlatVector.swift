internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// One-dimensional tensors of several files, one behind the other: what DeepSpeed makes of parameters before it cuts them.
struct FlatVector {
  private var segments: [(start: Int, tensor: Tensor, file: String)] = []
  private(set) var count = 0
  private(set) var dtype: DType?

  /// - Throws: `Failure` where the tensor is none that can follow.
  mutating func append(_ tensor: Tensor, from file: String) throws {
    guard tensor.shape.count == 1, tensor.isContiguous, tensor.lazyBits.isEmpty, case .strided = tensor.layout
    else {
      throw Failure(
        in: file,
        "a flat part of the parameters is no vector, but \(tensor.shape) with strides \(tensor.strides)",
        remedies: ["the file is damaged, or not as DeepSpeed writes it"])
    }
    guard dtype == nil || dtype == tensor.dtype else {
      throw Failure(
        in: file,
        "a flat part of the parameters is \(tensor.dtype), and those before it are \(dtype?.description ?? "")",
        remedies: ["the files are of different runs"])
    }
    dtype = tensor.dtype
    if tensor.elementCount > 0 { segments.append((count, tensor, file)) }
    do { count = try count.adding(checked: tensor.elementCount) } catch {
      throw Failure(in: file, "the flat parts of the parameters overflow 64 bits together")
    }
  }

  /// The elements of a range, as pieces of a vector that begins at `start` of another.
  ///
  /// - Precondition: the range lies within the vector.
  func pieces(_ range: Range<Int>, at start: Int = 0) throws -> [TensorPiece] {
    var (low, high) = (0, segments.count)
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].start + segments[middle].tensor.elementCount > range.lowerBound {
        high = middle
      } else {
        low = middle + 1
      }
    }
    var pieces: [TensorPiece] = []
    for segment in segments[low...] {
      let own = segment.start..<(segment.start + segment.tensor.elementCount)
      let common = own.clamped(to: range)
      if common.isEmpty { break }
      let part = (common.lowerBound - own.lowerBound)..<(common.upperBound - own.lowerBound)
      pieces.append(
        TensorPiece(
          try segment.tensor.flat(part), at: [start + common.lowerBound - range.lowerBound],
          from: segment.file))
    }
    return pieces
  }
}

extension Tensor {
  /// Some of the elements of a vector on a storage of their own: what lies beside them is another parameter's.
  fileprivate func flat(_ range: Range<Int>) throws -> Tensor {
    let part = try sliced(range, axis: 0)
    return try Tensor(part.storage.joining([part.byteExtent]), dtype: dtype, shape: part.shape)
  }
}
