internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureModelRuntime

struct Bench: Command {
  static let name = "bench"
  static let summary = "Measure how fast the network runs, beside what the processor can do."
  static let details = """
    Weights are read and layers compiled first; then the forward pass is timed, and between its rounds the machine's
    peak: bare fused multiply-adds in registers, on as many threads (OMP_NUM_THREADS). On a machine that others use
    the share of the peak says more than the time.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint to run.", \.file),
      .option("size", "N", "The image is N×N; 224 by default.", \.sizeText),
      .option("batch", "N", "How many images at a time; 1 by default.", \.batchText),
      .option("rounds", "N", "How many passes are timed; 20 by default.", \.roundsText),
      .option("dtype", "DTYPE", "float32, or bfloat16 for the products.", \.dtypeName),
      .option(
        "engine", "ENGINE", "fast (the default), onednn alone, or reference for plain loops.", \.engineName),
      .option("key", "PATH", "The dict to take from FILE instead of the one found.", \.key),
      .limit(\.limits),
      .flag("verbose", short: "v", "Each layer's time and speed.", \.verbose),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var sizeText: String?
  var batchText: String?
  var roundsText: String?
  var dtypeName: String?
  var engineName: String?
  var key: String?
  var limits = ReadLimits()
  var verbose = false
  var json = false

  mutating func run() throws -> ExitCode {
    let size = try EngineOptions.number(sizeText, "--size", 1...16384) ?? 224
    let batch = try EngineOptions.number(batchText, "--batch", 1...4096) ?? 1
    let rounds = try EngineOptions.number(roundsText, "--rounds", 1...100_000) ?? 20
    let options = try EngineOptions(engine: engineName, dtype: dtypeName)
    EngineThreads.settle()

    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    Notes.opened(checkpoint)
    try checkpoint.requireTensors()
    let network = try Network(checkpoint.stateDict, options)
    Console.note("       \(network.description)")
    guard let model = network.backbone else { return .doesNotFit }
    let outputs = model.outputNames.last.map { [$0] } ?? []

    try network.judge(side: size, batch: batch)
    var image = try FeatureMap(
      batch: batch, height: size, width: size, channels: model.configuration.inputChannels)
    for index in image.values.indices { image.values[index] = Float((index &* 7919) % 4093) / 1024 - 2 }
    let start = CurrentProcess.seconds
    try model.prepare(outputs, batch: batch, height: size, width: size)
    var measurement = BenchMeasurement(
      shape: image.shape, precision: options.precision, preparation: CurrentProcess.seconds - start,
      costs: try model.costs(outputs, batch: batch, height: size, width: size))
    _ = try model.outputs(outputs, of: image)
    for round in 0..<rounds {
      if round % 5 == 0 { measurement.peaks.append(MachinePeak.measure(options.precision)) }
      let start = CurrentProcess.seconds
      _ = try model.outputs(outputs, of: image)
      measurement.times.append(CurrentProcess.seconds - start)
    }
    if verbose {
      for _ in 0..<rounds {
        var times: [Double] = []
        _ = try model.outputs(outputs, of: image) { times.append($0.seconds) }
        measurement.layerTimes.append(times)
      }
    }
    try Console.print(json ? JSONWriter.text(measurement.json, style: .pretty) + "\n" : measurement.text)
    return .done
  }
}
