internal import SutureBytes

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

typealias LayerObserver = (LayerOutput) throws -> Void

/// Seconds on a clock that only goes forward.
var now: Double { CurrentProcess.seconds }

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
