public import SutureArchitectures
internal import SutureBytes
public import SutureModelRuntime
internal import SutureText

/// How fast a detector runs, or the backbone of a network, beside what the processor can do.
public struct SpeedMeasurement: Sendable {
  /// A layer, what it computes, and how long it takes.
  public struct Layer: Sendable {
    /// Its place in the state dict.
    public let name: String
    /// How many multiply-accumulates a pass takes.
    public let multiplyAccumulates: Int
    /// Seconds of each pass.
    public fileprivate(set) var seconds: [Double] = []

    /// Floating-point operations of a pass.
    public var operations: Double { 2 * Double(multiplyAccumulates) }
    /// Seconds of the median pass.
    public var median: Double { SpeedMeasurement.median(seconds) }
  }

  /// Of the images, N×C×H×W.
  public let shape: [Int]
  /// What products are computed in: float32 where the processor has no others.
  public let precision: Precision
  /// How many threads compute.
  public let threads: Int
  /// Seconds to read and pack the weights and to compile the layers.
  public let preparation: Double
  /// What the weights do not say of the network and nobody else did, as it was taken to be.
  public let assumptions: [Assumption]
  /// In the order in which they run; their seconds only where they were asked for.
  public private(set) var layers: [Layer]
  /// Seconds of each forward pass.
  public private(set) var seconds: [Double] = []
  /// Floating-point operations a second of bare multiply-adds in registers, measured between the passes.
  public private(set) var peaks: [Double] = []

  /// Floating-point operations of a pass.
  public var operations: Double { layers.reduce(0) { $0 + $1.operations } }
  /// Seconds of the median pass.
  public var median: Double { Self.median(seconds) }
  /// Seconds of the fastest pass.
  public var least: Double { seconds.min() ?? 0 }
  /// Floating-point operations a second in the median pass.
  public var speed: Double { operations / median }
  /// Floating-point operations a second in the fastest pass, which other programs disturbed least.
  public var bestSpeed: Double { operations / least }
  /// The median of ``peaks``; 0 where the processor has no such instructions.
  public var peak: Double { Self.median(peaks) }
  /// The largest of ``peaks``, to which ``bestSpeed`` compares.
  public var bestPeak: Double { peaks.max() ?? 0 }

  fileprivate static func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }

  /// Reads the weights, compiles the layers and runs `rounds` passes over images of `size`×`size` pixels.
  ///
  /// - Parameter timesLayers: whether as many passes follow in which each layer is timed.
  /// - Throws: an error of the kind ``FailureKind/doesNotFit`` where there is no backbone, or no room for the images.
  public init(
    of network: RunnableNetwork, precision: Precision = .float32, size: Int = 224, batch: Int = 1,
    rounds: Int = 20, timesLayers: Bool = false
  ) throws {
    guard let model: any MeasuredModel = network.detector ?? network.backbone else {
      throw Failure(.doesNotFit, "there is no backbone that could be run by itself")
    }
    assumptions = network.assumptions
    // What is computed last needs all.
    let outputs = model.outputNames.suffix(1).map(\.self)
    try network.requireRunnable(side: size, batch: batch)
    var image = try FeatureMap(
      batch: batch, height: size, width: size, channels: network.inputChannels)
    for index in image.values.indices { image.values[index] = Float((index &* 7919) % 4093) / 1024 - 2 }
    let start = CurrentProcess.seconds
    try model.prepare(outputs, batch: batch, height: size, width: size)
    preparation = CurrentProcess.seconds - start
    let precision = try precision.native().precision
    (shape, self.precision, threads) = (image.shape, precision, MachinePeak.threads)
    layers = try model.costs(outputs, batch: batch, height: size, width: size).map {
      Layer(name: $0.layer, multiplyAccumulates: $0.multiplyAccumulates)
    }
    _ = try model.outputs(outputs, of: image, observe: nil)
    for round in 0..<rounds {
      if round % 5 == 0 { peaks.append(MachinePeak.measure(precision)) }
      let start = CurrentProcess.seconds
      _ = try model.outputs(outputs, of: image, observe: nil)
      seconds.append(CurrentProcess.seconds - start)
    }
    for _ in 0..<(timesLayers ? rounds : 0) {
      var times: [Double] = []
      _ = try model.outputs(outputs, of: image, observe: { times.append($0.seconds) })
      for (index, time) in times.enumerated() { layers[index].seconds.append(time) }
    }
  }

  /// Whether each layer was timed.
  public var timesLayers: Bool { layers.contains { !$0.seconds.isEmpty } }

  /// The schema `suture.bench/2`.
  public var json: JSONReport {
    JSONReport(
      "suture.bench/2",
      [
        "shape": shape, "dtype": precision.rawValue, "threads": threads, "gflop": operations / 1e9,
        "prepare_seconds": preparation, "median_seconds": median, "seconds": seconds,
        "gflops": speed / 1e9, "peak_gflops": peak / 1e9, "best_peak_gflops": bestPeak / 1e9,
        "assumed": assumptions.json,
        "layers": timesLayers
          ? layers.map {
            [
              "name": $0.name, "gflop": $0.operations / 1e9, "median_seconds": $0.median,
            ] as JSONObject
          } : nil,
      ])
  }
}

/// What can be prepared and run over and over.
private protocol MeasuredModel {
  var outputNames: [String] { get }
  func prepare(_ names: [String], batch: Int, height: Int, width: Int) throws
  func costs(_ names: [String], batch: Int, height: Int, width: Int) throws -> [(
    layer: String, multiplyAccumulates: Int
  )]
  func outputs(
    _ names: [String], of image: FeatureMap, observe: ((LayerOutput) throws -> Void)?
  ) throws -> [NetworkOutput]
}

extension ConvNeXt: MeasuredModel {}
extension DetectionModel: MeasuredModel {}
