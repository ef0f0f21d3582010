internal import Glibc

/// How time and memory of the commands grow with the number of tensors.
struct GrowthSuite {
  let suture: String
  /// Makes a checkpoint of so many tensors, in a process of its own.
  let make: (_ count: Int, _ path: String) throws -> Void
  let folder: String

  private static let counts = [1_000, 10_000, 100_000, 300_000]
  private static let commands = ["inspect", "check", "convert", "edit", "diff", "graft", "plan"]

  /// Twice as many tensors may take so many times as much: caches and tables are met that were not before.
  private static let mostForTwice = 2.2
  /// What the largest takes new is there before it runs: see ``Comparison``.
  private static let memory = 3 << 30

  private struct Point {
    let count: Int
    let seconds: Double
    let peakBytes: Int
  }

  func run(rounds: Int, only: String, _ record: Record) throws {
    for (format, other) in [("pth", "safetensors"), ("safetensors", "pth")] {
      let titles = Self.commands.map { "growth: \($0), .\(format)" }
      guard titles.contains(where: { $0.fits(only) }) else { continue }
      for count in Self.counts {
        try make(count, path(count, format))
        try run(["convert", path(count, format), "-o", path(count, "other." + other)])
      }
      for (command, title) in zip(Self.commands, titles) where title.fits(only) {
        try measure(command, title, format, other, rounds: rounds, record)
      }
      _ = try ChildProcess(words: ["sh", "-c", "rm -rf \(folder)/growth*"]).run()
    }
  }

  private func measure(
    _ command: String, _ title: String, _ format: String, _ other: String, rounds: Int, _ record: Record
  ) throws {
    print("\(title): the time of processors, the least of \(rounds) runs")
    fflush(nil)
    var before: Point?
    for count in Self.counts {
      let words = words(command, count, format, other)
      var (seconds, peak) = (Double.infinity, 0)
      for _ in 0..<rounds {
        _ = try ChildProcess(words: ["sh", "-c", "rm -rf '\(output)' && mkdir '\(output)'"]).run()
        if count >= 100_000 {
          _ = try ChildProcess(words: [CommandLine.arguments[0], "--touch", String(Self.memory)]).run()
        }
        let figures = try ChildProcess(words: [suture] + words).run()
        (seconds, peak) = (min(seconds, figures.cpuSeconds), max(peak, figures.peakBytes))
      }
      let point = Point(count: count, seconds: seconds, peakBytes: peak)
      let note = record.add(title, "\(count) tensors", seconds)
      print(
        "  \(count) tensors  \(Comparison.rounded(seconds * 1000, 1)) ms  \(peak / 1_048_576) MiB peak"
          + step(from: before, to: point) + note)
      fflush(nil)
      before = point
    }
    print("")
  }

  /// How many times as much as with fewer tensors.
  private func step(from before: Point?, to after: Point) -> String {
    // Below some milliseconds it is the start of the process that is measured.
    guard let before, before.seconds > 0.02 else { return "" }
    let more = Double(after.count) / Double(before.count)
    let (time, memory) = (
      after.seconds / before.seconds, Double(after.peakBytes) / Double(before.peakBytes)
    )
    let isLinear = max(time, memory) <= pow(more, log2(Self.mostForTwice))
    return "  \(Comparison.rounded(time, 1)) × the time and \(Comparison.rounded(memory, 1)) × the memory"
      + " of \(Comparison.rounded(more, 1)) × fewer\(isLinear ? "" : ", NOT LINEAR")"
  }

  private func path(_ count: Int, _ suffix: String) -> String { "\(folder)/growth\(count).\(suffix)" }
  private var output: String { folder + "/growth-out" }

  private func words(_ command: String, _ count: Int, _ format: String, _ other: String) -> [String] {
    let (input, twin) = (path(count, format), path(count, "other." + other))
    let target = "\(output)/out."
    switch command {
    case "convert": return ["convert", input, "-o", target + other]
    case "edit":
      return ["edit", input, "--drop", "model.layers.0.*", "--add-prefix", "m.", "-o", target + format]
    case "diff": return ["diff", input, twin]
    case "graft": return ["graft", input, "--from", twin, "-o", target + format]
    case "plan": return ["plan", input, "-o", output + "/", "--format", "safetensors", "--parts", "4"]
    default: return [command, input]
    }
  }

  private func run(_ words: [String]) throws { _ = try ChildProcess(words: [suture] + words).run() }
}
