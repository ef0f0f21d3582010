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
