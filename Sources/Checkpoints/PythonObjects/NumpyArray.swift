internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// An array as NumPy pickles it.
///
///     numpy._core.multiarray._reconstruct(numpy.ndarray, (0,), b'b')
///         with state (1, shape, dtype, is Fortran order, bytes)
///     numpy._core.numeric._frombuffer(bytes, dtype, shape, 'C' or 'F')                    protocol 5
///     numpy._core.numeric._frombuffer(bytes, dtype, shape, 'K', axis order)               since NumPy 2.3
///     jax._src.array._reconstruct_array(_reconstruct, its arguments, the state, …)
///     numpy.dtype('f4', False, True) with state (3, '<', None, …)
///
/// Before NumPy 2 the modules were called `numpy.core`.
struct NumpyArray {
  let type: NumpyDType
  let shape: [Int]
  let isFortran: Bool
  let bytes: [UInt8]
  /// The order in which the axes of `shape` become those of the array; `nil` where they are these.
  private var axisOrder: [Int]?

  /// `nil` where the value is no array of numbers.
  init?(_ id: PickleID, _ graph: PickleGraph) {
    guard case .object(let object) = graph[id], let name = graph.globalName(object.callable) else {
      return nil
    }
    let parts: (shape: PickleID, type: PickleID, isFortran: Bool, bytes: PickleID)
    let arguments = object.arguments
    if let state = Self.state(object, name, graph), state.count == 5 {
      parts = (state[1], state[2], graph.int(state[3]) == 1, state[4])
    } else if Self.fromBuffer.contains(name), arguments.count == 4 || arguments.count == 5 {
      let order = graph.string(arguments[3])
      parts = (arguments[2], arguments[1], order == "F", arguments[0])
      if order == "K", arguments.count == 5, !graph.isNone(arguments[4]) {
        guard let axes = graph.items(arguments[4])?.compactMap({ graph.int($0) }) else { return nil }
        axisOrder = axes
      }
    } else {
      return nil
    }
    guard let type = NumpyDType(parts.type, graph), let sizes = graph.items(parts.shape),
      let bytes = graph.bytes(parts.bytes)
    else { return nil }
    let shape = sizes.compactMap { graph.int($0) }
    guard shape.count == sizes.count else { return nil }
    if let axisOrder, axisOrder.sorted() != Array(shape.indices) { return nil }
    (self.type, self.shape, self.bytes, isFortran) = (type, shape, bytes, parts.isFortran)
  }

  /// Whether the name is one of the functions that make arrays, NumPy's or JAX's.
  static func isReconstructor(_ name: String) -> Bool {
    reconstructors.contains(name) || fromBuffer.contains(name) || isJAX(name) || name == masked
  }

  /// `jax._src.array._reconstruct_array`, and what it was called before.
  private static func isJAX(_ name: String) -> Bool {
    name.hasPrefix("jax")
      && (name.hasSuffix("._reconstruct_array") || name.hasSuffix(".reconstruct_device_array"))
  }

  /// The state of an array that is made empty and then given one.
  private static func state(_ object: PickleObject, _ name: String, _ graph: PickleGraph) -> [PickleID]? {
    if reconstructors.contains(name) { return object.states.last.flatMap { graph.items($0) } }
    guard isJAX(name), object.arguments.count >= 3,
      graph.globalName(object.arguments[0]).map(reconstructors.contains) == true
    else { return nil }
    return graph.items(object.arguments[2])
  }

  private static let reconstructors: Set<String> = [
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
  ]
  /// An array of which some elements are none: it is told apart, and not read.
  private static let masked = "numpy.ma.core._mareconstruct"
  private static let fromBuffer: Set<String> = [
    "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer",
  ]

  /// The items of an array of objects, in the order of its elements, and whether it has no axes, as what `numpy.save` makes
  /// of one object; `nil` of any other value.
  static func objects(_ object: PickleObject, _ graph: PickleGraph) -> (items: [PickleID], isScalar: Bool)? {
    guard let name = graph.globalName(object.callable), let state = state(object, name, graph),
      state.count == 5, case .list(let items) = graph[state[4]]
    else { return nil }
    return (items, graph.items(state[1])?.isEmpty == true)
  }

  func tensor(_ location: PickleLocation, at offset: Int) throws -> Tensor {
    let storage = Storage(
      bytes, label: "array at \(offset)", swapWidth: type.isBigEndian ? type.dtype.swapWidth : 1)
    do {
      let strides = try Self.strides(shape, isFortran: isFortran)
      let tensor = try Tensor(storage, dtype: type.dtype, shape: shape, strides: strides, offset: 0)
      return try axisOrder.map { try tensor.permuted($0) } ?? tensor
    } catch {
      throw location.failure(
        "an array cannot be right: \(error)", at: offset,
        remedies: ["the file is damaged, or made to mislead"])
    }
  }

  /// The strides of an array without gaps, in elements; in Fortran order the first index runs fastest.
  static func strides(_ shape: [Int], isFortran: Bool) throws -> [Int] {
    isFortran
      ? try Shape.contiguousStrides(shape.reversed()).reversed()
      : try Shape.contiguousStrides(shape)
  }
}

extension NumpyDType {
  /// The dtype that a pickled `numpy.dtype(code, align, copy)` is.
  init?(_ id: PickleID, _ graph: PickleGraph) {
    guard case .object(let object) = graph[id], graph.globalName(object.callable) == "numpy.dtype",
      let first = object.arguments.first
    else { return nil }
    if let name = graph.globalName(first) {
      // A type of the package ml_dtypes, or of one that had it before.
      guard let word = name.split(separator: ".").last, let dtype = NumpyDType.extended[String(word)] else {
        return nil
      }
      self.init(dtype: dtype, isBigEndian: false)
      return
    }
    guard let code = graph.string(first) else { return nil }
    let order = object.states.last.flatMap { graph.items($0) }?.dropFirst().first.flatMap { graph.string($0) }
    self.init(code, order: order?.first)
  }
}

/// NumPy's spelling of a dtype, such as `<f4`: byte order, kind, size in bytes.
struct NumpyDType: Equatable {
  let dtype: DType
  let isBigEndian: Bool

  private init(dtype: DType, isBigEndian: Bool) { (self.dtype, self.isBigEndian) = (dtype, isBigEndian) }

  /// - Parameter code: `f4`, `<f4`, `|b1` or `>i8`.
  /// - Parameter order: the byte order where the code has none.
  init?(_ code: some StringProtocol, order: Character? = nil) {
    var rest = code[...]
    var order = order
    if let first = rest.first, "<>|=".contains(first) {
      order = first
      rest = rest.dropFirst()
    }
    guard let dtype = Self.codes[String(rest)] else { return nil }
    self.init(dtype: dtype, isBigEndian: order == ">" && dtype.swapWidth > 1)
  }

  /// NumPy's spelling of a dtype in little-endian order; `nil` where it has none.
  static func code(of dtype: DType) -> String? {
    codes.first { $0.value == dtype }.map { (dtype.swapWidth > 1 ? "<" : "|") + $0.key }
  }

  /// The types that NumPy itself lacks, by the names of their classes.
  fileprivate static let extended: [String: DType] = Dictionary(
    uniqueKeysWithValues: [
      DType.bfloat16, .float8_e4m3fn, .float8_e5m2, .float8_e4m3fnuz, .float8_e5m2fnuz, .float8_e8m0fnu,
    ].map { ($0.rawValue, $0) })

  private static let codes: [String: DType] = [
    "f8": .float64, "f4": .float32, "f2": .float16, "c16": .complex128, "c8": .complex64,
    "i8": .int64, "i4": .int32, "i2": .int16, "i1": .int8,
    "u8": .uint64, "u4": .uint32, "u2": .uint16, "u1": .uint8, "b1": .bool,
  ]
}
