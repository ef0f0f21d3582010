/// Which elements of a line make each element of a line of another length, as `torch.nn.functional.interpolate` has it with
/// `align_corners=False`.
public struct Resampling: Sendable {
  public enum Mode: String, Sendable, CaseIterable {
    case bicubic, bilinear, nearest
    case nearestExact = "nearest-exact"

    var hasAntialias: Bool { self == .bicubic || self == .bilinear }
  }

  let mode: Mode
  let antialias: Bool
  /// Whether places are computed in double precision; torch takes single precision for all but float64.
  let isDouble: Bool

  /// The elements that make one, each with its weight.
  struct Taps: Sendable {
    var weighted: [(index: Int, weight: Double)]
  }

  func taps(from old: Int, to new: Int) -> [Taps] {
    isDouble ? taps(Double.self, old, new) : taps(Float.self, old, new)
  }

  private func taps<Number: BinaryFloatingPoint>(_: Number.Type, _ old: Int, _ new: Int) -> [Taps] {
    let scale = Number(old) / Number(new)
    return (0..<new).map { place in
      switch mode {
      case _ where antialias: smoothed(place, scale, old)
      case .nearest: Taps(weighted: [(min(Int(Number(place) * scale), old - 1), 1)])
      case .nearestExact: Taps(weighted: [(min(Int((Number(place) + 0.5) * scale), old - 1), 1)])
      case .bilinear: linear(max(scale * (Number(place) + 0.5) - 0.5, 0), old)
      case .bicubic: cubic(scale * (Number(place) + 0.5) - 0.5, old)
      }
    }
  }

  private func linear<Number: BinaryFloatingPoint>(_ center: Number, _ count: Int) -> Taps {
    let first = min(Int(center), count - 1)
    let part = min(max(center - Number(first), 0), 1)
    return Taps(weighted: [(first, Double(1 - part)), (min(first + 1, count - 1), Double(part))])
  }

  /// Keys's cubic convolution with a = -0.75; elements beyond the ends are those at the ends.
  private func cubic<Number: BinaryFloatingPoint>(_ center: Number, _ count: Int) -> Taps {
    let first = center.rounded(.down)
    let part = center - first
    return Taps(
      weighted: (-1...2).map { offset in
        (
          min(max(Int(first) + offset, 0), count - 1),
          Double(Self.cubic(abs(part - Number(offset)), a: -0.75))
        )
      })
  }

  private static func cubic<Number: BinaryFloatingPoint>(_ x: Number, a: Number) -> Number {
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }

  /// What Pillow does, and torch with `antialias=True`: the filter is as wide as the line shrinks; a = -0.5.
  private func smoothed<Number: BinaryFloatingPoint>(_ place: Int, _ scale: Number, _ count: Int) -> Taps {
    let width = max(scale, 1)
    let support = (mode == .bicubic ? 2 : 1) * width
    let center = scale * (Number(place) + 0.5)
    let first = max(Int(center - support + 0.5), 0)
    let end = min(Int(center + support + 0.5), count)
    let weights = (first..<max(end, first)).map { index -> Number in
      let x = abs((Number(index) - center + 0.5) / width)
      return mode == .bicubic ? Self.cubic(x, a: -0.5) : max(1 - x, 0)
    }
    let sum = weights.reduce(0, +)
    return Taps(weighted: zip(first..., weights).map { ($0, Double(sum == 0 ? $1 : $1 / sum)) })
  }
}
