internal import SutureArchitectures
internal import SutureTensors

/// What the last layer of a detector makes of its convolutions' outputs.
protocol DetectionHead: Sendable {
  /// The tensors that it reads beside them.
  var readNames: [String] { get }
  /// A level before anything is computed of it, as the program gives it.
  func raw(_ map: FeatureMap, _ name: String) -> NetworkOutput
  /// All levels as boxes in pixels of the image, and probabilities.
  func decoded(_ maps: [MapView]) -> NetworkOutput
  /// Of the first image's boxes those that are surer than `confidence`, each with its likeliest class.
  func candidates(_ decoded: NetworkOutput, over confidence: Float) -> [Detection]
}

extension ModelFile {
  /// The head that the file asks for.
  ///
  /// - Parameter name: of the last layer in `weights`.
  /// - Throws: ``ModelError`` where what it reads does not fit.
  func detectionHead(_ name: String, _ weights: StateDict) throws -> any DetectionHead {
    switch head {
    case .anchors: try AnchorHead(self, name, weights)
    case .distances(let bins):
      try DistanceHead(strides: strides, bins: bins, classes: header.classes, name, weights)
    }
  }
}
