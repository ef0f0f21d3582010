internal import SutureCheckpoints
internal import SutureJSON
internal import SutureTensors

/// What `inspect --json` prints: the schema `suture.inspect/1`.
struct InspectReport {
  let checkpoint: Checkpoint
  let shown: [StateDict.Entry]
  let hashes: Bool
  let stats: Bool
  let storages: Bool
  let reads: ModelReads?

  var json: JSONValue {
    get throws {
      let stateDict = checkpoint.stateDict
      var fields: [(key: String, value: JSONValue)] = [
        ("schema", "suture.inspect/1"), ("path", .string(checkpoint.path)),
        ("container", .string(checkpoint.container.rawValue)), ("wrapper", Self.strings(checkpoint.wrapper)),
        (
          "tensors",
          .array(
            try shown.map { .object([("name", .string($0.name))] + (try tensor($0.tensor)) + mark($0.name)) })
        ),
        ("aliases", .array(stateDict.aliases.map(Self.strings))),
        ("sharing", .array(stateDict.sharing.map(Self.sharing))),
        (
          "candidates",
          .array(
            checkpoint.candidates.map { ["path": .string($0.path), "tensors": .integer($0.tensorCount)] })
        ),
        (
          "modules",
          .array(checkpoint.modules.map { ["path": .string($0.path), "class": .string($0.className)] })
        ),
        ("metadata", .object(stateDict.metadata.map { (key: $0.key, value: .string($0.value)) })),
        ("extras", .array(checkpoint.extras.map(Self.extra))),
        ("globals", Self.strings(checkpoint.globals)),
        ("warnings", Self.strings(checkpoint.warnings)),
      ]
      if storages { fields.append(("storages", .array(StorageUse.all(stateDict).map(Self.storage)))) }
      return .object(fields)
    }
  }

  /// Whether a forward pass of the model reads it; null where the model has no such key.
  private func mark(_ name: String) -> [(key: String, value: JSONValue)] {
    guard let reads else { return [] }
    return [("read", reads[name].map { .bool($0) } ?? .null)]
  }

  /// All about a tensor but its name; of a sparse one, the same about its parts.
  private func tensor(_ tensor: Tensor) throws -> [(key: String, value: JSONValue)] {
    var fields: [(key: String, value: JSONValue)] = [
      ("dtype", .string(tensor.dtype.rawValue)), ("shape", Self.integers(tensor.shape)),
    ]
    if tensor.hasElements {
      fields += [
        ("strides", Self.integers(tensor.strides)), ("offset", .integer(tensor.offset)),
        ("storage", .string(tensor.storage.label)),
      ]
    }
    fields.append(("bytes", .integer(tensor.storedByteCount)))
    if let kind = tensor.layout.name { fields.append(("kind", .string(kind))) }
    fields += try layout(tensor.layout)
    if tensor.lazyBits.contains(.conjugate) { fields.append(("conj", .bool(true))) }
    if tensor.lazyBits.contains(.negative) { fields.append(("neg", .bool(true))) }
    if hashes {
      switch tensor.layout {
      case .sparse: break
      case .meta: fields.append(("sha256", .null))
      case .strided, .quantized: fields.append(("sha256", .string(try tensor.sha256())))
      }
    }
    if stats, tensor.hasStatistics { fields.append(("stats", Self.statistics(try tensor.statistics()))) }
    return fields
  }

  private func layout(_ layout: TensorLayout) throws -> [(key: String, value: JSONValue)] {
    switch layout {
    case .strided, .meta: return []
    case .quantized(.perTensor(let scale, let zeroPoint)):
      return [("scale", .double(scale)), ("zero_point", .integer(zeroPoint))]
    case .quantized(.perChannel(let scales, let zeroPoints, let axis, _)):
      return [
        ("axis", .integer(axis)), ("scales", .object(try tensor(scales))),
        ("zero_points", .object(try tensor(zeroPoints))),
      ]
    case .sparse(let sparse):
      let parts = try sparse.parts.map { (key: $0.name, value: JSONValue.object(try tensor($0.tensor))) }
      return [("parts", .object(parts))] + (sparse.isCoalesced.map { [("coalesced", .bool($0))] } ?? [])
    }
  }

  private static func statistics(_ statistics: TensorStatistics) -> JSONValue {
    func number(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
    return [
      "min": number(statistics.minimum), "max": number(statistics.maximum), "mean": number(statistics.mean),
      "std": number(statistics.deviation), "zeros": .integer(statistics.zeroCount),
      "nan": .integer(statistics.nanCount), "inf": .integer(statistics.infinityCount),
    ]
  }

  private static func sharing(_ sharing: Sharing) -> JSONValue {
    [
      "kind": .string(sharing.kind.rawValue), "storage": .string(sharing.storage),
      "names": strings(sharing.names),
    ]
  }

  private static func storage(_ use: StorageUse) -> JSONValue {
    [
      "storage": .string(use.storage.label), "offset": .integer(use.storage.offset),
      "bytes": .integer(use.storage.byteCount), "tensors": strings(use.names),
    ]
  }

  private static func extra(_ extra: Checkpoint.Extra) -> JSONValue {
    ["path": .string(extra.path), "kind": .string(extra.kind), "value": .string(extra.value)]
  }

  private static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

  private static func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer($0) }) }
}

/// A storage, and the tensors that view it.
struct StorageUse {
  let storage: Storage
  private(set) var names: [String] = []

  /// The storages of a state dict in the order of their first use.
  static func all(_ stateDict: StateDict) -> [StorageUse] {
    var uses: [StorageUse] = []
    var places: [ObjectIdentifier: Int] = [:]
    for entry in stateDict.entries {
      for storage in entry.tensor.storages {
        let id = ObjectIdentifier(storage)
        let place = places[id] ?? uses.count
        if place == uses.count {
          places[id] = place
          uses.append(StorageUse(storage: storage))
        }
        if uses[place].names.last != entry.name { uses[place].names.append(entry.name) }
      }
    }
    return uses
  }
}
