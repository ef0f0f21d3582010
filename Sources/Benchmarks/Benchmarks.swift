internal import Glibc
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors

/// Measures the commands beside the same work done by others, in turn, round after round.
///
///     Benchmarks SUTURE [ROUNDS] [PYTHON] [--huge] [--only WORDS]
///     Benchmarks --runtime SUTURE ROUNDS PYTHON PEERS.py [--only WORDS]
///
/// `--only` measures the rows whose title holds the words, in any case of letters. The machine may be shared: read the
/// ratios, not the times.
@main
struct Benchmarks {
  static func main() {
    do { try run() } catch {
      print(error)
      exit(1)
    }
  }

  private static func run() throws {
    var words = CommandLine.arguments
    let isHuge = words.contains("--huge")
    words.removeAll { $0 == "--huge" }
    var only = ""
    if let option = words.firstIndex(of: "--only"), option + 1 < words.count {
      only = words[option + 1]
      words.removeSubrange(option...option + 1)
    }
    if words.count == 3, let make = helpers[words[1]] { return try make(words[2]) }
    guard words.count > 1, words[1] != "--runtime" || words.count == 6 else {
      print("usage: Benchmarks SUTURE [ROUNDS] [PYTHON] [--huge] [--only WORDS]")
      return
    }
    let folder = "/tmp/suture-bench-\(UInt32.random(in: 0 ... .max))"
    _ = try ChildProcess(words: ["mkdir", folder]).run()
    defer { _ = try? ChildProcess(words: ["rm", "-rf", folder]).run() }

    /// Makes a checkpoint in a process of its own: a child's peak memory counts from what its parent held.
    func make(_ kind: String, _ path: String) throws {
      _ = try ChildProcess(words: [words[0], kind, path]).run()
    }

    if words[1] == "--runtime" {
      try make("--make", folder + "/tiny.pth")
      let suite = RuntimeSuite(
        suture: words[2], python: words[4], peers: words[5], checkpoint: folder + "/tiny.pth")
      return try suite.run(rounds: Int(words[3]) ?? 5, only: only)
    }

    let rounds = words.count > 2 ? Int(words[2]) ?? 7 : 7
    let suite = Suite(suture: words[1], python: words.count > 3 ? words[3] : nil, folder: folder)
    /// Makes the file, unless no row of it is asked for, and measures the rows.
    func report(
      _ what: String, _ kind: String, _ path: String, converted: String? = nil, rounds: Int,
      _ rows: [Comparison]
    ) throws {
      let rows = rows.filter { $0.title.fits(only) }
      guard !rows.isEmpty else { return }
      try make(kind, path)
      if let converted { _ = try ChildProcess(words: [words[1], "convert", path, "-o", converted]).run() }
      let size = try FileSource(path).byteCount
      print("\(what), \(size / 1_000_000) MB; \(rounds) rounds in turn; medians; warm cache\n")
      for var row in rows {
        row.memory = size * 2
        try row.run(rounds: rounds)
      }
    }

    let (tiny, tensors) = (folder + "/tiny.pth", folder + "/tiny.safetensors")
    try report(
      "ConvNeXt-T, random weights", "--make", tiny, converted: tensors, rounds: rounds,
      suite.tiny(tiny, tensors))
    let (large, largeTensors) = (folder + "/large.pth", folder + "/large.safetensors")
    try report(
      "500 tensors", "--make-large", large, converted: largeTensors, rounds: rounds,
      suite.large(large, largeTensors))
    guard isHuge else { return }
    _ = try ChildProcess(words: ["rm", "-f", large, largeTensors]).run()
    let huge = folder + "/huge.safetensors"
    try report("3 tensors, a sparse file", "--make-huge", huge, rounds: min(rounds, 3), suite.huge(huge))
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

extension String {
  /// Whether it holds the words that `--only` was given, in any case of letters.
  func fits(_ only: String) -> Bool { only.isEmpty || lowercased().contains(only.lowercased()) }
}
