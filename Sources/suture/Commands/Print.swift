internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

struct Print: Command {
  static let name = "print"
  static let pages = true
  static let summary = "Show the values of tensors as PyTorch prints them."
  static let details = """
    One tensor is shown alone, as print(state_dict[NAME]) does it; several with their names. Large ones show their edges,
    and only what is shown is read. --json has every element, up to a million.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint.", \.file),
      .operands("PATTERN", "The tensors: names, or patterns of them.", \.patterns),
      .option(
        "key", "PATH", "The dict to enter instead of the one found; . shows every tensor of the file.", \.key),
      .limit(\.limits),
      .salvage(\.limits), .step(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var patterns: [String] = []
  var key: String?
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    if patterns.isEmpty { throw UsageError("print needs PATTERN: the name of a tensor") }
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    let filters = try patterns.map { (text: $0, pattern: try Pattern($0)) }
    var code = ExitCode.done
    for filter in filters where !checkpoint.stateDict.names.contains(where: filter.pattern.matches) {
      Console.error(
        "no name fits \"\(filter.text)\"", hints: nearMisses([filter.text], among: checkpoint.stateDict.names)
      )
      code = .negative
    }
    let found = checkpoint.stateDict.filter { entry in filters.contains { $0.pattern.matches(entry.name) } }
    if json {
      try Console.print(try TensorValues(of: checkpoint, found).json)
      return code
    }
    for (place, entry) in found.enumerated() {
      let text: String
      do { text = try entry.tensor.printed() } catch let error as TensorError {
        throw Failure(in: file, "\(entry.name.visible): \(error.reason)")
      }
      let title = found.count == 1 ? [] : (place > 0 ? [""] : []) + [Format.name(entry.name)]
      try Console.print(
        title + text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init), wraps: false)
    }
    return code
  }
}
