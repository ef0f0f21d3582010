internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors

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
      .option("into", "MODEL.yaml", "Mark what a forward pass of this YOLOv5 reads.", \.model),
      .option(
        "key", "PATH", "The dict to enter instead of the one found; . shows every tensor of the file.", \.key),
      .flag("sha256", "Hash the elements of every tensor.", \.sha256),
      .flag("stats", "Read every element: least, largest, mean, deviation, zeros, NaN, Inf.", \.stats),
      .flag("storages", "List the storages, where they lie, and the tensors on them.", \.storages),
      .limit(\.limits),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var file = ""
  var patterns: [String] = []
  var tree = false
  var extras = false
  var model: String?
  var key: String?
  var sha256 = false
  var stats = false
  var storages = false
  var limits = ReadLimits()
  var json = false

  mutating func run() throws -> ExitCode {
    let filters = try patterns.map { try Pattern($0) }
    let checkpoint = try Checkpoint.open(file, key: key, limits: limits)
    let shown = checkpoint.stateDict.entries.filter { entry in
      filters.isEmpty || filters.contains { $0.matches(entry.name) }
    }
    let reads = try model.map { try ModelReads($0) }
    let report = InspectReport(
      checkpoint: checkpoint, shown: shown, hashes: sha256, stats: stats, storages: storages, reads: reads)
    if json {
      try Console.print(JSONWriter.text(try report.json, style: .pretty) + "\n")
    } else {
      try Console.print(try text(checkpoint, shown, reads))
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

  private func text(_ checkpoint: Checkpoint, _ shown: [StateDict.Entry], _ reads: ModelReads?) throws
    -> String
  {
    var text =
      "\(checkpoint.path): \(checkpoint.container.rawValue), \(Format.bytes(checkpoint.byteCount))"
      + "\(Notes.place(checkpoint))\n\n"
    if !shown.isEmpty { text += try tree ? folded(shown) : table(shown, reads) + "\n" }
    text += totals(shown, of: checkpoint.stateDict)
    if let reads {
      let count = shown.count { reads[$0.name] == true }
      text += "a forward pass of \(reads.path) reads \(Format.count(count)) of them\n"
    }
    for (key, value) in checkpoint.stateDict.metadata {
      text += "metadata: \(Format.name(key)) = \(Format.name(String(value.prefix(100))))\n"
    }
    text += shared(checkpoint.stateDict.sharing)
    if storages { text += storageTable(checkpoint.stateDict) }
    text += classes(checkpoint.modules)
    for candidate in checkpoint.candidates { text += "also here: \(Notes.offer(candidate))\n" }
    return text + others(checkpoint.extras)
  }

  /// Which names share a storage, and how.
  private func shared(_ sharing: [Sharing]) -> String {
    var text = ""
    for group in extras ? sharing[...] : sharing.prefix(5) {
      let names = group.names.prefix(4).map(Format.name).joined(separator: ", ")
      let more = group.names.count > 4 ? ", … \(group.names.count) names in all" : ""
      text += "shared storage (\(group.kind.rawValue)): \(names)\(more)\n"
    }
    return sharing.count > 5 && !extras ? text + "shared storage: … \(sharing.count) groups in all\n" : text
  }

  private func storageTable(_ stateDict: StateDict) -> String {
    var table = Table([("STORAGE", .left), ("AT BYTE", .right), ("SIZE", .right), ("TENSORS", .left)])
    for use in StorageUse.all(stateDict) {
      let names = use.names.prefix(4).map(Format.name).joined(separator: ", ")
      table.add([
        Format.name(use.storage.label), String(use.storage.offset), Format.bytes(use.storage.byteCount),
        names + (use.names.count > 4 ? ", … \(use.names.count) in all" : ""),
      ])
    }
    return "\n" + table.text
  }

  /// The classes of modules that were pickled whole: none of them was looked up.
  private func classes(_ modules: [Checkpoint.Module]) -> String {
    guard !modules.isEmpty else { return "" }
    var counts: [(name: String, count: Int)] = []
    for module in modules {
      if let known = counts.firstIndex(where: { $0.name == module.className }) {
        counts[known].count += 1
      } else {
        counts.append((module.className, 1))
      }
    }
    let shown = extras ? counts[...] : counts.prefix(6)
    let list = shown.map { Format.name($0.name) + ($0.count > 1 ? " × \($0.count)" : "") }.joined(
      separator: ", ")
    return
      "pickled modules: \(list)\(shown.count < counts.count ? ", … \(counts.count) classes in all" : "")\n"
  }

  private func table(_ shown: [StateDict.Entry], _ reads: ModelReads?) throws -> String {
    var columns: [(title: String, alignment: Table.Alignment)] = [
      ("NAME", .left), ("DTYPE", .left), ("SHAPE", .left), ("SIZE", .right),
    ]
    if stats { columns += ["MIN", "MAX", "MEAN", "STD", "ZEROS", "NAN", "INF"].map { ($0, .right) } }
    if reads != nil { columns.append(("READ", .left)) }
    if sha256 { columns.append(("SHA-256", .left)) }
    var table = Table(columns)
    for entry in shown {
      let tensor = entry.tensor
      var cells = [
        Format.name(entry.name), tensor.dtype.rawValue + (tensor.layout.name.map { " \($0)" } ?? ""),
        Format.shape(tensor.shape), Format.bytes(tensor.storedByteCount),
      ]
      if stats { cells += try statistics(tensor) }
      if let reads { cells.append(reads[entry.name].map { $0 ? "yes" : "no" } ?? "not in the model") }
      if sha256 { cells.append(tensor.hasElements ? try tensor.sha256() : "–") }
      table.add(cells)
    }
    return table.text
  }

  private func statistics(_ tensor: Tensor) throws -> [String] {
    guard tensor.hasStatistics else { return [String](repeating: "–", count: 7) }
    let statistics = try tensor.statistics()
    let numbers = [statistics.minimum, statistics.maximum, statistics.mean, statistics.deviation]
    return numbers.map { $0.map(Format.significant) ?? "–" }
      + [statistics.zeroCount, statistics.nanCount, statistics.infinityCount].map(Format.count)
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
        Format.bytes(members.reduce(0) { $0.adding(saturating: $1.storedByteCount) }),
      ])
    }
    return table.text + "\n"
  }

  private func totals(_ shown: [StateDict.Entry], of all: StateDict) -> String {
    var bytes: [(dtype: DType, count: Int)] = []
    for entry in shown {
      if let known = bytes.firstIndex(where: { $0.dtype == entry.tensor.dtype }) {
        bytes[known].count &+= entry.tensor.storedByteCount
      } else {
        bytes.append((entry.tensor.dtype, entry.tensor.storedByteCount))
      }
    }
    let dtypes = bytes.map { "\($0.dtype) \(Format.bytes($0.count))" }.joined(separator: ", ")
    let elements = shown.reduce(0) { $0.adding(saturating: $1.tensor.elementCount) }
    let part = shown.count == all.count ? "" : " of \(Format.count(all.count))"
    if all.isEmpty { return "no tensors\n" }
    return
      "\(part.isEmpty ? Format.plural(shown.count, "tensor") : "\(Format.count(shown.count))\(part) tensors"), \(Format.count(elements)) elements, \(dtypes)\n"
  }

  private func others(_ values: [Checkpoint.Extra]) -> String {
    if values.isEmpty { return "" }
    var text =
      "\(Format.plural(values.count, "value")) beside the state dict\(extras || values.count <= 5 ? ":" : ", --extras lists all:")\n"
    for extra in extras ? values[...] : values.prefix(5) {
      text += "  \(Format.name(extra.path))  \(Format.name(extra.kind))  \(Format.name(extra.value))\n"
    }
    return text
  }
}
