internal import SutureTensors

/// The names under which a pickle refers to dtypes.
enum TorchDType {
  /// The dtype that a typed storage class implies, such as `torch.FloatStorage`; `nil` for no such class.
  static func storageClass(_ name: String) -> DType? {
    guard name.hasPrefix("torch."), let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    return storageDTypes[String(name[name.utf8.index(after: dot)...])]
  }

  /// The dtype of an old tensor class, such as `torch.FloatTensor` or `torch.cuda.LongTensor`.
  static func tensorClass(_ name: String) -> DType? {
    guard name.hasPrefix("torch."), name.hasSuffix("Tensor") else { return nil }
    return storageClass(String(name.dropLast("Tensor".count)) + "Storage")
  }

  /// The dtype that `torch.<name>` is.
  static func named(_ name: String) -> DType? {
    guard name.hasPrefix("torch.") else { return nil }
    let word = String(name.dropFirst(6))
    guard let dtype = DType(rawValue: word) ?? aliases[word] else { return nil }
    return dtype == .f6_e2m3 || dtype == .f6_e3m2 ? nil : dtype
  }

  /// The typed storage class of a dtype; `nil` for the dtypes that only untyped storages hold.
  static func storageClass(of dtype: DType) -> String? { storageClasses.first { $0.dtype == dtype }?.name }

  private static let storageClasses: [(name: String, dtype: DType)] = [
    ("DoubleStorage", .float64), ("FloatStorage", .float32), ("HalfStorage", .float16),
    ("BFloat16Storage", .bfloat16), ("LongStorage", .int64), ("IntStorage", .int32), ("ShortStorage", .int16),
    ("CharStorage", .int8), ("ByteStorage", .uint8), ("BoolStorage", .bool),
    ("ComplexDoubleStorage", .complex128), ("ComplexFloatStorage", .complex64),
    ("QInt8Storage", .qint8), ("QUInt8Storage", .quint8), ("QInt32Storage", .qint32),
  ]

  private static let storageDTypes = Dictionary(
    uniqueKeysWithValues: storageClasses.map { ($0.name, $0.dtype) })

  private static let aliases: [String: DType] = [
    "double": .float64, "float": .float32, "half": .float16, "long": .int64, "int": .int32, "short": .int16,
  ]
}
