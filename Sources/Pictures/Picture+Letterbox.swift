extension Picture {
  /// Scaled to fit into `side`×`side`, then padded with grey to multiples of `stride`, as YOLOv5's `letterbox` does by
  /// default.
  public func letterboxed(_ side: Int, stride: Int) -> Picture {
    let ratio = min(Double(side) / Double(height), Double(side) / Double(width))
    func scaled(_ size: Int) -> Int { max(1, Int((Double(size) * ratio).rounded(.toNearestOrEven))) }
    let inner = resizedLinearly(width: scaled(width), height: scaled(height))
    /// What is added on both sides; Python's round takes halves to the even neighbour.
    func padding(_ size: Int) -> (before: Int, after: Int) {
      let half = Double((side - size) % stride) / 2
      let round = { (value: Double) in Int(value.rounded(.toNearestOrEven)) }
      return (round(half - 0.1), round(half + 0.1))
    }
    let (across, down) = (padding(inner.width), padding(inner.height))
    var result = Picture(
      width: across.before + inner.width + across.after, height: down.before + inner.height + down.after,
      fill: (114, 114, 114))
    for y in 0..<inner.height {
      for x in 0..<inner.width { result[across.before + x, down.before + y] = inner[x, y] }
    }
    return result
  }

  /// Between the four nearest pixels, in OpenCV's fixed point of 11 bits.
  private func resizedLinearly(width newWidth: Int, height newHeight: Int) -> Picture {
    if newWidth == width, newHeight == height { return self }
    let columns = Self.taps(width, newWidth, isRounded: false)
    let rows = Self.taps(height, newHeight, isRounded: true)
    var pixels = [UInt8](repeating: 0, count: newWidth * newHeight * 3)
    for (y, row) in rows.enumerated() {
      for (x, column) in columns.enumerated() {
        for channel in 0..<3 {
          func line(_ y: Int) -> Int {
            let start = y * width * 3 + channel
            return Int(rgb[start + column.first * 3]) * column.weights.0
              + Int(rgb[start + column.second * 3]) * column.weights.1
          }
          let upper = (row.weights.0 * (line(row.first) >> 4)) >> 16
          let lower = (row.weights.1 * (line(row.second) >> 4)) >> 16
          pixels[(y * newWidth + x) * 3 + channel] = UInt8(clamping: (upper + lower + 2) >> 2)
        }
      }
    }
    return Picture(width: newWidth, height: newHeight, rgb: pixels)
  }

  /// For each new pixel, the two old ones beside it, and how much of each in 2048ths.
  ///
  /// - Parameter isRounded: whether each share is rounded by itself, as those of rows are: beyond the edge the last row counts
  ///   twice there, in two shares, where the last column counts once.
  private static func taps(
    _ old: Int, _ new: Int, isRounded: Bool
  ) -> [(first: Int, second: Int, weights: (Int, Int))] {
    // OpenCV reckons the inverse of the inverse.
    let scale = 1 / (Double(new) / Double(old))
    return (0..<new).map { pixel in
      let place = Float((Double(pixel) + 0.5) * scale - 0.5)
      var first = Int(place.rounded(.down))
      var part = place - Float(first)
      if !isRounded {
        if first < 0 { (first, part) = (0, 0) }
        if first >= old - 1 { (first, part) = (old - 1, 0) }
      }
      let weights = (
        Int(((1 - part) * 2048).rounded(.toNearestOrEven)), Int((part * 2048).rounded(.toNearestOrEven))
      )
      return (max(first, 0), min(first + 1, old - 1), weights)
    }
  }
}
