internal import Bytes
internal import Checkpoints
internal import Tensors

/// Measures the commands beside the same work done by others, in turn, round after round.
///
///     Benchmarks SUTURE [ROUNDS] [PYTHON]
///     Benchmarks --runtime SUTURE ROUNDS PYTHON PEERS.py
///
/// The machine may be shared: read the ratios, not the times.
@main
struct Benchmarks {
  static func main() throws {
    let words = CommandLine.arguments
    if words.count == 3, words[1] == "--make" {
      return try write(
        Synthetic.convNeXt(depths: [3, 3, 9, 3], dims: [96, 192, 384, 768], classes: 1000), words[2])
    }
    if words.count == 3, words[1] == "--make-large" { return try write(Synthetic.large(), words[2]) }
    if words.count == 6, words[1] == "--runtime" { return try runtime(words) }
    guard words.count > 1 else {
      print("usage: Benchmarks SUTURE [ROUNDS] [PYTHON]")
      return
    }
    let rounds = words.count > 2 ? Int(words[2]) ?? 7 : 7
    let folder = "/tmp/suture-bench-\(UInt32.random(in: 0 ... .max))"
    _ = try ChildProcess(words: ["mkdir", folder]).run()
    defer { _ = try? ChildProcess(words: ["rm", "-rf", folder]).run() }

    let source = folder + "/tiny.pth"
    // In a process of its own: a child's peak memory counts from what its parent held.
    _ = try ChildProcess(words: [words[0], "--make", source]).run()
    let size = try FileSource(source).byteCount
    print(
      "ConvNeXt-T, \(size / 1_000_000) MB, random weights; \(rounds) rounds in turn; medians; warm cache\n")

    let suite = Suite(
      suture: words[1], python: words.count > 3 ? words[3] : nil, source: source, folder: folder)
    for comparison in suite.comparisons { try comparison.run(rounds: rounds) }

    let large = folder + "/large.pth"
    _ = try ChildProcess(words: [words[0], "--make-large", large]).run()
    print("500 tensors in \(try FileSource(large).byteCount / 1_000_000) MB\n")
    for comparison in suite.large(large) { try comparison.run(rounds: rounds) }
  }

  /// The forward pass beside that of other engines.
  private static func runtime(_ words: [String]) throws {
    let folder = "/tmp/suture-bench-\(UInt32.random(in: 0 ... .max))"
    _ = try ChildProcess(words: ["mkdir", folder]).run()
    defer { _ = try? ChildProcess(words: ["rm", "-rf", folder]).run() }
    _ = try ChildProcess(words: [words[0], "--make", folder + "/tiny.pth"]).run()
    try RuntimeSuite(
      suture: words[2], python: words[4], peers: words[5], checkpoint: folder + "/tiny.pth"
    ).run(rounds: Int(words[3]) ?? 5)
  }

  private static func write(_ dict: StateDict, _ path: String) throws {
    _ = try CheckpointWriter(path, format: .pytorchZip, replacing: false).write(dict)
  }
}
