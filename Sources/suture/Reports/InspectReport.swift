internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors
internal import SutureText

/// What `inspect` shows: the schema `suture.inspect/1`.
struct InspectReport {
  /// What a forward pass of a model reads.
  struct Model {
    let path: String
    let isRead: [ExactString: Bool]

    /// `nil` where the model has no such key.
    subscript(name: String) -> Bool? { isRead[ExactString(name)] }
  }

  let checkpoint: Checkpoint
  let shown: [StateDict.Entry]
  /// Whether indices are folded: `stages.2.{0..8}.gamma`.
  let isFolded: Bool
  let listsExtras: Bool
  let hashes: Bool
  let stats: Bool
  let storages: Bool
  let model: Model?

  var text: String {
    get throws {
      var text =
        "\(checkpoint.path): \(checkpoint.container.rawValue), \(Format.bytes(checkpoint.byteCount))"
        + "\(Notes.place(checkpoint))\n\n"
      if !shown.isEmpty { text += try (isFolded ? folded : table()).text + "\n" }
      text += totals(of: checkpoint.stateDict)
      if let model {
        let count = shown.count { model[$0.name] == true }
        text += "a forward pass of \(model.path) reads \(Format.count(count)) of them\n"
      }
      for (key, value) in checkpoint.stateDict.metadata {
        text += "metadata: \(Format.name(key)) = \(Format.name(String(value.prefix(100))))\n"
      }
      text += shared(checkpoint.stateDict.sharing)
      if storages { text += "\n" + storageTable.text }
      text += classes(checkpoint.modules)
      for candidate in checkpoint.candidates { text += "also here: \(Notes.offer(candidate))\n" }
      return text + others(checkpoint.extras)
    }
  }

  /// Which names share a storage, and how.
  private func shared(_ sharing: [Sharing]) -> String {
    var text = ""
    for group in listsExtras ? sharing[...] : sharing.prefix(5) {
      let names = group.names.prefix(4).map(Format.name).joined(separator: ", ")
      let more = group.names.count > 4 ? ", … \(group.names.count) names in all" : ""
      text += "shared storage (\(group.kind.rawValue)): \(names)\(more)\n"
    }
    return sharing.count > 5 && !listsExtras
      ? text + "shared storage: … \(sharing.count) groups in all\n" : text
  }

  private var storageTable: Table {
    var table = Table([("STORAGE", .left), ("AT BYTE", .right), ("SIZE", .right), ("TENSORS", .left)])
    for use in checkpoint.stateDict.storageUses {
      let names = use.names.prefix(4).map(Format.name).joined(separator: ", ")
      table.add([
        Format.name(use.storage.label), String(use.storage.offset), Format.bytes(use.storage.byteCount),
        names + (use.names.count > 4 ? ", … \(use.names.count) in all" : ""),
      ])
    }
    return table
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
    let listed = listsExtras ? counts[...] : counts.prefix(6)
    let list = listed.map { Format.name($0.name) + ($0.count > 1 ? " × \($0.count)" : "") }.joined(
      separator: ", ")
    return
      "pickled modules: \(list)\(listed.count < counts.count ? ", … \(counts.count) classes in all" : "")\n"
  }

  private func table() throws -> Table {
    var columns: [(title: String, alignment: Table.Alignment)] = [
      ("NAME", .left), ("DTYPE", .left), ("SHAPE", .left), ("SIZE", .right),
    ]
    if stats { columns += ["MIN", "MAX", "MEAN", "STD", "ZEROS", "NAN", "INF"].map { ($0, .right) } }
    if model != nil { columns.append(("READ", .left)) }
    if hashes { columns.append(("SHA-256", .left)) }
    var table = Table(columns)
    for entry in shown {
      let tensor = entry.tensor
      var cells = [
        Format.name(entry.name), tensor.dtype.rawValue + (tensor.layout.name.map { " \($0)" } ?? ""),
        Format.shape(tensor.shape), Format.bytes(tensor.storedByteCount),
      ]
      if stats { cells += try statistics(tensor) }
      if let model { cells.append(model[entry.name].map { $0 ? "yes" : "no" } ?? "not in the model") }
      if hashes { cells.append(tensor.hasElements ? try tensor.sha256() : "–") }
      table.add(cells)
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

  private var folded: Table {
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
    return table
  }

  private func totals(of all: StateDict) -> String {
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
      "\(Format.plural(values.count, "value")) beside the state dict\(listsExtras || values.count <= 5 ? ":" : ", --extras lists all:")\n"
    for extra in listsExtras ? values[...] : values.prefix(5) {
      text += "  \(Format.name(extra.path))  \(Format.name(extra.kind))  \(Format.name(extra.value))\n"
    }
    return text
  }

  // MARK: For programs

  var json: JSONReport {
    get throws {
      let stateDict = checkpoint.stateDict
      return JSONReport(
        "suture.inspect/1",
        [
          "path": checkpoint.path, "container": checkpoint.container.rawValue, "wrapper": checkpoint.wrapper,
          "tensors": try shown.map { entry in
            var object: JSONObject = ["name": entry.name]
            object = object + (try json(entry.tensor))
            // Null where the model has no such key.
            if let model { object["read"] = model[entry.name]?.json ?? .null }
            return object
          },
          "aliases": stateDict.aliases,
          "sharing": stateDict.sharing.map {
            ["kind": $0.kind.rawValue, "storage": $0.storage, "names": $0.names] as JSONObject
          },
          "candidates": checkpoint.candidates.map {
            ["path": $0.path, "tensors": $0.tensorCount] as JSONObject
          },
          "modules": checkpoint.modules.map { ["path": $0.path, "class": $0.className] as JSONObject },
          "metadata": JSONValue.object(stateDict.metadata.map { ($0.key, .string($0.value)) }),
          "extras": checkpoint.extras.map {
            ["path": $0.path, "kind": $0.kind, "value": $0.value] as JSONObject
          },
          "globals": checkpoint.globals, "warnings": checkpoint.warnings,
          "storages": storages
            ? stateDict.storageUses.map {
              [
                "storage": $0.storage.label, "offset": $0.storage.offset, "bytes": $0.storage.byteCount,
                "tensors": $0.names,
              ] as JSONObject
            } : nil,
        ])
    }
  }

  /// All about a tensor but its name; of a sparse one, the same about its parts.
  private func json(_ tensor: Tensor) throws -> JSONObject {
    var object: JSONObject = ["dtype": tensor.dtype, "shape": tensor.shape]
    if tensor.hasElements {
      object["strides"] = tensor.strides
      object["offset"] = tensor.offset
      object["storage"] = tensor.storage.label
    }
    object["bytes"] = tensor.storedByteCount
    object["kind"] = tensor.layout.name
    object = object + (try json(tensor.layout))
    if tensor.lazyBits.contains(.conjugate) { object["conj"] = true }
    if tensor.lazyBits.contains(.negative) { object["neg"] = true }
    if hashes {
      switch tensor.layout {
      case .sparse: break
      case .meta: object["sha256"] = JSONValue.null
      case .strided, .quantized: object["sha256"] = try tensor.sha256()
      }
    }
    if stats, tensor.hasStatistics {
      let statistics = try tensor.statistics()
      func number(_ value: Double?) -> JSONValue { value?.json ?? .null }
      object["stats"] =
        [
          "min": number(statistics.minimum), "max": number(statistics.maximum),
          "mean": number(statistics.mean), "std": number(statistics.deviation),
          "zeros": statistics.zeroCount, "nan": statistics.nanCount, "inf": statistics.infinityCount,
        ] as JSONObject
    }
    return object
  }

  private func json(_ layout: TensorLayout) throws -> JSONObject {
    switch layout {
    case .strided, .meta: return [:]
    case .quantized(.perTensor(let scale, let zeroPoint)):
      return ["scale": scale, "zero_point": zeroPoint]
    case .quantized(.perChannel(let scales, let zeroPoints, let axis, _)):
      return ["axis": axis, "scales": try json(scales), "zero_points": try json(zeroPoints)]
    case .sparse(let sparse):
      var parts: JSONObject = [:]
      for part in sparse.parts { parts[part.name] = try json(part.tensor) }
      return ["parts": parts, "coalesced": sparse.isCoalesced]
    }
  }
}
