extension Picture {
  public typealias Colour = (red: UInt8, green: UInt8, blue: UInt8)

  /// Writes a line of text with its upper left corner at (`x`, `y`); what would lie outside is left away.
  public mutating func write(_ text: String, x: Int, y: Int, scale: Int = 1, _ colour: Colour) {
    for (index, letter) in text.enumerated() {
      let left = x + index * (Font.width + 1) * scale
      for (row, bits) in Font.rows(letter).enumerated() {
        for column in 0..<Font.width where bits >> (Font.width - 1 - column) & 1 == 1 {
          fill(x: left + column * scale, y: y + row * scale, width: scale, height: scale, colour)
        }
      }
    }
  }

  public mutating func fill(x: Int, y: Int, width: Int, height: Int, _ colour: Colour) {
    for row in max(y, 0)..<max(min(y + height, self.height), max(y, 0)) {
      for column in max(x, 0)..<max(min(x + width, self.width), max(x, 0)) { self[column, row] = colour }
    }
  }

  /// The edges of a rectangle, so many pixels wide, which lie on both sides of its own.
  public mutating func outline(
    x: Int, y: Int, width: Int, height: Int, thickness: Int, _ colour: Colour
  ) {
    let half = thickness / 2
    for edge in [y - half, y + height - half] {
      fill(x: x - half, y: edge, width: width + thickness, height: thickness, colour)
    }
    for edge in [x - half, x + width - half] {
      fill(x: edge, y: y - half, width: thickness, height: height + thickness, colour)
    }
  }

  /// A line of dark text on a ground of a colour whose lower left corner is at (`x`, `y`), moved to where it is inside.
  public mutating func label(_ text: String, x: Int, y: Int, scale: Int = 1, _ colour: Colour) {
    let (width, height) = (
      (text.count * (Font.width + 1) + 3) * scale, (Font.height + 4) * scale
    )
    let (left, top) = (max(0, min(x, self.width - width)), max(0, y - height))
    fill(x: left, y: top, width: width, height: height, colour)
    write(text, x: left + 2 * scale, y: top + 2 * scale, scale: scale, (18, 20, 28))
  }

  public mutating func draw(_ other: Picture, x: Int, y: Int) {
    for row in 0..<other.height where (0..<height).contains(y + row) {
      for column in 0..<other.width where (0..<width).contains(x + column) {
        self[x + column, y + row] = other[column, row]
      }
    }
  }

  /// A map of values, row after row, in viridis from `low` to `high`, stretched over a tile without smoothing.
  public mutating func draw(
    _ values: [Float], width mapWidth: Int, height mapHeight: Int, low: Float, high: Float, x: Int, y: Int,
    width tileWidth: Int, height tileHeight: Int
  ) {
    let span = high > low ? high - low : 1
    for row in 0..<tileHeight {
      for column in 0..<tileWidth {
        let value = values[row * mapHeight / tileHeight * mapWidth + column * mapWidth / tileWidth]
        let place = (x + column, y + row)
        guard (0..<width).contains(place.0), (0..<height).contains(place.1) else { continue }
        self[place.0, place.1] = ColourMap.viridis((value - low) / span)
      }
    }
  }
}
