internal import SutureBytes
internal import SutureNumbers
public import SutureTensors

/// A Python value that is data and nothing else: what `torch.load(weights_only=True)` gives without a class.
public enum PlainValue: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  /// An integer beyond 64 bits, as two's complement bytes, little-endian.
  case bigInt([UInt8])
  case float(Double)
  case complex(Double, Double)
  case string(String)
  case bytes([UInt8])
  case list([PlainValue])
  /// A set of values that are no tensors.
  case set([PlainValue])
  case tuple([PlainValue])
  case dict([(key: PlainValue, value: PlainValue)])
  /// An OrderedDict, with the attributes that were set on it: `_metadata` of a state dict.
  case orderedDict([(key: PlainValue, value: PlainValue)], attributes: [(key: PlainValue, value: PlainValue)])
  /// `torch.Size`.
  case size([Int])
  /// `torch.float32` and its like.
  case dtype(DType)
  indirect case tensor(Tensor)
  /// The tensor that the state dict has under this name.
  case entry(String)
  /// The place of the state dict as a whole.
  case stateDict
  /// A bare `torch.nn.Module` whose buffers are what this holds, by their dotted names: the one object that is no plain
  /// data, for programs that ask a checkpoint's model for its `state_dict()`. It may have attributes that are plain.
  indirect case module(PlainValue, attributes: [(name: String, value: PlainValue)])

  /// The value with everything in it that holds nothing replaced, in the order in which it is written; keys and sets
  /// stay.
  private func mapLeaves(_ change: (PlainValue) throws -> PlainValue) rethrows -> PlainValue {
    typealias Pairs = [(key: PlainValue, value: PlainValue)]
    func pairs(_ items: Pairs) throws -> Pairs {
      try items.map { ($0.key, try $0.value.mapLeaves(change)) }
    }
    switch self {
    case .list(let items): return .list(try items.map { try $0.mapLeaves(change) })
    case .tuple(let items): return .tuple(try items.map { try $0.mapLeaves(change) })
    case .dict(let items): return .dict(try pairs(items))
    case .orderedDict(let items, let attributes):
      return .orderedDict(try pairs(items), attributes: try pairs(attributes))
    case .module(let buffers, let attributes):
      return .module(try buffers.mapLeaves(change), attributes: attributes)
    default: return try change(self)
    }
  }

  /// The value with every tensor in it replaced.
  func mapTensors(_ change: (Tensor) throws -> Tensor) rethrows -> PlainValue {
    try mapLeaves { if case .tensor(let tensor) = $0 { .tensor(try change(tensor)) } else { $0 } }
  }

  /// The tensors in the order in which they are written.
  var tensors: [Tensor] {
    var tensors: [Tensor] = []
    _ = mapTensors { tensor in
      tensors.append(tensor)
      return tensor
    }
    return tensors
  }

  /// The value with the tensors of `stateDict` where it has places for them.
  func filled(with stateDict: StateDict) -> PlainValue {
    mapLeaves { place in
      switch place {
      case .entry(let name): stateDict[name].map { .tensor($0) } ?? .none
      case .stateDict:
        .orderedDict(stateDict.entries.map { (.string($0.name), .tensor($0.tensor)) }, attributes: [])
      default: place
      }
    }
  }
}

extension PlainValue {
  /// The elements of a tensor in row-major order; `nil` where they are no numbers that Python has.
  static func list(of tensor: Tensor) throws -> PlainValue? {
    guard tensor.hasElements else { return nil }
    return numbers(try tensor.contiguousBytes(), tensor.dtype).map { .list($0) }
  }

  /// The numbers that elements of `dtype` are; `nil` where they are none that Python has.
  static func numbers(_ bytes: [UInt8], _ dtype: DType) -> [PlainValue]? {
    guard let codec = dtype.codec, codec.width == 1 else { return nil }
    switch codec.number {
    case .float: return codec.decode(bytes).map { .float($0) }
    case .bool: return codec.decode(bytes).map { .bool($0 != 0) }
    case .signed, .unsigned:
      if let integers = codec.integers(bytes) { return integers.map { .int($0) } }
      return stride(from: 0, to: bytes.count, by: codec.byteCount).map { start in
        let word = bytes.integer(at: start, UInt64.self)
        // The sign bit of a number that needs all 64 is a byte of its own.
        return Int(exactly: word).map { .int($0) } ?? .bigInt(bytes[start..<(start + 8)] + [0])
      }
    }
  }
}

/// The object of a checkpoint as plain data, with the place of its state dict.
public struct PlainObject: Sendable {
  public let root: PlainValue
  /// The keys that lead to the state dict; empty where it is the root.
  public let wrapper: [String]
  /// What could not be kept, or only as something simpler; a sentence each.
  public let notes: [String]
}

extension PlainObject {
  /// The object without the items of its outermost dict that have one of these names.
  public func without(_ names: Set<String>) -> PlainObject {
    func keeps(_ item: (key: PlainValue, value: PlainValue)) -> Bool {
      if case .string(let name) = item.key { !names.contains(name) } else { true }
    }
    let rest: PlainValue
    switch root {
    case .dict(let items): rest = .dict(items.filter(keeps))
    case .orderedDict(let items, let attributes):
      rest = .orderedDict(items.filter(keeps), attributes: attributes)
    default: rest = root
    }
    return PlainObject(root: rest, wrapper: wrapper, notes: notes)
  }

  /// The checkpoint that YOLOv5's `train.py --weights` takes: it asks `ckpt['model'].float().state_dict()`.
  ///
  /// The other keys are those that its own checkpoints have, as one has them whose training is over.
  ///
  /// - Parameter modelFile: its model file as data, from which YOLOv5 builds the model where it is given no `--cfg`.
  public static func yolov5(modelFile: PlainValue? = nil) -> PlainObject {
    let attributes = modelFile.map { [(name: "yaml", value: $0)] } ?? []
    return PlainObject(
      root: .dict([
        (.string("epoch"), .int(-1)), (.string("best_fitness"), .none),
        (.string("model"), .module(.stateDict, attributes: attributes)),
        (.string("ema"), .none), (.string("updates"), .none), (.string("optimizer"), .none),
        (.string("opt"), .none), (.string("git"), .none), (.string("date"), .none),
      ]), wrapper: ["model"], notes: [])
  }

  /// The checkpoint that Ultralytics' `YOLO(cfg).load(…)` takes: it asks
  /// `(ckpt['ema'] or ckpt['model']).float().state_dict()`.
  ///
  /// The other keys are those that its own checkpoints have, as one has them whose training is over.
  ///
  /// - Parameter modelFile: its model file as data, which says what the model is.
  public static func ultralytics(modelFile: PlainValue? = nil) -> PlainObject {
    let attributes = modelFile.map { [(name: "yaml", value: $0)] } ?? []
    return PlainObject(
      root: .dict([
        (.string("date"), .none), (.string("version"), .none), (.string("license"), .none),
        (.string("docs"), .none), (.string("epoch"), .int(-1)), (.string("best_fitness"), .none),
        (
          .string("model"),
          .module(.stateDict, attributes: attributes + [(name: "task", value: .string("detect"))])
        ),
        (.string("ema"), .none), (.string("updates"), .none), (.string("optimizer"), .none),
        (.string("train_args"), .dict([(.string("task"), .string("detect"))])),
        (.string("train_metrics"), .none),
        (.string("train_results"), .none),
      ]), wrapper: ["model"], notes: [])
  }
}
