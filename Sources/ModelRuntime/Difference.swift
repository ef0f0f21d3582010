/// How far one array is from another.
public struct Difference: Sendable {
  /// The largest absolute difference; NaN where either side has one.
  public let largest: Double
  /// The reference's largest magnitude.
  public let peak: Double

  public init(_ values: [Float], from reference: [Float]) {
    precondition(values.count == reference.count)
    var (largest, peak) = (0.0, 0.0)
    for (value, truth) in zip(values, reference) {
      let difference = (Double(value) - Double(truth)).magnitude
      // max() would lose a NaN, and equal infinities have none.
      if difference.isNaN, value != truth {
        largest = .nan
      } else if difference > largest {
        largest = difference
      }
      if Double(truth).magnitude > peak { peak = Double(truth).magnitude }
    }
    (self.largest, self.peak) = (largest, peak)
  }

  /// The largest difference over the peak.
  public var relative: Double { largest == 0 ? 0 : largest / (peak == 0 ? 1 : peak) }
}
