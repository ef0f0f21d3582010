internal import SutureTensors

/// What the steps that change tensors have in common.
extension Step {
  /// Replaces the tensor of every entry that fits one of the patterns.
  ///
  /// Names that are the same view before are the same view after.
  func transform(
    _ texts: [String], _ draft: inout Draft, _ change: (Draft.Entry) throws -> Tensor
  ) throws -> Int {
    let hits = try touch(texts, &draft)
    var done: [ViewIdentity: Tensor] = [:]
    for index in draft.entries.indices where hits[index] {
      let entry = draft.entries[index]
      let identity = ViewIdentity(entry.tensor)
      let result = try done[identity] ?? fitting(entry) { try change(entry) }
      done[identity] = result
      draft.entries[index].tensor = result
    }
    return draft.touched.count
  }

  /// What a tensor cannot do is said of its key.
  func fitting<R>(_ entry: Draft.Entry, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as TensorError { throw doesNotFit(entry, "\(error)") }
  }

  /// Throws unless the tensor is a plain view of stored elements.
  func requirePlain(_ entry: Draft.Entry) throws {
    try fitting(entry) { try entry.tensor.requirePlain() }
  }

  /// Throws unless the tensor holds real floating-point numbers.
  func requireNumbers(_ entry: Draft.Entry) throws {
    try requirePlain(entry)
    if entry.tensor.dtype.floatFormat == nil {
      throw doesNotFit(entry, "its dtype is \(entry.tensor.dtype), not a floating one")
    }
  }

  /// An axis counted from the first, or from the last where it is negative.
  func axis(_ axis: Int, of entry: Draft.Entry) throws -> Int {
    let rank = entry.tensor.shape.count
    guard axis >= -rank, axis < rank else {
      throw doesNotFit(entry, "it has \(rank) axes, and none is \(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  func doesNotFit(_ entry: Draft.Entry, _ reason: String, hints: [String] = []) -> StepFailure {
    StepFailure(
      kind: .doesNotFit, reason: "does not fit \(entry.name) of shape \(entry.tensor.shape): \(reason)",
      hints: hints)
  }
}
