/// What a layer has just computed; valid only while it is shown.
@safe public struct LayerOutput {
  /// The layer's place in the state dict.
  public let name: String
  /// How long it ran.
  public let seconds: Double
  let shape: MapShape
  let values: UnsafeBufferPointer<Float>

  /// The first value that is NaN or infinite; `nil` where all are finite.
  public var firstNotFinite: Float? {
    unsafe SutureModelRuntime.firstNotFinite(values).map { unsafe values[$0] }
  }

  /// A copy that stays.
  public var map: FeatureMap { unsafe FeatureMap(shape, Array(values)) }

  /// A number that differs where the bits differ, all but surely: FNV-1a over the elements.
  public var digest: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in unsafe values.indices {
      unsafe hash = (hash ^ UInt64(values[index].bitPattern)) &* 0x100_0000_01B3
    }
    return hash
  }
}
