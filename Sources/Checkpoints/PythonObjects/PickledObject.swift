internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// The object of a checkpoint, and what its references mean: what every container of PyTorch comes down to.
struct PickledObject {
  let graph: PickleGraph
  let location: PickleLocation
  let limits: ReadLimits
  let tensors: TensorBuilder
  let values: PythonValues

  init(
    graph: PickleGraph, location: PickleLocation, references: any References, limits: ReadLimits,
    isBigEndian: Bool = false, script: ScriptClasses? = nil, nesting: Int = 0
  ) {
    (self.graph, self.location, self.limits) = (graph, location, limits)
    tensors = TensorBuilder(
      graph: graph, location: location, references: references, isBigEndian: isBigEndian,
      nested: NestedStorages(depth: nesting, limits: limits))
    values = PythonValues(graph: graph, tensors: tensors, script: script)
  }

  /// What ``Checkpoint`` shows of a file.
  struct Contents {
    var choice: WrapperChoice
    var modules: [Checkpoint.Module]
    var globals: [Checkpoint.Global]
    /// The first opcode that the machine of `torch.load(weights_only=True)` lacks.
    var foreignOpcode: String?
    var warnings: [String]
    /// The other pickles of the file that cannot be read to their ends.
    var unreadPickles: [Integrity.Problem] = []
    /// The object, to be made plain data of where someone asks.
    var object: PlainSource
    var provenance: Provenance?
  }

  /// Finds the state dict, and accounts for everything else.
  func contents(key: String?, warnings: [String]) throws -> Contents {
    Log.debug(
      "\(location.record ?? location.path): a pickle of \(graph.streamByteCount) bytes makes \(graph.valueCount) values"
    )
    let judgement = GlobalJudgement(graph, location)
    var warnings = warnings
    var tainted: Set<PickleID> = []
    if !judgement.harmfulCalls.isEmpty {
      tainted = judgement.tainted
      guard limits.salvages else { throw try harmful(judgement, tainted) }
      warnings.append("the pickle calls \(judgement.sentence): what depends on it is left out")
    }
    try tensors.checkReferences()
    var walk = LeafWalk(self, leavingOut: tainted)
    try walk.run()
    let choice = try WrapperChoice(walk.leaves, key: key, modules: walk.modules, path: location.path)
    warnings += try hiddenTensors(walk, tainted)
    Log.debug(
      "\(location.path): \(walk.leaves.count) leaves, \(choice.stateDict.count) of them in the state dict under "
        + "\"\(choice.wrapper.joined(separator: "."))\"; \(walk.modules.count) modules")
    if let sentence = choice.besideSentence { warnings.append(sentence) }
    if !graph.halfTexts.isEmpty {
      warnings.append(
        "\(Format.plural(graph.halfTexts.count, "text")) with half characters (lone surrogates), for which UTF-8 has no bytes, "
          + "\(graph.halfTexts.count == 1 ? "is" : "are") shown as bytes")
    }
    if !choice.unread.isEmpty {
      warnings.append(
        "left out: \(Format.plural(choice.unread.count, "tensor")) of a kind that is not read: "
          + choice.unread.map(\.shownName).summary)
    }
    if !walk.attributed.isEmpty {
      warnings.append(
        "left out: what was set in Python on \(Format.plural(walk.attributed.count, "tensor")): "
          + walk.attributed.map(\.shownName).summary)
    }
    if !walk.oddArrays.isEmpty {
      warnings.append(
        "left out: \(Format.plural(walk.oddArrays.count, "array")) of a dtype that torch lacks, masked, or not as NumPy writes them: "
          + walk.oddArrays.map(\.shownName).summary)
    }
    let inside = choice.leftInside
    if inside > 0 {
      let what =
        inside == 1
        ? "1 tensor lies inside an object or is an attribute of a module"
        : "\(inside) tensors lie inside objects or are attributes of modules"
      warnings.append("\(what); the key . shows all under their full paths")
    }
    return Contents(
      choice: choice, modules: walk.modules, globals: judgement.globals, foreignOpcode: graph.foreignOpcode,
      warnings: warnings, object: PlainSource(self, choice))
  }

  // MARK: Safety

  /// Refuses a pickle that calls something harmful.
  func checkSafety() throws {
    let judgement = GlobalJudgement(graph, location)
    if judgement.harmfulCalls.isEmpty || limits.salvages { return }
    throw try harmful(judgement, judgement.tainted)
  }

  private func harmful(_ judgement: GlobalJudgement, _ tainted: Set<PickleID>) throws -> Failure {
    var walk = LeafWalk(self, leavingOut: tainted)
    try? walk.run()
    let count = walk.leaves.count { $0.tensor != nil }
    var remedies: [Remedy] = [
      "do not load this file in Python",
      .advice(
        "nothing was executed; \(Format.plural(count, "tensor")) in it \(count == 1 ? "does" : "do") not depend on that"
      ),
    ]
    if count > 0 { remedies.append(.setting("salvage", "takes these, and leaves out the rest")) }
    return location.failure(
      "the pickle calls \(judgement.sentence), if Python loads it",
      at: judgement.harmfulCalls.first.map { graph.offset(of: $0) }, remedies: remedies, kind: .unsafe
    ).of(.harmfulCall)
  }

  /// Finds tensors that the walk never met: arguments of functions we know nothing of, or keys of dicts.
  ///
  /// What such a function would have made of a tensor cannot be known, so they are reported, never shown as the
  /// result. A file that holds no others is refused.
  private func hiddenTensors(_ walk: LeafWalk, _ tainted: Set<PickleID>) throws -> [String] {
    let unmet = graph.ids.filter { !walk.isMet[$0] && tensors.isTensor($0) }
    if unmet.isEmpty { return [] }
    // What a tensor that was met is made of has been met with it.
    let met = graph.reachable(from: walk.tensorIDs)
    let hidden = Set(unmet.filter { !met.contains($0) })
    if hidden.isEmpty || !tainted.isEmpty { return [] }
    let callables = graph.callables(thatAreGiven: hidden)
    let names = callables.isEmpty ? "something" : callables.map(\.shownName).joined(separator: ", ")
    let sentence =
      hidden.count == 1
      ? "1 tensor is only an argument of \(names), which is unknown here"
      : "\(hidden.count) tensors are only arguments of \(names), which is unknown here"
    if !walk.tensorIDs.isEmpty {
      return [sentence + "; what it would return is not known, so they are left out"]
    }
    // What torch itself makes of tensors is a kind that is not read; nothing of it is unsafe.
    let isTorch = !callables.isEmpty && callables.allSatisfy { $0.hasPrefix("torch.") }
    throw location.failure(
      isTorch
        ? "its tensors are of a kind that is not read: \(callables.map(\.shownName).joined(separator: ", ")) makes them of "
          + Format.plural(hidden.count, "other")
        : sentence + ", and there are no others", at: 0,
      remedies: [
        isTorch
          ? "in Python: make ordinary tensors of them, and save these"
          : "what it would return cannot be known without running it, so nothing is shown as its result"
      ],
      kind: isTorch ? .unreadable : .unsafe
    ).of(isTorch ? nil : .unknownCall)
  }
}

extension PickleGraph {
  /// Every value that can be come to from `roots` through calls and containers, the roots among them; no more than `most`.
  ///
  /// - Complexity: O(*n*) in the number of values.
  func reachable(from roots: some Sequence<PickleID>, atMost most: Int = .max) -> Set<PickleID> {
    var found: Set<PickleID> = []
    var waiting = Array(roots)
    while found.count < most, let id = waiting.popLast() {
      guard found.insert(id).inserted else { continue }
      switch self[id] {
      case .object(let object):
        // A million calls may share a tuple of a million arguments.
        waiting += [object.callable] + (object.argumentTuple.map { [$0] } ?? object.arguments) + object.states
      default: waiting += items(in: id)
      }
    }
    return found
  }

  /// The names of up to three functions, none of which only keeps its items, that are given one of `values`, or a container
  /// that holds one, or one that holds such a container.
  ///
  /// - Complexity: O(*n*) in the number of values, whatever they share.
  fileprivate func callables(thatAreGiven values: Set<PickleID>) -> [String] {
    var given = values
    for _ in 0..<2 {
      let holders = ids.filter { id in items(in: id).contains { given.contains($0) } }
      given.formUnion(holders)
    }
    var areGiven: [PickleID: Bool] = [:]
    var callables: [String] = []
    for (_, value) in all {
      guard callables.count < 3, case .object(let object) = value else { continue }
      let isGiven =
        object.argumentTuple.flatMap { areGiven[$0] } ?? object.arguments.contains { given.contains($0) }
      if let tuple = object.argumentTuple { areGiven[tuple] = isGiven }
      guard isGiven, let name = callableName(object.callable), !callables.contains(name),
        !PythonValues.dictClasses.contains(name)
      else { continue }
      callables.append(name)
    }
    return callables
  }

  /// What a tuple, a list or a dict holds, one of the standard library's classes too.
  private func items(in id: PickleID) -> [PickleID] {
    switch self[id] {
    case .dict(let pairs): pairs.map(\.value)
    case .object(let object) where globalName(object.callable).map(PythonValues.dictClasses.contains) == true:
      object.items.map(\.value)
    default: items(id) ?? []
    }
  }
}
