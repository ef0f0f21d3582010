internal import SutureArchitectures

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
