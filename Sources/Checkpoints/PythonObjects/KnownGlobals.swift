/// The classes and functions that `torch.load(weights_only=True)` takes without being told to.
///
/// Source: what `torch/_weights_only_unpickler.py` of torch 2.13.0 lists when asked. It maps Python 2's names to those of
/// Python 3, as ``HarmfulGlobals/canonical(_:)`` does.
enum KnownGlobals {
  /// The release of torch whose list this is.
  static let version = "2.13"

  static func contains(_ name: String) -> Bool { names.contains(name) }

  static let names: Set<String> = {
    var names = Set<String>(minimumCapacity: 200)
    names.formUnion([
      "_codecs.encode", "builtins.bytearray", "builtins.complex", "builtins.set", "collections.Counter",
      "collections.OrderedDict", "torch.Size", "torch.Tensor", "torch.device", "torch.nn.parameter.Parameter",
      "torch.serialization._get_layout", "torch.storage.TypedStorage", "torch.storage.UntypedStorage",
      "torch._tensor._rebuild_from_type_v2",
    ])
    names.formUnion(
      [
        "device_tensor_from_cpu_tensor", "device_tensor_from_numpy", "meta_tensor_no_storage",
        "nested_tensor",
        "parameter", "parameter_with_state", "qtensor", "sparse_tensor", "tensor", "tensor_v2", "tensor_v3",
        "wrapper_subclass",
      ].map { "torch._utils._rebuild_\($0)" })
    names.formUnion(
      [
        "bfloat16", "bool", "complex32", "complex64", "complex128", "float16", "float32", "float64",
        "float4_e2m1fn_x2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz",
        "float8_e8m0fnu", "bits8", "bits16", "bits1x8", "bits2x4", "bits4x2", "qint8", "qint32", "quint8",
        "quint2x4", "quint4x2", "per_channel_affine", "per_channel_affine_float_qparams",
        "per_channel_symmetric", "per_tensor_affine", "per_tensor_symmetric",
      ].map { "torch.\($0)" })
    for bits in [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64] {
      names.formUnion(["torch.int\(bits)", "torch.uint\(bits)"])
    }
    let numbers = ["BFloat16", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short"]
    for module in ["torch", "torch.cuda"] {
      for number in numbers + ["Bool"] {
        names.formUnion(["\(module).\(number)Storage", "\(module).\(number)Tensor"])
      }
      names.formUnion(["\(module).ComplexDoubleStorage", "\(module).ComplexFloatStorage"])
    }
    names.formUnion(["QInt8", "QInt32", "QUInt8", "QUInt2x4", "QUInt4x2"].map { "torch.\($0)Storage" })
    for number in numbers {
      // There is no torch.cuda.sparse.Bool, nor any other without the numbers above.
      names.formUnion(["torch.sparse.\(number)Tensor", "torch.cuda.sparse.\(number)Tensor"])
    }
    return names
  }()
}
