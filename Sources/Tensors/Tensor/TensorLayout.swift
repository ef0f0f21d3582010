/// How a tensor's elements are to be understood, beyond the view of its storage.
public indirect enum TensorLayout: Sendable {
  /// The elements are what they are.
  case strided
  /// The elements are integers that stand for real numbers.
  case quantized(Quantization)
  /// Only some elements are stored, in parts that are tensors themselves.
  case sparse(SparseParts)
  /// There are no elements: the tensor lived on torch's meta device.
  case meta

  /// torch's word for it, such as `sparse_coo`; `nil` for ordinary tensors.
  public var name: String? {
    switch self {
    case .strided: nil
    case .quantized(.perTensor): "per_tensor_affine"
    case .quantized(.perChannel(_, _, _, let isFloat)):
      isFloat ? "per_channel_affine_float_qparams" : "per_channel_affine"
    case .sparse(let parts): parts.format.rawValue
    case .meta: "meta"
    }
  }
}

/// What the integers of a quantized tensor stand for: `(element - zeroPoint) * scale`.
public enum Quantization: Sendable {
  case perTensor(scale: Double, zeroPoint: Int)
  /// One scale and zero point for each index along `axis`.
  case perChannel(scales: Tensor, zeroPoints: Tensor, axis: Int, isFloat: Bool)
}

/// The parts of a sparse tensor, under the names that torch gives them.
public struct SparseParts: Sendable {
  public enum Format: String, Sendable, CaseIterable {
    case coo = "sparse_coo"
    case csr = "sparse_csr"
    case csc = "sparse_csc"
    case bsr = "sparse_bsr"
    case bsc = "sparse_bsc"

    /// The parts in the order in which torch pickles them.
    public var partNames: [String] {
      switch self {
      case .coo: ["indices", "values"]
      case .csr, .bsr: ["crow_indices", "col_indices", "values"]
      case .csc, .bsc: ["ccol_indices", "row_indices", "values"]
      }
    }
  }

  public let format: Format
  public let parts: [(name: String, tensor: Tensor)]
  /// Whether each index comes at most once; `nil` where the file does not say.
  public let isCoalesced: Bool?

  public init(_ format: Format, _ tensors: [Tensor], isCoalesced: Bool? = nil) {
    self.format = format
    self.isCoalesced = isCoalesced
    parts = zip(format.partNames, tensors).map { (name: $0, tensor: $1) }
  }
}
