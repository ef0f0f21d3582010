internal import SutureTensors

extension DType {
  /// The dtypes that the format has, in the order in which the safetensors library declares them.
  ///
  /// Its writer lays tensors out by that order reversed, so that wide elements come first and all are aligned.
  private static let safetensors: [(dtype: DType, name: String)] = [
    (.bool, "BOOL"), (.float4_e2m1fn_x2, "F4"), (.f6_e2m3, "F6_E2M3"),
    (.f6_e3m2, "F6_E3M2"), (.uint8, "U8"), (.int8, "I8"),
    (.float8_e5m2, "F8_E5M2"), (.float8_e4m3fn, "F8_E4M3"), (.float8_e8m0fnu, "F8_E8M0"),
    (.float8_e4m3fnuz, "F8_E4M3FNUZ"), (.float8_e5m2fnuz, "F8_E5M2FNUZ"),
    (.int16, "I16"), (.uint16, "U16"), (.float16, "F16"), (.bfloat16, "BF16"),
    (.int32, "I32"), (.uint32, "U32"), (.float32, "F32"), (.complex64, "C64"),
    (.float64, "F64"), (.int64, "I64"), (.uint64, "U64"),
  ]

  private static let bySafetensorsName = Dictionary(
    uniqueKeysWithValues: safetensors.map { ($0.name, $0.dtype) })

  private static let safetensorsRanks = Dictionary(
    uniqueKeysWithValues: safetensors.enumerated().map { ($1.dtype, $0) })

  /// The dtype of that name in a safetensors header.
  init?(safetensorsName name: String) {
    guard let dtype = Self.bySafetensorsName[name] else { return nil }
    self = dtype
  }

  /// Where the dtype stands in the library's order; `nil` where the format cannot hold it.
  var safetensorsRank: Int? { Self.safetensorsRanks[self] }

  /// The dtype's name in a safetensors header; `nil` where the format cannot hold it.
  var safetensorsName: String? { safetensorsRank.map { Self.safetensors[$0].name } }
}
