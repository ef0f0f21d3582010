/// One piece of work, done in several ways.
struct Comparison {
  struct Way {
    let name: String
    let command: ChildProcess
    /// What it writes: taken away before each run, so that nobody pays for what stood there.
    var output: String?
  }

  let title: String
  /// The first is what the others are compared with.
  let ways: [Way]

  func run(rounds: Int) throws {
    var times = [[Double]](repeating: [], count: ways.count)
    var peaks = [Int](repeating: 0, count: ways.count)
    for round in 0...rounds {
      for (index, way) in ways.enumerated() {
        if let output = way.output {
          _ = try ChildProcess(words: ["rm", "-f", output]).run()
          // What the way before has left to be written to the disk is not this one's to wait for.
          _ = try ChildProcess(words: ["sync"]).run()
        }
        let figures = try way.command.run()
        // The first round warms the caches.
        if round > 0 { times[index].append(figures.seconds) }
        peaks[index] = max(peaks[index], figures.peakBytes)
      }
    }
    print(title)
    for (index, way) in ways.enumerated() {
      let name = way.name + String(repeating: " ", count: max(0, 34 - way.name.count))
      // Round by round, since the machine's speed drifts.
      let ratio = Self.median(zip(times[index], times[0]).map { $0 / $1 })
      print(
        "  \(name) \(Self.rounded(Self.median(times[index]) * 1000, 1)) ms  \(peaks[index] / 1_048_576) MiB peak"
          + (index == 0 ? "" : "  \(Self.rounded(ratio, 2)) ×"))
    }
    print("")
    for output in ways.compactMap(\.output) { _ = try ChildProcess(words: ["rm", "-f", output]).run() }
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
