internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// What the file of the optimizer's states of one rank holds.
///
///     optimizer_state_dict
///       zero_stage                           1, 2 or 3, a number or an enumeration; BF16_Optimizer has none
///       partition_count                      how many ranks there are, or a list, a group each
///       single_partition_of_fp32_groups      stages 1 and 2: this rank's stretch of each group's vector
///       fp32_flat_groups                     stage 3: one behind the other this rank's pieces of all parameters
///       param_slice_mappings                 stages 1 and 2: [{name: {numel, start}}], where in the stretch what lies
///       param_alignment_paddings             [[n]]: how many elements follow each parameter in the vector
///       base_optimizer_state                 {"state": {group: {"exp_avg": vector, "step": …}}, …}, stages 1 and 2
///       optimizer_state_dict                 the same at stage 3
struct ZeroPartition {
  let file: String
  let part: PickledPart
  let stage: Int?
  /// How many ranks share each group.
  let counts: [Int]
  /// The fp32 vectors: of stages 1 and 2 a group each.
  let vectors: [Tensor]
  /// Whether each rank has a piece of each parameter, instead of a stretch of all.
  let isOfStage3: Bool
  let alignment: [[Int]]

  /// Where in this rank's stretch of a group a parameter lies.
  struct Slice: Equatable {
    let start: Int
    let count: Int
  }
  /// A group each; `nil` where nothing is said.
  let slices: [[ExactString: Slice]]?
  /// What the optimizer keeps of each vector, by name.
  let states: [[(name: String, state: State)]]

  init(_ part: PickledPart, file: String) throws {
    (self.part, self.file) = (part, file)
    let graph = part.graph
    func malformed(_ what: String) -> Failure { part.object.tensors.malformed(what, at: part.root) }
    guard let optimizer = graph.item("optimizer_state_dict", of: part.root), graph.pairs(optimizer) != nil
    else {
      throw malformed("there is no optimizer_state_dict in it, which DeepSpeed writes")
    }
    func field(_ name: String) -> PickleID? { graph.item(name, of: optimizer) }
    stage = field("zero_stage").flatMap { graph.enumerated($0) }
    counts = field("partition_count").flatMap { graph.int($0).map { [$0] } ?? graph.integers($0) } ?? []
    guard counts.allSatisfy({ (1...Self.mostRanks).contains($0) }) else {
      throw malformed("partition_count \(counts) cannot be")
    }
    let flat = field("fp32_flat_groups")
    guard let groups = flat ?? field("single_partition_of_fp32_groups"), let tensors = graph.items(groups)
    else {
      throw malformed(
        "there are no fp32 partitions in it (single_partition_of_fp32_groups, fp32_flat_groups)")
    }
    isOfStage3 = flat != nil
    guard stage == nil || (stage == 3) == isOfStage3 else {
      throw malformed("it is of stage \(stage ?? 0), and has the partitions of another")
    }
    vectors = try tensors.map { try part.tensor($0) }
    alignment =
      try field("param_alignment_paddings").flatMap { graph.items($0) }?.map { id in
        guard let numbers = graph.integers(id), numbers.allSatisfy({ $0 >= 0 }) else {
          throw malformed("param_alignment_paddings is not as DeepSpeed writes it")
        }
        return numbers
      } ?? []
    slices = field("param_slice_mappings").flatMap { graph.items($0) }?.map { id in
      let items = (graph.namedItems(id) ?? []).compactMap { item -> (ExactString, Slice)? in
        guard let start = graph.attribute("start", of: item.value).flatMap({ graph.int($0) }),
          let count = graph.attribute("numel", of: item.value).flatMap({ graph.int($0) })
        else { return nil }
        return (ExactString(item.name), Slice(start: start, count: count))
      }
      return Dictionary(items) { $1 }
    }
    states = try Self.states(optimizer, part, isOfStage3: isOfStage3, count: vectors.count)
  }

  private static let mostRanks = 1_000_000

  // MARK: The optimizer

  /// What the optimizer keeps of a vector.
  enum State {
    /// A number for each element.
    case vector(Tensor)
    /// A number for all of them.
    case scalar(Tensor)
    case number(Int)
  }

  private static func states(
    _ optimizer: PickleID, _ part: PickledPart, isOfStage3: Bool, count: Int
  ) throws -> [[(name: String, state: State)]] {
    let graph = part.graph
    func states(in group: PickleID) throws -> [(name: String, state: State)] {
      try (graph.namedItems(group) ?? []).compactMap { item in
        if let number = graph.int(item.value) { return (item.name, .number(number)) }
        guard part.object.tensors.isTensor(item.value) else { return nil }
        let tensor = try part.tensor(item.value)
        switch tensor.shape.count {
        case 0: return (item.name, .scalar(tensor))
        case 1: return (item.name, .vector(tensor))
        default: return nil
        }
      }
    }
    let none = [[(name: String, state: State)]](repeating: [], count: count)
    guard
      let base = graph.item(isOfStage3 ? "optimizer_state_dict" : "base_optimizer_state", of: optimizer)
    else { return none }
    // The elastic form is a list of what each group has.
    if let groups = graph.items(base) {
      return groups.count == count ? try groups.map { try states(in: $0) } : none
    }
    guard let pairs = graph.item("state", of: base).flatMap({ graph.pairs($0) }) else { return none }
    var found: [Int: PickleID] = [:]
    for pair in pairs { if let key = graph.int(pair.key) { found[key] = pair.value } }
    return try (0..<count).map { try found[$0].map { try states(in: $0) } ?? [] }
  }

  /// The tensors of all states.
  var stateTensors: [Tensor] {
    states.joined().compactMap { item in
      switch item.state {
      case .vector(let tensor), .scalar(let tensor): tensor
      case .number: nil
      }
    }
  }

  /// What else the optimizer holds: under `optim`, and then where it stands in the file.
  func otherLeaves() throws -> [Leaf] {
    try part.leaves().filter { leaf in
      leaf.tensor == nil && leaf.refusal == nil && leaf.components.first == "optimizer_state_dict"
    }.map { leaf in
      Leaf(
        components: ["optim"] + leaf.components.dropFirst(), content: leaf.content, kind: leaf.kind,
        text: leaf.text, opaqueDepths: leaf.opaqueDepths)
    }
  }
}

extension PickleGraph {
  /// The number that a value is, or that a member of an enumeration was made of.
  fileprivate func enumerated(_ id: PickleID) -> Int? {
    if let number = int(id) { return number }
    guard case .object(let object) = self[id] else { return nil }
    return object.arguments.first.flatMap { int($0) }
  }
}
