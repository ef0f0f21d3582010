/// One piece of work, done in several ways.
struct Comparison {
  let title: String
  /// The first is what the others are compared with.
  let ways: [(name: String, command: ChildProcess)]

  func run(rounds: Int) throws {
    var times = [[Double]](repeating: [], count: ways.count)
    var peaks = [Int](repeating: 0, count: ways.count)
    for round in 0...rounds {
      for (index, way) in ways.enumerated() {
        let figures = try way.command.run()
        // The first round warms the caches.
        if round > 0 { times[index].append(figures.seconds) }
        peaks[index] = max(peaks[index], figures.peakBytes)
      }
    }
    print(title)
    let base = Self.median(times[0])
    for (index, way) in ways.enumerated() {
      let median = Self.median(times[index])
      let name = way.name + String(repeating: " ", count: max(0, 28 - way.name.count))
      print(
        "  \(name) \(Self.rounded(median * 1000, 1)) ms  \(peaks[index] / 1_048_576) MiB peak"
          + (index == 0 ? "" : "  \(Self.rounded(median / base, 2)) ×"))
    }
    print("")
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }

  private static func rounded(_ value: Double, _ places: Int) -> String {
    let scale = places == 1 ? 10.0 : 100.0
    return "\((value * scale).rounded() / scale)"
  }
}
