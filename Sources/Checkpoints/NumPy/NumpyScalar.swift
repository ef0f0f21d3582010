internal import Pickle
internal import Tensors

/// `numpy._core.multiarray.scalar(dtype, bytes)`: a number that remembers its dtype.
struct NumpyScalar {
  let text: String

  /// `nil` where the call is not one of a scalar, or one of a kind that has no short text.
  init?(_ object: PickleObject, _ graph: PickleGraph) {
    guard let name = graph.globalName(object.callable), Self.names.contains(name),
      object.arguments.count == 2,
      let type = NumpyDType(object.arguments[0], graph), var bytes = graph.bytes(object.arguments[1]),
      bytes.count == type.dtype.byteCount
    else { return nil }
    if type.isBigEndian { bytes.reverse() }
    let bits = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch type.dtype {
    case .float64: text = PythonText.float(Double(bitPattern: bits))
    case .float32: text = PythonText.float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
    case .int64: text = String(Int64(bitPattern: bits))
    case .int32: text = String(Int32(truncatingIfNeeded: bits))
    case .int16: text = String(Int16(truncatingIfNeeded: bits))
    case .int8: text = String(Int8(truncatingIfNeeded: bits))
    case .uint64, .uint32, .uint16, .uint8: text = String(bits)
    case .bool: text = bits == 0 ? "False" : "True"
    default: return nil
    }
  }

  static let names: Set<String> = ["numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"]
}
