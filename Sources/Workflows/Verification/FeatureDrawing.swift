internal import SutureArchitectures
internal import SutureModelRuntime
internal import SuturePictures
internal import SutureText

/// The picture of the four feature maps: a grid a stage, the original's and the result's side by side.
enum FeatureDrawing {
  /// How many channels of a stage are shown, in so many columns, each as large as this.
  private static let (shown, columns, tile, gap) = (24, 8, 64, 4)
  private static let margin = 24
  private static let gridWidth = columns * (tile + gap) - gap
  private static let background: Picture.Colour = (18, 20, 28)
  private static let ink: Picture.Colour = (232, 234, 240)
  private static let faint: Picture.Colour = (150, 156, 172)

  /// - Parameter original: what the network that it was made from gives, drawn on the left.
  static func picture(
    of outputs: [NetworkOutput], original: [NetworkOutput]?, title: String, seen: Picture?
  ) throws -> Picture {
    if let original, zip(outputs, original).contains(where: { $0.shape != $1.shape }) {
      throw Failure(
        .doesNotFit, "the original's maps have other sizes: they cannot be drawn side by side")
    }
    let sides =
      (original.map { [("original", $0)] } ?? []) + [(original == nil ? "features" : "result", outputs)]
    return picture(sides: sides, title: title, seen: seen)
  }

  private static func picture(
    sides: [(name: String, outputs: [NetworkOutput])], title: String, seen: Picture?
  ) -> Picture {
    let tileHeight = { (output: NetworkOutput) in
      max(8, min(2 * tile, tile * output.shape[2] / max(output.shape[3], 1)))
    }
    let stages = sides[0].outputs
    let rows = { (output: NetworkOutput) in (min(shown, output.shape[1]) + columns - 1) / columns }
    let stageHeights = stages.map { 34 + rows($0) * (tileHeight($0) + gap) }
    let thumbnail = seen.map { seen in
      seen.resized(width: max(1, 96 * seen.width / max(seen.height, 1)), height: 96)
    }
    let head = thumbnail == nil ? 68 : 120
    var picture = Picture(
      width: 2 * margin + sides.count * gridWidth + (sides.count - 1) * margin,
      height: head + stageHeights.reduce(0, +) + margin, fill: background)
    var left = margin
    if let thumbnail {
      picture.draw(thumbnail, x: left, y: margin / 2)
      left += thumbnail.width + 16
    }
    picture.write(title, x: left, y: margin / 2 + 4, scale: 2, ink)
    picture.write(
      "the channels of each stage that vary most from pixel to pixel,", x: left, y: margin / 2 + 28, faint)
    picture.write("each from its least to its largest value", x: left, y: margin / 2 + 40, faint)
    var top = head
    for (index, output) in stages.enumerated() {
      let channels = mostVaried(output)
      let ranges = channels.map { channel in
        let values = values(output, channel)
        return (low: values.min() ?? 0, high: values.max() ?? 1)
      }
      for (side, (name, outputs)) in sides.enumerated() {
        let x = margin + side * (gridWidth + margin)
        picture.write(
          "\(name), stage \(index): \(output.shape[1]) channels of \(output.shape[2])×\(output.shape[3])",
          x: x,
          y: top + 12, ink)
        for (place, channel) in channels.enumerated() {
          draw(
            outputs[index], channel, range: ranges[place], on: &picture,
            x: x + place % columns * (tile + gap), y: top + 28 + place / columns * (tileHeight(output) + gap),
            height: tileHeight(output))
        }
      }
      top += stageHeights[index]
    }
    return picture
  }

  private static func draw(
    _ output: NetworkOutput, _ channel: Int, range: (low: Float, high: Float), on picture: inout Picture,
    x: Int,
    y: Int, height: Int
  ) {
    picture.draw(
      Array(values(output, channel)), width: output.shape[3],
      height: output.shape[2], low: range.low, high: range.high, x: x, y: y, width: tile, height: height)
  }

  /// The channels that differ most from pixel to pixel, in their own order.
  private static func mostVaried(_ output: NetworkOutput) -> [Int] {
    let variances = (0..<output.shape[1]).map { channel -> Double in
      let values = values(output, channel)
      let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
      return values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    }
    return variances.indices.sorted { variances[$0] > variances[$1] }.prefix(shown).sorted()
  }

  private static func values(_ output: NetworkOutput, _ channel: Int) -> ArraySlice<Float> {
    let area = output.shape[2] * output.shape[3]
    return output.values[(channel * area)..<((channel + 1) * area)]
  }
}
