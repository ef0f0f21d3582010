internal import SutureArchitectures

/// A named output as PyTorch has it: the shape, and the elements in row-major order.
public struct NetworkOutput: Sendable {
  public let name: String
  public let shape: [Int]
  public let values: [Float]

  init(name: String, shape: [Int], values: [Float]) {
    (self.name, self.shape, self.values) = (name, shape, values)
  }

  /// A map as N×C×H×W.
  public init(_ name: String, _ map: FeatureMap) {
    self.init(name: name, shape: map.shape, values: map.nchw)
  }

  /// A classifier's output as N×C.
  public init(pooled name: String, _ map: FeatureMap) {
    self.init(name: name, shape: [map.batch, map.channels], values: map.values)
  }

  /// The mean of all elements.
  public var mean: Double { values.reduce(0.0) { $0 + Double($1) } / Double(max(values.count, 1)) }
}

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

/// What a block's layer scale holds.
public struct LayerScaleSummary: Sendable {
  /// The tensor's name.
  public let name: String
  /// The mean magnitude of its elements.
  public let magnitude: Double
  /// Whether every element is the 1e-6 that training starts from, as rounded to the file's dtype: a block whose
  /// weights were never loaded.
  public let isInitial: Bool

  init(_ parameter: Parameter) throws {
    let values = try parameter.values()
    name = parameter.name
    magnitude = values.reduce(0.0) { $0 + Double($1.magnitude) } / Double(max(values.count, 1))
    isInitial = InitialLayerScale.isNear(values)
  }
}
