internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureModelRuntime
internal import SutureText
internal import SutureWorkflows

struct Bench: Command {
  static let name = "bench"
  static let summary = "Measure how fast the network runs, beside what the processor can do."
  static let details = """
    Weights are read and layers compiled first; then the forward pass is timed, and between its rounds the machine's
    peak: bare fused multiply-adds in registers, on as many threads (OMP_NUM_THREADS). On a machine that others use
    the share of the peak says more than the time. SUTURE_ISA=avx512|avx2|neon|plain chooses the vectors that kernels
    are made of, and those of the peak.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint to run.", \.file),
      .option("model", "FILE.yaml", "The model file of the detector in FILE, which is run then.", \.model),
      .number("size", "N", "The image is N×N; 224 by default.", in: 1...16384, \.size),
      .number("batch", "N", "How many images at a time; 1 by default.", in: 1...4096, \.batch),
      .number("rounds", "N", "How many passes are timed; 20 by default.", in: 1...100_000, \.rounds),
      .choice("dtype", placeholder: "DTYPE", "float32, or bfloat16 for the products.", \.precision),
      .choice(
        "engine", placeholder: "ENGINE", "fast (the default), onednn alone, or reference for plain loops.",
        \.engine),
      .activation(\.settings), .norm(\.settings),
      .option("key", "PATH", "The dict to take from FILE instead of the one found.", \.key),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
      .flag("verbose", short: "v", "Each layer's time and speed.", \.verbose),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var model: String?
  var size: Int?
  var batch: Int?
  var rounds: Int?
  var precision: Precision?
  var engine: EngineKind?
  var settings = NetworkSettings()
  var key: String?
  var limits = ReadLimits()
  var verbose = false
  var json = false

  mutating func run() throws -> ExitCode {
    keepFreedMemory()
    let precision = precision ?? .float32
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    Notes.opened(checkpoint)
    let network = try RunnableNetwork(
      of: checkpoint, model: try model.map { try ModelFile(path: $0) }, settings: settings,
      engine: engine ?? .fast, precision: precision)
    Console.note("       \(network.summary)")
    let measurement = try SpeedMeasurement(
      of: network, precision: precision, size: size ?? 224, batch: batch ?? 1, rounds: rounds ?? 20,
      timesLayers: verbose)
    if json {
      try Console.print(measurement.json)
    } else {
      try Console.print(measurement.lines)
    }
    return .done
  }
}

extension SpeedMeasurement {
  fileprivate var lines: [String] {
    let milliseconds = { (seconds: Double) in Format.decimal(seconds * 1000, places: 2) }
    let billions = { (count: Double, places: Int) in Format.decimal(count / 1e9, places: places) }
    var lines = [
      "input    \(Format.shape(shape)), \(billions(operations, 2)) GFLOP",
      "prepare  \(milliseconds(preparation)) ms to read and pack weights and compile layers",
      "forward  \(milliseconds(median)) ms median of \(seconds.count), \(milliseconds(least)) ms at best",
      "speed    \(billions(speed, 1)) GFLOP/s in \(precision.rawValue)",
    ]
    if peak > 0 {
      let share = { (speed: Double, peak: Double) in Format.decimal(100 * speed / peak, places: 1) }
      lines.append(
        "peak     \(billions(peak, 1)) GFLOP/s of multiply-adds on \(Format.plural(threads, "thread")); "
          + "the network reaches \(share(speed, peak)) % of it, its fastest pass \(share(bestSpeed, bestPeak)) % of the best"
      )
    }
    // The eps of norms costs no time.
    lines += assumptions.filter { ["activation", "dtype"].contains($0.what) }.map(\.line)
    return lines + (timesLayers ? [""] + layerTable.lines : [])
  }

  private var layerTable: Table {
    var table = Table([
      ("LAYER", .left), ("MS", .right), ("% OF TIME", .right), ("GFLOP", .right), ("GFLOP/S", .right),
    ])
    let total = layers.reduce(0) { $0 + $1.median }
    for layer in layers {
      let (operations, seconds) = (layer.operations, layer.median)
      table.add([
        layer.name, Format.decimal(seconds * 1000, places: 3),
        Format.decimal(100 * seconds / max(total, 1e-12), places: 1),
        Format.decimal(operations / 1e9, places: 3),
        operations == 0 ? "" : Format.decimal(operations / max(seconds, 1e-12) / 1e9, places: 1),
      ])
    }
    return table
  }
}
