internal import SutureBytes

internal import SutureArchitectures

/// What runs a graph.
protocol NetworkEngine: Sendable {
  /// Runs the nodes that `outputs` need and gives those values.
  ///
  /// - Parameter observe: is shown each layer's output when it has been computed.
  func run(_ image: FeatureMap, outputs: [Int], observe: LayerObserver?) throws -> [FeatureMap]

  /// Makes everything ready for images of this shape, so that the next run only computes.
  func prepare(_ image: MapShape, outputs: [Int]) throws

  /// Lets go of all that was made ready; the next run makes it anew.
  func release()
}

/// Is shown a node's number, its output's shape and values, and for how many seconds it ran.
typealias LayerObserver = (
  _ node: Int, _ shape: MapShape, _ values: UnsafeBufferPointer<Float>, _ seconds: Double
) throws -> Void

/// Seconds on a clock that only goes forward.
var now: Double { CurrentProcess.seconds }
