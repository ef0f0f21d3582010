internal import SutureBytes
internal import SutureJSON
public import SutureTensors
internal import SutureText

/// The mean of this checkpoint and others of the same keys and shapes.
///
/// Of moving averages it is the mean of moving averages: where ``TakeEMA`` stands before it, or the file holds nothing
/// else, those of the other checkpoints are taken as well.
///
/// Floating-point numbers are added in double precision, divided, and rounded to the dtype of the first; whatever else
/// there is, such as counters, is the first's. Complex numbers are averaged by their parts where that is asked for: a mean
/// of angles is another.
public struct Average: Step {
  /// Known by its name, or given.
  struct Other: Sendable {
    var name = ""
    var stateDict: StateDict?
  }

  let others: [Other]
  let takesComplex: Bool

  /// - Parameter others: checkpoints by what ``Inputs/checkpoint`` knows them by; the command's are paths.
  /// - Parameter takesComplex: whether complex numbers are averaged by their parts, as `torch.mean` does.
  public init(_ others: String..., complex takesComplex: Bool = false) {
    self.init(others, complex: takesComplex)
  }

  public init(_ others: [String], complex takesComplex: Bool = false) {
    (self.others, self.takesComplex) = (others.map { Other(name: Address.concealed($0)) }, takesComplex)
  }

  public init(_ others: [StateDict], complex takesComplex: Bool = false) {
    (self.others, self.takesComplex) = (others.map { Other(stateDict: $0) }, takesComplex)
  }

  var names: [String] {
    others.enumerated().map { $1.stateDict == nil ? $1.name : "state dict \($0 + 1)" }
  }

  public static let schema = StepSchema(
    "average", .files, "The mean with FILE, or with several where it comes several times.",
    operand: .operand(.files, "FILE"), fields: [.optional(complexKey, .flag, "")],
    variants: [
      .init("average-complex", "The same, with complex numbers by their parts.", flags: [complexKey])
    ],
    example: #"{average: ["epoch_9.pth", "epoch_10.pth"]}"#,
    on: "fc.weight [10,64]")

  private static let complexKey = "complex"

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.strings(), complex: try record[Self.complexKey]?.bool() ?? false)
  }

  public var record: StepRecord {
    StepRecord("average", .strings(names), takesComplex ? [(Self.complexKey, .bool(true))] : [])
  }

  public func summary(_: ResolvedFields) -> String { "average with \(quoted(names))" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    if others.isEmpty { throw SurgeryError(.badPattern, "names no other checkpoint") }
    var outcome = StepOutcome()
    let dicts = try others.map { other in
      try other.stateDict ?? weights(of: other.name, like: draft, &outcome)
    }
    for (name, dict) in zip(names, dicts) { try requireSameKeys(draft, name, dict) }
    let before = draft
    var done: [[ViewIdentity]: Tensor] = [:]
    var others: [String] = []
    for index in draft.entries.indices {
      let entry = draft.entries[index]
      let tensors = [entry.tensor] + dicts.compactMap { $0[entry.name] }
      for (name, tensor) in zip(names, tensors.dropFirst()) where tensor.shape != entry.tensor.shape {
        throw entry.doesNotFit("in \(name) it has \(tensor.shape)")
      }
      let dtype = entry.tensor.dtype
      guard dtype.floatFormat != nil || dtype.isComplex else {
        others.append(entry.name)
        continue
      }
      if dtype.isComplex, !takesComplex {
        throw entry.doesNotFit(
          "it holds complex numbers",
          remedies: [.setting("average-complex", value: "FILE", "averages their real and imaginary parts")])
      }
      for (name, tensor) in zip(names, tensors.dropFirst())
      where dtype.isComplex ? !tensor.dtype.isComplex : tensor.dtype.floatFormat == nil {
        throw entry.doesNotFit("it is \(dtype), and in \(name) it is \(tensor.dtype)")
      }
      outcome.touched.append(entry.name)
      let identities = tensors.map { ViewIdentity($0) }
      let mean = try done[identities] ?? entry.fitting { try Self.mean(tensors) }
      done[identities] = mean
      draft.entries[index].tensor = mean
    }
    tellUntied(before, draft, &outcome)
    if !others.isEmpty {
      outcome.notes.append(
        "\(others.count) keys hold no floating-point numbers and are the first's: \(others.summary)")
    }
    outcome.recordKeys()
    return outcome
  }

  /// Tells which names were one tensor here and are not in the others, so that their means differ.
  private func tellUntied(_ before: Draft, _ after: Draft, _ outcome: inout StepOutcome) {
    let pairs = zip(before.entries, after.entries).filter { $0.0.tensor.elementCount > 0 }
    for group in pairs.grouped(by: { ViewIdentity($0.0.tensor) }) {
      let (one, other) = (group.members[0], group.members.dropFirst())
      let apart = other.filter { ViewIdentity($0.1.tensor) != ViewIdentity(one.1.tensor) }.map(\.0.name)
      if !apart.isEmpty {
        outcome.notes.append(
          "\(apart.summary) \(apart.count == 1 ? "was" : "were") one tensor with \(one.0.name), and "
            + "\(apart.count == 1 ? "is" : "are") not elsewhere: the means differ")
      }
    }
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let keys = resolved.names(ResolvedFields.keys) else { return .unknown }
    let isMean = keys.contains { ExactString($0) == ExactString(name) }
    return .all([name], and: isMean ? names.map { .init(file: $0, name: name) } : [])
  }

  /// The weights of another checkpoint, or its EMA where an EMA is averaged: the two are not averaged with each other.
  private func weights(of name: String, like draft: Draft, _ outcome: inout StepOutcome) throws -> StateDict {
    var other = try draft.draft(of: name)
    let isEMA = try TakeEMA.isAlready(other.inputs) != nil
    let mayBeAny = { (inputs: Inputs) in inputs.wrapper.isEmpty && inputs.siblings.isEmpty }
    guard try draft.takenEMA != nil || TakeEMA.isAlready(draft.inputs) != nil else {
      if !isEMA {
        let note =
          "each has an EMA beside its weights, of which nothing is taken: take-ema before it averages those"
        if [draft, other].allSatisfy({ $0.inputs.siblings.contains(where: TakeEMA.isEMA) }),
          !outcome.notes.contains(note)
        {
          outcome.notes.append(note)
        }
        return try other.stateDict()
      }
      guard mayBeAny(draft.inputs) else {
        throw SurgeryError(
          .impossible, "has an EMA in \(name), and weights that are none here",
          remedies: [.setting("take-ema", "takes the EMA of each")])
      }
      outcome.notes.append("\(name) holds an EMA, and these are taken for one: nothing in the file says so")
      return try other.stateDict()
    }
    let taken = try (draft.takenEMA ?? TakeEMA()).apply(to: &other)
    if other.takenEMA == nil {
      guard mayBeAny(other.inputs) else {
        throw SurgeryError(
          .impossible, "has an EMA here, and \(name) none beside its weights",
          remedies: ["an average of both would be neither"] + (taken.unmatched.first?.remedies ?? []))
      }
      outcome.notes.append("\(name) is taken for an EMA: nothing in it says so")
    } else {
      outcome.notes += taken.notes.map { "of \(name): \($0)" }
    }
    return try other.stateDict()
  }

  private func requireSameKeys(_ draft: Draft, _ name: String, _ dict: StateDict) throws {
    let places = draft.places
    let extra = dict.names.filter { places[ExactString($0)] == nil }
    let missing = draft.names.filter { dict[$0] == nil }
    if missing.isEmpty, extra.isEmpty { return }
    var remedies: [Remedy] = []
    if !missing.isEmpty { remedies.append("not in \(name): \(missing.summary)") }
    if !extra.isEmpty { remedies.append("only in \(name): \(extra.summary)") }
    remedies.append("average before the steps that change names")
    throw SurgeryError(.impossible, "has other keys", remedies: remedies)
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
    ) { range, reading in
      var sums = try readers[0].numbers(range, reading)
      for reader in readers.dropFirst() {
        for (index, number) in try reader.numbers(range, reading).enumerated() { sums[index] += number }
      }
      for index in sums.indices { sums[index] /= count }
      return sums
    }
  }
}
