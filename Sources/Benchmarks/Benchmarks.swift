internal import Glibc
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors

/// Measures the commands beside the same work done by others, in turn, round after round.
///
///     Benchmarks SUTURE [ROUNDS] [PYTHON] [--huge]
///     Benchmarks --runtime SUTURE ROUNDS PYTHON PEERS.py
///
/// The machine may be shared: read the ratios, not the times.
@main
struct Benchmarks {
  static func main() {
    do { try run() } catch {
      print(error)
      exit(1)
    }
  }

  private static func run() throws {
    let words = CommandLine.arguments.filter { $0 != "--huge" }
    if words.count == 3, let make = helpers[words[1]] { return try make(words[2]) }
    if words.count == 6, words[1] == "--runtime" { return try runtime(words) }
    guard words.count > 1 else {
      print("usage: Benchmarks SUTURE [ROUNDS] [PYTHON] [--huge]")
      return
    }
    let rounds = words.count > 2 ? Int(words[2]) ?? 7 : 7
    let folder = "/tmp/suture-bench-\(UInt32.random(in: 0 ... .max))"
    _ = try ChildProcess(words: ["mkdir", folder]).run()
    defer { _ = try? ChildProcess(words: ["rm", "-rf", folder]).run() }
    let suite = Suite(suture: words[1], python: words.count > 3 ? words[3] : nil, folder: folder)

    /// Makes a checkpoint in a process of its own: a child's peak memory counts from what its parent held.
    func make(_ kind: String, _ name: String) throws -> String {
      _ = try ChildProcess(words: [words[0], kind, "\(folder)/\(name)"]).run()
      return "\(folder)/\(name)"
    }
    func converted(_ source: String, _ name: String) throws -> String {
      _ = try ChildProcess(words: [words[1], "convert", source, "-o", "\(folder)/\(name)"]).run()
      return "\(folder)/\(name)"
    }
    func report(_ what: String, _ path: String, _ comparisons: [Comparison], rounds: Int) throws {
      print(
        "\(what), \(try FileSource(path).byteCount / 1_000_000) MB; \(rounds) rounds in turn; medians; warm cache\n"
      )
      for var comparison in comparisons {
        comparison.memory = try FileSource(path).byteCount * 2
        try comparison.run(rounds: rounds)
      }
    }

    let tiny = try make("--make", "tiny.pth")
    try report(
      "ConvNeXt-T, random weights", tiny, suite.tiny(tiny, try converted(tiny, "tiny.safetensors")),
      rounds: rounds)
    let large = try make("--make-large", "large.pth")
    try report(
      "500 tensors", large, suite.large(large, try converted(large, "large.safetensors")), rounds: rounds)
    guard CommandLine.arguments.contains("--huge") else { return }
    _ = try ChildProcess(words: ["rm", large, "\(folder)/large.safetensors"]).run()
    let huge = try make("--make-huge", "huge.safetensors")
    try report("3 tensors, a sparse file", huge, suite.huge(huge), rounds: min(rounds, 3))
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

  private static let helpers: [String: @Sendable (String) throws -> Void] = [
    "--make": {
      try CheckpointWriter.write(
        try Synthetic.convNeXt(depths: [3, 3, 9, 3], dims: [96, 192, 384, 768], classes: 1000), to: $0,
        WriteOptions(.pytorchZip))
    },
    "--make-large": { try CheckpointWriter.write(try Synthetic.large(), to: $0, WriteOptions(.pytorchZip)) },
    "--touch": { try Comparison.touch(Int($0) ?? 0) },
    "--make-huge": { try Synthetic.huge($0) },
  ]
}
