internal import SuturePickle
internal import SutureTensors

/// `numpy._core.multiarray.scalar(dtype, bytes)`: a number that remembers its dtype.
struct NumpyScalar {
  let plain: PlainValue

  var text: String {
    switch plain {
    case .float(let value): PythonText.float(value)
    case .int(let value): String(value)
    case .bool(let value): value ? "True" : "False"
    case .bigInt(let bytes): String(bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    default: ""
    }
  }

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
    case .float64, .float32, .float16, .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8,
      .bool:
      plain = .number(bits, type.dtype)
    default: return nil
    }
  }

  static let names: Set<String> = ["numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"]
}
