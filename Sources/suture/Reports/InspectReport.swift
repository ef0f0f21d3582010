internal import SutureArchitectures
internal import SutureBytes
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

extension Inspection {
  /// Prints the report.
  ///
  /// - Parameters:
  ///   - isFolded: whether indices are folded: `stages.2.{0..8}.gamma`.
  ///   - listsAll: whether all of what else there is comes, and not only the first.
  func show(isFolded: Bool, listsAll: Bool) throws {
    // All is known before a line of it is printed.
    let sums = depth.map { summed(self.sums(depth: $0)) }
    let table = try shown.isEmpty ? nil : sums ?? (isFolded ? folded : table())
    let rest = self.rest(listsAll)
    try Console.print([
      "\(checkpoint.path): \(checkpoint.container.rawValue), \(Format.bytes(checkpoint.byteCount))"
        + "\(Notes.place(checkpoint))", "",
    ])
    if let table { try Console.print(table) }
    try Console.print(table == nil ? rest : [""] + rest)
  }

  /// What comes behind the table.
  private func rest(_ listsAll: Bool) -> [String] {
    var lines: [String] = []
    lines.append(totals(of: checkpoint.stateDict))
    if let model {
      let count = shown.count { model[$0.name] == true }
      lines.append("a forward pass of \(model.path) reads \(Format.count(count)) of them")
    }
    for (key, value) in checkpoint.stateDict.metadata {
      lines.append("metadata: \(Format.name(key)) = \(Format.name(String(value.prefix(100))))")
    }
    lines += shared(listsAll)
    if listsStorages { lines += [""] + storageTable.lines }
    lines += trained(listsAll) + classes(listsAll) + named(listsAll)
    lines += checkpoint.candidates.map { "also here: \(Notes.offer($0))" }
    return lines + others(listsAll)
  }

  /// Which names share a storage, and how.
  private func shared(_ listsAll: Bool) -> [String] {
    let sharing = checkpoint.stateDict.sharing
    var lines: [String] = []
    for group in listsAll ? sharing[...] : sharing.prefix(5) {
      let names = group.names.prefix(4).map(Format.name).joined(separator: ", ")
      let more = group.names.count > 4 ? ", … \(group.names.count) names in all" : ""
      lines.append("shared storage (\(group.kind.rawValue)): \(names)\(more)")
    }
    return lines
      + (sharing.count > 5 && !listsAll ? ["shared storage: … \(sharing.count) groups in all"] : [])
  }

  private var storageTable: Table {
    var table = Table(
      [("STORAGE", .left), ("AT BYTE", .right), ("SIZE", .right), ("TENSORS", .left)],
      dispensable: ["AT BYTE", "SIZE"])
    for use in checkpoint.stateDict.storageUses {
      let names = use.names.prefix(4).map(Format.name).joined(separator: ", ")
      table.add([
        Format.name(use.storage.label), String(use.storage.offset), Format.bytes(use.storage.byteCount),
        names + (use.names.count > 4 ? ", … \(use.names.count) in all" : ""),
      ])
    }
    return table
  }

  /// What a model says of itself that was pickled whole.
  private func trained(_ listsAll: Bool) -> [String] {
    guard let model = TrainedModel(checkpoint) else { return [] }
    let parts = [
      Format.name(model.className), model.file.map { "of \(Format.name($0))" },
      model.model.map {
        "\(Format.plural($0.layers.count, "layer")), strides \($0.strides.map(String.init).joined(separator: ", "))"
      },
      model.isFused ? "batch norms fused into the convolutions" : "not fused",
      model.date.map { "saved \(Format.name($0))" },
    ].compactMap { $0 }
    let shown = (listsAll ? model.names[...] : model.names.prefix(10)).map(Format.name)
    let more = shown.count < model.names.count ? ", … \(model.names.count) in all" : ""
    let classes =
      shown.isEmpty
      ? model.classes.map { ["classes: \($0), without names"] } ?? []
      : ["classes: \(shown.joined(separator: ", "))\(more)"]
    return ["model: \(parts.joined(separator: "; "))"] + classes
      + (model.refusal.map { ["  it cannot be built here: \(Format.name($0))"] } ?? [])
      + model.weights.map {
        "  \($0.path): \($0.whose)\($0.isTaken ? "; shown here" : "; --key \($0.path) takes it")"
      }
  }

  /// The classes of modules that were pickled whole: none of them was looked up.
  private func classes(_ listsAll: Bool) -> [String] {
    if checkpoint.modules.isEmpty { return [] }
    let classes = checkpoint.modules.grouped(by: \.className)
    let listed = (listsAll ? classes[...] : classes.prefix(6)).map { name, modules in
      Format.name(name) + (modules.count > 1 ? " × \(modules.count)" : "")
    }
    let more = listed.count < classes.count ? ", … \(classes.count) classes in all" : ""
    return ["pickled modules: \(listed.joined(separator: ", "))\(more)"]
  }

  /// What the pickle names beside what every checkpoint does.
  private func named(_ listsAll: Bool) -> [String] {
    let names = checkpoint.globals.filter { $0.judgement != .known }.sorted {
      $0.judgement == .harmful && $1.judgement != .harmful
    }
    if names.isEmpty { return [] }
    let listed = (listsAll ? names[...] : names.prefix(6)).map { global in
      "\(Format.name(global.name)) (\(global.judgement)\(global.harm.map { ": it \($0) when it is called" } ?? ""))"
    }
    let more = listed.count < names.count ? ", … \(names.count) in all" : ""
    return ["names in the pickle: \(listed.joined(separator: ", "))\(more)"]
  }

  private func table() throws -> Table {
    var columns: [(title: String, alignment: Table.Alignment)] = [
      ("NAME", .left), ("DTYPE", .left), ("SHAPE", .left), ("SIZE", .right),
    ]
    if measures { columns += ["MIN", "MAX", "MEAN", "STD", "ZEROS", "NAN", "INF"].map { ($0, .right) } }
    if model != nil { columns.append(("READ", .left)) }
    if hashes { columns.append(("SHA-256", .left)) }
    var table = Table(columns, dispensable: ["ZEROS", "DTYPE", "STD", "SIZE"].filter { _ in measures })
    table.reserve(rows: shown.count)
    for entry in shown {
      let tensor = entry.tensor
      table.add(cell: Format.name(entry.name))
      table.add(cell: tensor.dtype.rawValue + (tensor.layout.name.map { " \($0)" } ?? ""))
      table.add(cell: Format.shape(tensor.shape))
      table.add(cell: Format.bytes(tensor.storedByteCount))
      if measures { table.add(try statistics(tensor)) }
      if let model { table.add(cell: model[entry.name].map { $0 ? "yes" : "no" } ?? "not in the model") }
      if hashes { table.add(cell: tensor.hasElements ? try tensor.sha256() : "–") }
    }
    return table
  }

  private func statistics(_ tensor: Tensor) throws -> [String] {
    guard tensor.hasStatistics else { return [String](repeating: "–", count: 7) }
    let statistics = try tensor.statistics()
    let numbers = [statistics.minimum, statistics.maximum, statistics.mean, statistics.deviation]
    return numbers.map { $0.map(Format.significant) ?? "–" }
      + [statistics.zeroCount, statistics.nanCount, statistics.infinityCount].map(Format.count)
  }

  private func summed(_ sums: [ModuleSum]) -> Table {
    var table = Table(
      [("MODULE", .left), ("TENSORS", .right), ("ELEMENTS", .right), ("SIZE", .right), ("SHARE", .right)],
      dispensable: ["SHARE", "TENSORS", "ELEMENTS"])
    let total = max(sums.reduce(0) { $0.adding(saturating: $1.byteCount) }, 1)
    for sum in sums {
      let permille = Int((Double(sum.byteCount) / Double(total) * 1000).rounded())
      table.add([
        Format.name(sum.name), Format.count(sum.tensorCount), Format.count(sum.elementCount),
        Format.bytes(sum.byteCount), "\(permille / 10).\(permille % 10) %",
      ])
    }
    return table
  }

  private var folded: Table {
    var table = Table(
      [("NAMES", .left), ("COUNT", .right), ("DTYPE", .left), ("SHAPE", .left), ("SIZE", .right)],
      dispensable: ["DTYPE", "SIZE"])
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
    return table
  }

  private func totals(of all: StateDict) -> String {
    if all.isEmpty { return "no tensors" }
    var (sums, elements) = ([(dtype: DType, bytes: Int)](), 0)
    for tensor in shown.lazy.map(\.tensor) {
      let place = sums.firstIndex { $0.dtype == tensor.dtype } ?? sums.count
      if place == sums.count { sums.append((tensor.dtype, 0)) }
      sums[place].bytes &+= tensor.storedByteCount
      elements = elements.adding(saturating: tensor.elementCount)
    }
    let dtypes = sums.map { "\($0.dtype) \(Format.bytes($0.bytes))" }
    let tensors =
      shown.count == all.count
      ? Format.plural(all.count, "tensor")
      : "\(Format.count(shown.count)) of \(Format.count(all.count)) tensors"
    return (["\(tensors), \(Format.plural(elements, "element"))"] + dtypes).joined(separator: ", ")
  }

  private func others(_ listsAll: Bool) -> [String] {
    let values = checkpoint.extras
    if values.isEmpty { return [] }
    let title =
      "\(Format.plural(values.count, "value")) beside the state dict\(listsAll || values.count <= 5 ? ":" : ", --extras lists all:")"
    return [title]
      + (listsAll ? values[...] : values.prefix(5)).map {
        "  \(Format.name($0.path))  \(Format.name($0.kind))  \(Format.name($0.value))"
      }
  }
}
