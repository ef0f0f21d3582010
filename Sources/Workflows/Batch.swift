internal import SutureBytes
internal import SutureCheckpoints
internal import SutureText

/// Many conversions into one folder: each succeeds or fails by itself, and what was done is not done again.
///
/// Each `NAME` becomes `FOLDER/NAME.safetensors`, a `.safetensors` becomes `FOLDER/NAME.pth`, unless the request has a
/// format. What is there and whole is skipped, so the same batch may be run again.
public struct Batch: Sendable {
  /// How each is converted; its input and output are those of the batch.
  public var conversion: Conversion
  public var folder: String
  /// How many files are worked on at once.
  public var jobs = 1
  /// Whether to go on with the others after a failure.
  public var keepsGoing = false
  /// Each input with its output.
  package var pairs: [(input: String, output: String)] { outputs }
  private let outputs: [(input: String, output: String)]

  public enum Outcome: Sendable {
    case written(WriteReport)
    /// It is there and whole.
    case skipped
    case failed(any Error)
  }

  /// What became of one file.
  public struct Report: Sendable {
    public let input: String
    public let output: String
    public let outcome: Outcome
  }

  /// - Throws: `Failure` where two inputs would become one file.
  public init(of inputs: [String], into folder: String, like conversion: Conversion) throws {
    (self.conversion, self.folder) = (conversion, folder)
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    var owners: [ExactString: String] = [:]
    outputs = try inputs.map { input in
      guard input != StandardInput.word else {
        throw Failure(
          .usage, "standard input has no name that its output could have",
          remedies: [.setting("output", value: "OUT", "names it")])
      }
      let output = prefix + Self.name(for: input, conversion.request.format)
      if let other = owners.updateValue(input, forKey: ExactString(output)) {
        throw Failure(
          .usage, "\(other) and \(input) would both become \(output)",
          remedies: ["convert them into different folders"])
      }
      return (input, output)
    }
  }

  /// The name of the input without its extension, and that of the format.
  private static func name(for input: String, _ format: WriteOptions.Format?) -> String {
    var name = (try? Address(input))?.fileName ?? input
    while name.count > 1, name.hasSuffix("/") { name.removeLast() }
    name = String(name.dropFirst(SutureBytes.folder(of: name).count))
    name = Checkpoint.nameWithoutIndex(name)
    let known = WriteOptions.Format(path: name)
    let format = format ?? (known == .safetensors ? .pytorchZip : .safetensors)
    let isExtension = known != nil || Checkpoint.suffixes.contains(where: name.hasSuffix)
    if isExtension, let dot = name.lastIndex(of: "."), dot > name.startIndex { name = String(name[..<dot]) }
    if name.hasSuffix(".pth"), known == nil { name.removeLast(4) }
    return name + ".\(format.rawValue)"
  }

  /// Converts all, or until the first failure.
  ///
  /// - Parameter report: is told of each file when it is done with, from any thread.
  /// - Returns: the reports of the files that were begun, in the order of the inputs.
  public func run(_ report: @escaping @Sendable (Report) -> Void = { _ in }) throws -> [Report] {
    if !isFolder(folder) { try createFolder(folder) }
    let reports = Guarded<[(index: Int, report: Report)]>([])
    do {
      try concurrently(outputs.count, workers: jobs) { index in
        let (input, output) = outputs[index]
        let outcome: Outcome
        do { outcome = try convert(input, to: output) } catch { outcome = .failed(error) }
        let done = Report(input: input, output: output, outcome: outcome)
        reports.withLock { $0.append((index, done)) }
        report(done)
        if case .failed = outcome, !keepsGoing { throw Stopped() }
      }
    } catch is Stopped {
      // What was begun has been ended, and nothing more is begun.
    }
    return reports.withLock { $0 }.sorted { $0.index < $1.index }.map(\.report)
  }

  private struct Stopped: Error {}

  private func convert(_ input: String, to output: String) throws -> Outcome {
    var conversion = conversion
    (conversion.input, conversion.request.output) = (input, output)
    conversion.request.workers = max(1, conversion.request.workers / jobs)
    var prepared = try conversion.prepare()
    if !conversion.request.replaces, let taken = prepared.plan.paths.first(where: pathExists) {
      if try prepared.isThere() { return .skipped }
      guard isBroken(prepared.plan.paths) else { throw OutputExists(path: taken) }
      conversion.request.replaces = true
      prepared = try conversion.prepare()
    }
    return .written(try prepared.write())
  }

  /// Whether what stands there cannot be opened: a leftover of something that was cut short.
  private func isBroken(_ paths: [String]) -> Bool {
    paths.contains { !pathExists($0) || (try? Checkpoint.open($0)) == nil }
  }
}
