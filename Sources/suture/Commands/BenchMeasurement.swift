internal import SutureJSON
internal import SutureModelRuntime

/// The figures of `bench`, as text and as JSON.
struct BenchMeasurement {
  let shape: [Int]
  let precision: Precision
  /// Seconds to read and pack the weights and to compile the layers.
  let preparation: Double
  let costs: [(layer: String, multiplyAccumulates: Int)]
  /// Seconds of each forward pass.
  var times: [Double] = []
  /// Floating-point operations a second, measured between the passes.
  var peaks: [Double] = []
  /// Seconds of each layer, pass by pass.
  var layerTimes: [[Double]] = []

  private var operations: Double { costs.reduce(0) { $0 + 2 * Double($1.multiplyAccumulates) } }
  private var median: Double { Self.median(times) }
  private var peak: Double { Self.median(peaks) }

  private static func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }

  var text: String {
    let milliseconds = { (seconds: Double) in Format.decimal(seconds * 1000, places: 2) }
    let speed = operations / median
    var lines = [
      "input    \(Format.shape(shape)), \(Format.decimal(operations / 1e9, places: 2)) GFLOP",
      "prepare  \(milliseconds(preparation)) ms to read and pack weights and compile layers",
      "forward  \(milliseconds(median)) ms median of \(times.count), \(milliseconds(times.min() ?? 0)) ms at best",
      "speed    \(Format.decimal(speed / 1e9, places: 1)) GFLOP/s in \(precision.rawValue)",
    ]
    if peak > 0 {
      lines.append(
        "peak     \(Format.decimal(peak / 1e9, places: 1)) GFLOP/s of multiply-adds on "
          + "\(Format.plural(MachinePeak.threads, "thread")); the network reaches "
          + "\(Format.decimal(100 * speed / peak, places: 1)) % of it")
    }
    return lines.map { $0 + "\n" }.joined() + (layerTimes.isEmpty ? "" : "\n" + layers)
  }

  private var layers: String {
    var table = Table([
      ("LAYER", .left), ("MS", .right), ("% OF TIME", .right), ("GFLOP", .right), ("GFLOP/S", .right),
    ])
    let medians = costs.indices.map { layer in Self.median(layerTimes.map { $0[layer] }) }
    let total = medians.reduce(0, +)
    for (cost, seconds) in zip(costs, medians) {
      let operations = 2 * Double(cost.multiplyAccumulates)
      table.add([
        cost.layer, Format.decimal(seconds * 1000, places: 3),
        Format.decimal(100 * seconds / max(total, 1e-12), places: 1),
        Format.decimal(operations / 1e9, places: 3),
        operations == 0 ? "" : Format.decimal(operations / max(seconds, 1e-12) / 1e9, places: 1),
      ])
    }
    return table.text
  }

  var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("schema", "suture.bench/2"), ("shape", .array(shape.map { .integer($0) })),
      ("dtype", .string(precision.rawValue)), ("threads", .integer(MachinePeak.threads)),
      ("gflop", .double(operations / 1e9)), ("prepare_seconds", .double(preparation)),
      ("median_seconds", .double(median)), ("seconds", .array(times.map { .double($0) })),
      ("gflops", .double(operations / median / 1e9)), ("peak_gflops", .double(peak / 1e9)),
    ]
    if !layerTimes.isEmpty {
      members.append(
        (
          "layers",
          .array(
            costs.indices.map { layer in
              [
                "name": .string(costs[layer].layer),
                "gflop": .double(2 * Double(costs[layer].multiplyAccumulates) / 1e9),
                "median_seconds": .double(Self.median(layerTimes.map { $0[layer] })),
              ]
            })
        ))
    }
    return .object(members.map { (key: $0.0, value: $0.1) })
  }
}
