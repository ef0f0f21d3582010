internal import SutureBytes

/// What runs a graph.
protocol NetworkEngine: Sendable {
  /// Runs the nodes that `outputs` need and shows `use` those values.
  ///
  /// - Parameter observe: is shown each layer's output when it has been computed.
  func run<Result>(
    _ image: FeatureMap, outputs: [Int], observe: LayerObserver?, _ use: ([MapView]) throws -> Result
  ) throws -> Result

  /// Makes everything ready for images of this shape, so that the next run only computes.
  func prepare(_ image: MapShape, outputs: [Int]) throws

  /// Lets go of all that was made ready; the next run makes it anew.
  func release()
}

extension NetworkEngine {
  /// Runs the nodes that `outputs` need and gives copies of those values.
  func maps(
    of image: FeatureMap, outputs: [Int], observe: LayerObserver? = nil
  ) throws -> [FeatureMap] {
    try run(image, outputs: outputs, observe: observe) { $0.map(\.map) }
  }
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
  let view: MapView

  /// The first value that is NaN or infinite; `nil` where all are finite.
  public var firstNotFinite: Float? {
    for row in 0..<view.shape.rows {
      let pixel = unsafe view.pixel(row)
      if let place = unsafe SutureModelRuntime.firstNotFinite(pixel) { return unsafe pixel[place] }
    }
    return nil
  }

  /// A copy that stays.
  public var map: FeatureMap { view.map }

  /// A number that differs where the bits differ, all but surely: FNV-1a over the elements.
  public var digest: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for row in 0..<view.shape.rows {
      let pixel = unsafe view.pixel(row)
      for index in pixel.indices {
        unsafe hash = (hash ^ UInt64(pixel[index].bitPattern)) &* 0x100_0000_01B3
      }
    }
    return hash
  }
}
