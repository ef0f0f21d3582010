public import SutureArchitectures
public import SutureCheckpoints
internal import SutureJSON
public import SutureTensors
internal import SutureText

/// What a checkpoint holds, as far as it is to be shown.
public struct Inspection: Sendable {
  /// What a forward pass of a model reads.
  public struct Model: Sendable {
    public let path: String
    private let isRead: [ExactString: Bool]

    public init(_ model: ModelFile, path: String) {
      self.path = path
      isRead = .init(model.expectedTensors().map { (ExactString($0.name), $0.isRead) }) { one, _ in one }
    }

    /// `nil` where the model has no such key.
    public subscript(name: String) -> Bool? { isRead[ExactString(name)] }
  }

  public let checkpoint: Checkpoint
  /// The tensors that are shown.
  public var shown: [StateDict.Entry]
  /// Whether the elements of each are hashed.
  public var hashes = false
  /// Whether the elements of each are read for statistics.
  public var measures = false
  public var listsStorages = false
  /// By how many components of their names the tensors are summed up; `nil` where they are not.
  public var depth: Int?
  /// In what order ``shown`` is, where that is not the file's.
  public internal(set) var order: Order?
  public var model: Model?

  public init(of checkpoint: Checkpoint) {
    (self.checkpoint, shown) = (checkpoint, checkpoint.stateDict.entries)
  }

  /// The schema `suture.inspect/1`.
  public var json: JSONReport {
    get throws {
      let stateDict = checkpoint.stateDict
      return JSONReport(
        "suture.inspect/1",
        [
          "path": checkpoint.path, "container": checkpoint.container.rawValue, "wrapper": checkpoint.wrapper,
          "sharding": checkpoint.sharding.map {
            ["world": $0.world, "step": $0.step, "steps": $0.steps] as JSONObject
          },
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
          "trained_model": TrainedModel(checkpoint)?.json,
          "metadata": JSONValue.object(stateDict.metadata.map { ($0.key, .string($0.value)) }),
          "extras": checkpoint.extras.map {
            ["path": $0.path, "kind": $0.kind, "value": $0.value] as JSONObject
          },
          "globals": checkpoint.globals.map(\.name), "judged_globals": checkpoint.globals.map(\.json),
          "warnings": checkpoint.warnings,
          "modules_by_depth": depth.map { depth in
            sums(depth: depth).map {
              [
                "name": $0.name, "tensors": $0.tensorCount, "elements": $0.elementCount,
                "bytes": $0.byteCount,
              ] as JSONObject
            }
          },
          "storages": listsStorages
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
    if measures, tensor.hasStatistics {
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
