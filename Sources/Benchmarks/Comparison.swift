internal import Glibc

/// One piece of work, done in several ways.
struct Comparison {
  struct Way {
    let name: String
    let command: ChildProcess
    /// What it writes: taken away before each run of any way, so that nobody pays for what stands there.
    var output: String?
  }

  let title: String
  /// The first is what the others are compared with.
  let ways: [Way]
  /// How much memory a way takes new, the page cache of its output above all.
  var memory = 0

  /// Measures the row and prints it: the title at once, the figures as soon as they are known.
  func run(rounds: Int, _ record: Record) throws {
    print(title)
    fflush(nil)
    var times = [[Double]](repeating: [], count: ways.count)
    var peaks = [Int](repeating: 0, count: ways.count)
    for round in 0...rounds {
      for (index, way) in ways.enumerated() {
        if way.output != nil { try makeReady() }
        let figures = try way.command.run()
        // The first round warms the caches.
        if round > 0 { times[index].append(figures.seconds) }
        peaks[index] = max(peaks[index], figures.peakBytes)
      }
    }
    for (index, way) in ways.enumerated() {
      let name = way.name + String(repeating: " ", count: max(0, 34 - way.name.count))
      // Round by round, since the machine's speed drifts.
      let ratio = Self.median(zip(times[index], times[0]).map { $0 / $1 })
      let seconds = Self.median(times[index])
      // What others take too is compared with what they take: machines drift.
      let before = record.add(title, way.name, index == 0 ? seconds : ratio, isRatio: index > 0)
      print(
        "  \(name) \(Self.rounded(seconds * 1000, 1)) ms  \(peaks[index] / 1_048_576) MiB peak"
          + (index == 0 ? "" : "  \(Self.rounded(ratio, 2)) ×") + before)
    }
    print("")
    fflush(nil)
    try removeOutputs()
  }

  /// Gives a way what it would have if it were alone.
  private func makeReady() throws {
    try removeOutputs()
    // What the way before has left to be written to the disk is not this one's to wait for.
    _ = try ChildProcess(words: ["sync"]).run()
    // A virtual machine may have given free memory back to its host, and getting it again takes several times as long
    // as the copy: seconds for 2 GB, which would fall on whoever comes first.
    if memory > 0 {
      _ = try ChildProcess(words: [CommandLine.arguments[0], "--touch", String(memory)]).run()
    }
  }

  private func removeOutputs() throws {
    for output in ways.compactMap(\.output) { _ = try ChildProcess(words: ["rm", "-f", output]).run() }
  }

  /// Takes `count` bytes of memory and writes to them, so that what is free afterwards is really there.
  ///
  /// Takes only what is free: the page cache is warm and stays so.
  static func touch(_ count: Int) throws {
    let count = min(count, sysconf(CInt(_SC_AVPHYS_PAGES)) / 20 * 19 * sysconf(CInt(_SC_PAGESIZE)))
    guard count > 0,
      let memory = unsafe mmap(
        nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | CInt(MAP_POPULATE), -1, 0),
      unsafe memory != MAP_FAILED
    else { throw ChildProcess.Failure(description: "no \(count) bytes of memory to touch") }
    unsafe munmap(memory, count)
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }

  static func rounded(_ value: Double, _ places: Int) -> String {
    let scale = places == 1 ? 10.0 : 100.0
    return "\((value * scale).rounded() / scale)"
  }
}
