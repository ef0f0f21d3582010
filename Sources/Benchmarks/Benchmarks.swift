internal import Glibc
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors

/// Measures the commands beside the same work done by others, in turn, round after round.
///
///     Benchmarks SUTURE [ROUNDS] [PYTHON] [--huge] [--only WORDS] [--save FILE] [--base FILE]
///     Benchmarks --runtime SUTURE ROUNDS PYTHON PEERS.py [--only WORDS]
///
/// `--only` measures the rows whose title holds the words, in any case of letters; the rows called growth are measured only
/// where they are asked for. `--save` keeps the figures, and `--base` holds them against those that were kept. The machine may
/// be shared: read the ratios, not the times.
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
    func option(_ name: String) -> String? {
      guard let place = words.firstIndex(of: name), place + 1 < words.count else { return nil }
      defer { words.removeSubrange(place...place + 1) }
      return words[place + 1]
    }
    let only = option("--only") ?? ""
    let (save, base) = (option("--save"), option("--base"))
    if words.count == 3, let make = helpers[words[1]] { return try make(words[2]) }
    guard words.count > 1, words[1] != "--runtime" || words.count == 6 else {
      print("usage: Benchmarks SUTURE [ROUNDS] [PYTHON] [--huge] [--only WORDS] [--save FILE] [--base FILE]")
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
    let record = try Record(comparedWith: base)
    defer { record.conclude() }
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
        try row.run(rounds: rounds, record)
      }
    }

    let (tiny, tensors) = (folder + "/tiny.pth", folder + "/tiny.safetensors")
    try report(
      "ConvNeXt-T, random weights", "--make", tiny, converted: tensors, rounds: rounds,
      suite.tiny(tiny, tensors))
    let moved = folder + "/moved.pth"
    try report(
      "views in another order of axes", "--make-moved", moved, rounds: rounds, [suite.gathering(moved)])
    let (many, manyTensors) = (folder + "/many.pth", folder + "/many.safetensors")
    try report(
      "60,000 tensors", "--make-60000", many, converted: manyTensors, rounds: rounds,
      suite.many(many, manyTensors))
    let (large, largeTensors) = (folder + "/large.pth", folder + "/large.safetensors")
    try report(
      "500 tensors", "--make-large", large, converted: largeTensors, rounds: rounds,
      suite.large(large, largeTensors))
    let one = folder + "/one.pth"
    try report("1 tensor", "--make-one", one, rounds: rounds, [suite.single(one)])
    if only.lowercased().contains("growth") {
      let growth = GrowthSuite(suture: words[1], make: { try make("--make-\($0)", $1) }, folder: folder)
      try growth.run(rounds: min(rounds, 3), only: only, record)
    }
    if let save { try record.save(to: save) }
    guard isHuge else { return }
    _ = try ChildProcess(words: ["rm", "-f", large, largeTensors]).run()
    let (huge, hugeArchive) = (folder + "/huge.safetensors", folder + "/huge.pth")
    try report(
      "3 tensors", "--make-huge", huge, converted: hugeArchive, rounds: min(rounds, 3),
      suite.huge(huge, hugeArchive))
  }

  /// Makes a checkpoint of so many small tensors, in the format that its name tells.
  private static func make(_ count: Int, _ path: String) throws {
    let format: WriteOptions.Format = path.hasSuffix(".pth") ? .pytorchZip : .safetensors
    try CheckpointWriter.write(try Synthetic.many(count), to: path, WriteOptions(format))
  }

  private static let helpers: [String: @Sendable (String) throws -> Void] = [
    "--make": {
      try CheckpointWriter.write(
        try Synthetic.convNeXt(depths: [3, 3, 9, 3], dims: [96, 192, 384, 768], classes: 1000), to: $0,
        WriteOptions(.pytorchZip))
    },
    "--make-moved": {
      try CheckpointWriter.write(try Synthetic.moved(), to: $0, WriteOptions(.pytorchZip))
    },
    "--make-1000": { try make(1_000, $0) },
    "--make-10000": { try make(10_000, $0) },
    "--make-60000": { try make(60_000, $0) },
    "--make-100000": { try make(100_000, $0) },
    "--make-300000": { try make(300_000, $0) },
    "--make-large": { try CheckpointWriter.write(try Synthetic.large(), to: $0, WriteOptions(.pytorchZip)) },
    "--make-one": { try CheckpointWriter.write(try Synthetic.one(), to: $0, WriteOptions(.pytorchZip)) },
    "--touch": { try Comparison.touch(Int($0) ?? 0) },
    "--make-huge": { try Synthetic.huge($0) },
  ]
}

extension String {
  /// Whether it holds the words that `--only` was given, in any case of letters.
  func fits(_ only: String) -> Bool { only.isEmpty || lowercased().contains(only.lowercased()) }
}
