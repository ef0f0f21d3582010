internal import SutureModelRuntime
internal import SutureText
internal import SutureWorkflows

extension SpeedMeasurement {
  var text: String {
    let milliseconds = { (seconds: Double) in Format.decimal(seconds * 1000, places: 2) }
    let billions = { (count: Double, places: Int) in Format.decimal(count / 1e9, places: places) }
    var text = """
      input    \(Format.shape(shape)), \(billions(operations, 2)) GFLOP
      prepare  \(milliseconds(preparation)) ms to read and pack weights and compile layers
      forward  \(milliseconds(median)) ms median of \(seconds.count), \(milliseconds(seconds.min() ?? 0)) ms at best
      speed    \(billions(speed, 1)) GFLOP/s in \(precision.rawValue)

      """
    if peak > 0 {
      text +=
        "peak     \(billions(peak, 1)) GFLOP/s of multiply-adds on \(Format.plural(threads, "thread")); "
        + "the network reaches \(Format.decimal(100 * speed / peak, places: 1)) % of it\n"
    }
    return text + (timesLayers ? "\n" + layerTable.text : "")
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
