internal import SutureModelRuntime

/// What `verify` and `bench` are told about how to compute.
struct EngineOptions {
  let engine: EngineKind
  let precision: Precision

  init(engine: String?, dtype: String?) throws {
    guard let kind = EngineKind(rawValue: engine ?? EngineKind.fast.rawValue) else {
      throw UsageError(
        "there is no engine \"\(engine ?? "")\"", hints: ["fast, onednn and reference are known"])
    }
    guard let precision = Precision(rawValue: dtype ?? Precision.float32.rawValue) else {
      throw UsageError("--dtype takes float32 or bfloat16, not \"\(dtype ?? "")\"")
    }
    (self.engine, self.precision) = (kind, precision)
  }

  /// A whole number within `range`.
  static func number(_ text: String?, _ option: String, _ range: ClosedRange<Int>) throws -> Int? {
    guard let text else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw UsageError(
        "\(option) takes a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
    }
    return value
  }
}
