internal import Checkpoints
internal import JSON
internal import Surgery
internal import Tensors

struct Inspect: Command {
  static let name = "inspect"
  static let summary = "Show what is in a checkpoint: names, dtypes, shapes, sharing, and everything else."
  static let details = """
    A PATTERN must fit a whole name: * is any run of characters, # a run of digits, ? one character,
    {a,b} and {0..3} are choices, re:/…/ is a regular expression, a leading ! turns it round.
    """

  static var arguments: [Argument<Self>] {
    [
      .operand("FILE", "The checkpoint.", \.file),
      .operands("PATTERN", "Only tensors whose names fit one of these.", \.patterns),
      .flag("tree", "Fold indices: stages.2.{0..8}.gamma.", \.tree),
      .flag("extras", "List everything that is not in the state dict.", \.extras),
      .option(
        "key", "PATH", "The dict to enter instead of the one found; . shows every tensor of the file.", \.key),
      .flag("sha256", "Hash the elements of every tensor.", \.sha256),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var patterns: [String] = []
  var tree = false
  var extras = false
  var key: String?
  var sha256 = false
  var json = false

  mutating func run() throws -> ExitCode {
    let filters = try patterns.map { try Pattern($0) }
    let checkpoint = try Checkpoint.open(file, key: key)
    let shown = checkpoint.stateDict.entries.filter { entry in
      filters.isEmpty || filters.contains { $0.matches(entry.name) }
    }
    if json {
      try Console.print(JSONWriter.text(try report(checkpoint, shown), style: .pretty) + "\n")
    } else {
      try Console.print(try text(checkpoint, shown))
    }
    for warning in checkpoint.warnings { Console.warning(warning) }
    if shown.isEmpty, !checkpoint.stateDict.isEmpty {
      Console.error(
        "no name fits \(patterns.map { "\"\($0)\"" }.joined(separator: " or "))",
        hints: nearMisses(checkpoint))
      return .negative
    }
    return .done
  }

  /// A pattern that fits nothing often lacks its stars.
  private func nearMisses(_ checkpoint: Checkpoint) -> [String] {
    let loose = patterns.compactMap { try? Pattern("*\($0)*") }
    let near = checkpoint.stateDict.names.filter { name in loose.contains { $0.matches(name) } }
    guard let first = near.first else {
      return ["patterns fit whole names: \"norm*\", \"*.bias\", \"stages.#.*\""]
    }
    return ["\(Format.plural(near.count, "name")) contain it, \(first) for one: put * around it"]
  }

  // MARK: Text

  private func text(_ checkpoint: Checkpoint, _ shown: [StateDict.Entry]) throws -> String {
    var text =
      "\(checkpoint.path): \(checkpoint.container.rawValue), \(Format.bytes(checkpoint.byteCount))"
      + "\(Notes.place(checkpoint))\n\n"
    if !shown.isEmpty { text += try tree ? folded(shown) : table(shown) + "\n" }
    text += totals(shown, of: checkpoint.stateDict)
    for (key, value) in checkpoint.stateDict.metadata {
      text += "metadata: \(Format.name(key)) = \(Format.name(String(value.prefix(100))))\n"
    }
    for group in checkpoint.stateDict.aliases.prefix(extras ? .max : 5) {
      let names = group.prefix(4).map(Format.name).joined(separator: ", ")
      text += "shared storage: \(names)\(group.count > 4 ? ", … \(group.count) names in all" : "")\n"
    }
    let groups = checkpoint.stateDict.aliases.count
    if groups > 5, !extras { text += "shared storage: … \(groups) groups in all\n" }
    for candidate in checkpoint.candidates { text += "also here: \(Notes.offer(candidate))\n" }
    return text + others(checkpoint.extras)
  }

  private func table(_ shown: [StateDict.Entry]) throws -> String {
    var table = Table(
      [("NAME", .left), ("DTYPE", .left), ("SHAPE", .left), ("SIZE", .right)]
        + (sha256 ? [("SHA-256", .left)] : []))
    for entry in shown {
      let tensor = entry.tensor
      table.add(
        [
          Format.name(entry.name), tensor.dtype.rawValue, Format.shape(tensor.shape),
          Format.bytes(tensor.byteCount),
        ]
          + (sha256 ? [try tensor.sha256()] : []))
    }
    return table.text
  }

  private func folded(_ shown: [StateDict.Entry]) throws -> String {
    var table = Table([
      ("NAMES", .left), ("COUNT", .right), ("DTYPE", .left), ("SHAPE", .left), ("SIZE", .right),
    ])
    let tensors = Dictionary(shown.map { ($0.name, $0.tensor) }) { first, _ in first }
    for fold in FoldedNames.fold(shown.map(\.name)) {
      let members = fold.members.compactMap { tensors[$0] }
      let dtypes = Set(members.map(\.dtype.rawValue)).sorted().joined(separator: ", ")
      let shapes = Set(members.map(\.shape))
      table.add([
        Format.name(fold.pattern), Format.count(fold.count), dtypes,
        shapes.count == 1 ? Format.shape(members[0].shape) : "\(shapes.count) shapes",
        Format.bytes(members.reduce(0) { $0 &+ $1.byteCount }),
      ])
    }
    return table.text + "\n"
  }

  private func totals(_ shown: [StateDict.Entry], of all: StateDict) -> String {
    var bytes: [(dtype: DType, count: Int)] = []
    for entry in shown {
      if let known = bytes.firstIndex(where: { $0.dtype == entry.tensor.dtype }) {
        bytes[known].count &+= entry.tensor.byteCount
      } else {
        bytes.append((entry.tensor.dtype, entry.tensor.byteCount))
      }
    }
    let dtypes = bytes.map { "\($0.dtype) \(Format.bytes($0.count))" }.joined(separator: ", ")
    let elements = shown.reduce(0) { $0 &+ $1.tensor.elementCount }
    let part = shown.count == all.count ? "" : " of \(Format.count(all.count))"
    if all.isEmpty { return "no tensors\n" }
    return "\(Format.count(shown.count))\(part) tensors, \(Format.count(elements)) elements, \(dtypes)\n"
  }

  private func others(_ values: [Extra]) -> String {
    if values.isEmpty { return "" }
    var text =
      "\(Format.plural(values.count, "value")) beside the state dict\(extras || values.count <= 5 ? ":" : ", --extras lists all:")\n"
    for extra in extras ? values[...] : values.prefix(5) {
      text += "  \(Format.name(extra.path))  \(Format.name(extra.kind))  \(Format.name(extra.value))\n"
    }
    return text
  }

  // MARK: JSON

  private func report(_ checkpoint: Checkpoint, _ shown: [StateDict.Entry]) throws -> JSONValue {
    let labels = storageLabels(checkpoint.stateDict)
    return .object([
      ("schema", .string("suture.inspect/1")),
      ("path", .string(checkpoint.path)),
      ("container", .string(checkpoint.container.rawValue)),
      ("wrapper", .array(checkpoint.wrapper.map { .string($0) })),
      ("tensors", .array(try shown.map { try tensor($0, labels) })),
      ("aliases", .array(checkpoint.stateDict.aliases.map { .array($0.map { .string($0) }) })),
      (
        "candidates",
        .array(checkpoint.candidates.map { ["path": .string($0.path), "tensors": .integer($0.tensorCount)] })
      ),
      ("metadata", .object(checkpoint.stateDict.metadata.map { (key: $0.key, value: .string($0.value)) })),
      (
        "extras",
        .array(
          checkpoint.extras.map {
            ["path": .string($0.path), "kind": .string($0.kind), "value": .string($0.value)]
          })
      ),
      ("warnings", .array(checkpoint.warnings.map { .string($0) })),
    ])
  }

  private func tensor(_ entry: StateDict.Entry, _ labels: [ObjectIdentifier: String]) throws -> JSONValue {
    let tensor = entry.tensor
    var fields: [(key: String, value: JSONValue)] = [
      ("name", .string(entry.name)), ("dtype", .string(tensor.dtype.rawValue)),
      ("shape", .array(tensor.shape.map { .integer($0) })),
      ("strides", .array(tensor.strides.map { .integer($0) })),
      ("offset", .integer(tensor.offset)),
      ("storage", .string(labels[ObjectIdentifier(tensor.storage)] ?? "")),
      ("bytes", .integer(tensor.byteCount)),
    ]
    if sha256 { fields.append(("sha256", .string(try tensor.sha256()))) }
    return .object(fields)
  }

  private func storageLabels(_ stateDict: StateDict) -> [ObjectIdentifier: String] {
    Dictionary(stateDict.storages.map { (ObjectIdentifier($0), $0.label) }) { first, _ in first }
  }
}
