internal import SutureBytes
internal import SutureJSON
public import SutureTensors
internal import SutureYAML

/// The mean of this checkpoint and others of the same keys and shapes.
///
/// Floating-point numbers are added in double precision, divided, and rounded to the dtype of the first; whatever else
/// there is, such as counters, is the first's.
public struct Average: Step {
  enum Other: Sendable {
    case named(String)
    case stateDict(StateDict)
  }

  let others: [Other]

  /// - Parameter others: checkpoints by what ``Inputs/checkpoint`` knows them by; the command's are paths.
  public init(_ others: String...) { self.init(others) }
  public init(_ others: [String]) { self.others = others.map { .named($0) } }
  public init(_ others: [StateDict]) { self.others = others.map { .stateDict($0) } }

  var names: [String] {
    others.enumerated().map { if case .named(let name) = $1 { name } else { "state dict \($0 + 1)" } }
  }

  public var summary: String { "average with \(quoted(names))" }

  public func apply(to draft: inout Draft) throws -> Int {
    if others.isEmpty { throw StepFailure(kind: .badPattern, reason: "names no other checkpoint", hints: []) }
    let dicts = try others.map { other in
      switch other {
      case .stateDict(let dict): dict
      case .named(let name): try draft.inputs.checkpoint(name)
      }
    }
    for (name, dict) in zip(names, dicts) { try requireSameKeys(draft, name, dict) }
    var done: [[ViewIdentity]: Tensor] = [:]
    var others: [String] = []
    for index in draft.entries.indices {
      let entry = draft.entries[index]
      let tensors = [entry.tensor] + dicts.compactMap { $0[entry.name] }
      for (name, tensor) in zip(names, tensors.dropFirst()) where tensor.shape != entry.tensor.shape {
        throw doesNotFit(entry, "in \(name) it has \(tensor.shape)")
      }
      guard entry.tensor.dtype.floatFormat != nil else {
        others.append(entry.name)
        continue
      }
      for (name, tensor) in zip(names, tensors.dropFirst()) where tensor.dtype.floatFormat == nil {
        throw doesNotFit(entry, "in \(name) it is \(tensor.dtype)")
      }
      draft.touched.append(entry.name)
      let identities = tensors.map { ViewIdentity($0) }
      let mean = try done[identities] ?? fitting(entry) { try Self.mean(tensors) }
      done[identities] = mean
      draft.entries[index].tensor = mean
    }
    if !others.isEmpty {
      draft.notes.append(
        "\(others.count) keys hold no floating-point numbers and are the first's: \(Suggestion.list(others))")
    }
    return draft.touched.count
  }

  private func requireSameKeys(_ draft: Draft, _ name: String, _ dict: StateDict) throws {
    let table = NameTable(draft.entries.map(\.name))
    let extra = dict.names.filter { table[$0] == nil }
    let missing = draft.entries.map(\.name).filter { dict[$0] == nil }
    if missing.isEmpty, extra.isEmpty { return }
    var hints: [String] = []
    if !missing.isEmpty { hints.append("not in \(name): \(Suggestion.list(missing))") }
    if !extra.isEmpty { hints.append("only in \(name): \(Suggestion.list(extra))") }
    hints.append("average before the steps that change names")
    throw StepFailure(kind: .impossible, reason: "has other keys", hints: hints)
  }

  /// - Parameter tensors: of one shape.
  private static func mean(_ tensors: [Tensor]) throws -> Tensor {
    // What is stored in one order everywhere, such as a transpose, is read in that order, and not put in another first.
    let order = tensors[0].shape.indices.sorted { tensors[0].strides[$0] > tensors[0].strides[$1] }
    let stored = try tensors.map { try $0.permuted(order) }
    guard stored.allSatisfy(\.isContiguous), !tensors[0].isContiguous else { return try rowMean(tensors) }
    return try rowMean(stored).permuted(order.indices.sorted { order[$0] < order[$1] })
  }

  private static func rowMean(_ tensors: [Tensor]) throws -> Tensor {
    let readers = try tensors.map { try ElementReader($0) }
    let count = Double(readers.count)
    return try Tensor(
      dtype: tensors[0].dtype, shape: tensors[0].shape, rowLength: 1, label: tensors[0].storage.label,
      from: readers.map(\.storage)
    ) { range in
      var sums = try readers[0].doubles(range)
      for reader in readers.dropFirst() {
        for (index, number) in try reader.doubles(range).enumerated() { sums[index] += number }
      }
      for index in sums.indices { sums[index] /= count }
      return sums
    }
  }
}

extension Average: RecipeStep {
  static let verb = "average"
  init(_ fields: StepFields) throws(YAMLError) { self.init(try fields.operand.requireStrings()) }
  var operand: JSONValue { .strings(names) }
}

extension Average {
  /// The mean with one checkpoint more.
  public func adding(_ name: String) -> Average { Average(others + [.named(name)]) }

  private init(_ others: [Other]) { self.others = others }
}
