internal import Glibc
internal import SutureJSON

/// The forward pass beside that of other engines, each in a process of its own, in turn, round after round.
struct RuntimeSuite {
  let suture: String
  let python: String
  /// `.ci/peers.py`.
  let peers: String
  let checkpoint: String

  private struct Workload {
    let batch: Int
    let size: Int
    let passes: Int
    var name: String { "\(batch)×\(size)" }
  }

  private static let workloads = [
    Workload(batch: 1, size: 224, passes: 20), Workload(batch: 8, size: 224, passes: 5),
    Workload(batch: 1, size: 640, passes: 5),
  ]

  /// Detectors, boxes included, of the clients that the Python has.
  private static let detectors = ["yolov5s", "yolo11n"]

  /// - Parameter only: words of the titles of those to measure, such as `1×640, float32`.
  func run(rounds: Int, only: String) throws {
    for (dtype, engines) in [
      ("float32", ["openvino", "onnxruntime", "torch"]), ("bfloat16", ["openvino-bf16", "torch-bf16"]),
    ] {
      for workload in Self.workloads {
        let title = "ConvNeXt-T, \(workload.name), \(dtype)"
        guard title.fits(only) else { continue }
        try run(title, [checkpoint, "--dtype", dtype], checkpoint, workload, engines, rounds: rounds)
      }
    }
    let workload = Self.workloads[2]
    for name in Self.detectors {
      let title = "\(name), \(workload.name), float32"
      guard title.fits(only) else { continue }
      let start = checkpoint.prefix { $0 != "." } + "-" + name
      guard (try? ChildProcess(words: [python, peers, "make", name, String(start)]).run()) != nil else {
        print("\(title): not measured, the client of it or onnx is missing\n")
        continue
      }
      try run(
        title, [start + ".pth", "--model", start + ".yaml"].map { String($0) }, start + ".onnx", workload,
        ["openvino", "onnxruntime"], rounds: rounds)
    }
  }

  /// - Parameters:
  ///   - file: what `suture bench` is given.
  ///   - theirs: what the peers are.
  private func run(
    _ title: String, _ file: [String], _ theirs: some StringProtocol, _ workload: Workload,
    _ engines: [String], rounds: Int
  ) throws {
    print(title)
    fflush(nil)
    var (ours, shares, best) = ([Double](), [Double](), [Double]())
    var times = [[Double]](repeating: [], count: engines.count)
    for _ in 0..<rounds {
      let report = try JSONParser.parse(
        try ChildProcess(
          words: [suture, "bench"] + file + [
            "--batch", "\(workload.batch)", "--size", "\(workload.size)", "--rounds", "\(workload.passes)",
            "--json",
          ]
        ).output())
      func figure(_ name: String) -> Double {
        report.members?.first { $0.key == name }?.value.doubleValue ?? .nan
      }
      ours.append(figure("median_seconds") * 1000)
      shares.append(100 * figure("gflops") / figure("peak_gflops"))
      let passes = report.members?.first { $0.key == "seconds" }?.value.arrayValue?.compactMap(\.doubleValue)
      best.append(100 * figure("gflop") / (passes?.min() ?? .nan) / figure("best_peak_gflops"))
      for (index, engine) in engines.enumerated() {
        let said = try ChildProcess(words: [
          python, peers, engine, String(theirs), "\(workload.batch)", "\(workload.size)",
          "\(workload.passes)",
        ]).output()
        times[index].append(Double(String(decoding: said, as: UTF8.self).prefix { $0 != "\n" }) ?? .nan)
      }
    }
    print(
      "  suture         \(Self.text(ours)) ms, \(Self.text(shares)) % of the peak, the fastest pass \(Self.text(best)) % of the best"
    )
    for (engine, times) in zip(engines, times) {
      let ratios = zip(ours, times).map { $0 / $1 }
      let name = engine + String(repeating: " ", count: max(0, 14 - engine.count))
      print("  \(name) \(Self.text(times)) ms, suture takes \(Self.text(ratios, 100)) of it")
    }
    print("")
    fflush(nil)
  }

  /// The median, and the least and largest.
  private static func text(_ values: [Double], _ scale: Double = 10) -> String {
    let sorted = values.sorted().map { ($0 * scale).rounded() / scale }
    guard let first = sorted.first, let last = sorted.last else { return "–" }
    return "\(sorted[sorted.count / 2]) (\(first)–\(last))"
  }
}
