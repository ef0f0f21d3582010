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

extension Network {
  /// The layer scales that a forward pass reads, in its order.
  func layerScales() throws -> [LayerScaleSummary] {
    try graph.nodes.compactMap { node in
      guard case .feedForward(let layer) = node.operation else { return nil }
      return try layer.scale.map { try LayerScaleSummary($0) }
    }
  }

  /// The names of the tensors that a forward pass reads.
  var readNames: [String] { graph.nodes.flatMap { $0.operation.parameters.map(\.name) } }
}

extension ConvNeXt {
  /// The layer scales of all blocks; none where the network was trained without.
  public func layerScales() throws -> [LayerScaleSummary] { try network.layerScales() }

  /// The names of the tensors that a forward pass reads.
  public var readNames: [String] { network.readNames }
}

extension DetectionModel {
  /// The layer scales of all blocks; none where the network was trained without.
  public func layerScales() throws -> [LayerScaleSummary] { try network.layerScales() }
}
