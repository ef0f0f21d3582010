internal import SutureBytes
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
    case .bigInt(let bytes): String(bytes.integer(at: 0, UInt64.self))
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
    // What has no short text stays an object.
    guard !type.dtype.isComplex, let plain = PlainValue.numbers(bytes, type.dtype)?.first else { return nil }
    self.plain = plain
  }

  static let names: Set<String> = ["numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"]
}
