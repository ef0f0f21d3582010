/// Sizes as torchvision's evaluation transform changes them on a PIL image.
extension Picture {
  /// The shorter side becomes `side`, the other follows: `Resize(side, BICUBIC)`.
  public func resized(shorterSide side: Int) -> Picture {
    let isTall = height > width
    let (short, long) = isTall ? (width, height) : (height, width)
    let other = max(1, side * long / short)
    return isTall ? resized(width: side, height: other) : resized(width: other, height: side)
  }

  /// The middle of it: `CenterCrop(side)`; what would lie outside is black.
  public func centreCropped(_ side: Int) -> Picture {
    var result = Picture(width: side, height: side, fill: (0, 0, 0))
    /// Python's round takes halves to the even neighbour.
    func start(_ size: Int) -> Int { Int((Double(size - side) / 2).rounded(.toNearestOrEven)) }
    let (left, top) = (start(width), start(height))
    for y in 0..<side where (0..<height).contains(y + top) {
      for x in 0..<side where (0..<width).contains(x + left) { result[x, y] = self[x + left, y + top] }
    }
    return result
  }

  /// Bicubic with antialiasing, bit for bit as PIL: first along rows, then along columns, rounded after each.
  public func resized(width newWidth: Int, height newHeight: Int) -> Picture {
    precondition(newWidth > 0 && newHeight > 0 && max(newWidth, newHeight) <= Self.maximumSide)
    var result = self
    if newWidth != width {
      let filter = BicubicFilter(from: width, to: newWidth)
      var rows = [UInt8](repeating: 0, count: newWidth * height * 3)
      for y in 0..<height {
        for x in 0..<newWidth {
          for channel in 0..<3 {
            rows[(y * newWidth + x) * 3 + channel] =
              filter.apply(rgb, at: x, from: y * width * 3 + channel, step: 3)
          }
        }
      }
      result = Picture(width: newWidth, height: height, rgb: rows)
    }
    if newHeight != height {
      let filter = BicubicFilter(from: height, to: newHeight)
      var columns = [UInt8](repeating: 0, count: newWidth * newHeight * 3)
      for y in 0..<newHeight {
        for place in 0..<(newWidth * 3) {
          columns[y * newWidth * 3 + place] = filter.apply(result.rgb, at: y, from: place, step: newWidth * 3)
        }
      }
      result = Picture(width: newWidth, height: newHeight, rgb: columns)
    }
    return result
  }
}

/// For each new pixel of a row, which old ones it is made of, and how much of each; as PIL's `Resample.c`.
private struct BicubicFilter {
  private let starts: [Int]
  /// Fractions of 2²².
  private let weights: [[Int]]

  private static let bits = 22

  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    let spread = max(scale, 1)
    let support = 2 * spread
    var (starts, weights) = ([Int](), [[Int]]())
    for pixel in 0..<new {
      let centre = (Double(pixel) + 0.5) * scale
      let first = max(Int(centre - support + 0.5), 0)
      let end = min(Int(centre + support + 0.5), old)
      let raw = (first..<end).map { Self.cubic((Double($0) - centre + 0.5) / spread) }
      let sum = raw.reduce(0, +)
      starts.append(first)
      weights.append(
        raw.map { weight in
          let scaled = weight / sum * Double(1 << Self.bits)
          return Int(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
        })
    }
    (self.starts, self.weights) = (starts, weights)
  }

  func apply(_ bytes: [UInt8], at pixel: Int, from start: Int, step: Int) -> UInt8 {
    var sum = 1 << (Self.bits - 1)
    var place = start + starts[pixel] * step
    for weight in weights[pixel] {
      sum += Int(bytes[place]) * weight
      place += step
    }
    return UInt8(clamping: sum >> Self.bits)
  }

  /// Keys' cubic with a = −0.5.
  private static func cubic(_ x: Double) -> Double {
    let (x, a) = (x.magnitude, -0.5)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }
}
