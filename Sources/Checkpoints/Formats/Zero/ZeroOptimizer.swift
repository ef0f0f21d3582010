internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// What the optimizer keeps of each parameter, whole: `optim.state.NAME.exp_avg` and so on, as DCP has it.
struct ZeroOptimizer {
  private let vectors: ZeroVectors
  private var run: ZeroRun { vectors.run }

  init(_ vectors: ZeroVectors) { self.vectors = vectors }

  /// How many tensors ``leaves()`` gives, without making them.
  var count: Int {
    vectors.groupSizes.enumerated().reduce(0) { sum, group in
      guard run.partitions[0].states.indices.contains(group.offset) else { return sum }
      let tensors = run.partitions[0].states[group.offset].count {
        if case .number = $0.state { false } else { true }
      }
      return sum.adding(saturating: tensors.multiplied(saturating: group.element))
    }
  }

  func leaves() throws -> [Leaf] {
    let parameters = try vectors(run.partitions.map(\.vectors)).map { ($0.parameter.name, $0.group) }
    var found = [[Leaf]](repeating: [], count: parameters.count)
    for name in names {
      if let whole = try states(name) {
        for (place, entry) in whole.enumerated() {
          found[place].append(Leaf(Self.path(parameters[place].0, name), entry.tensor))
        }
        continue
      }
      // A number of a group is one of each of its parameters.
      for (place, (parameter, group)) in parameters.enumerated() {
        guard let state = state(name, of: group, in: run.partitions[0]) else { continue }
        let path = Self.path(parameter, name)
        switch state {
        case .scalar(let tensor): found[place].append(Leaf(path, tensor))
        case .number(let number):
          found[place].append(
            Leaf(components: path, content: .value, kind: "int", text: String(number), opaqueDepths: []))
        case .vector: break
        }
      }
    }
    return found.flatMap(\.self)
  }

  private static func path(_ parameter: String, _ name: String) -> [String] {
    ["optim", "state", parameter, name]
  }

  /// The names under which anything is kept, in the order in which they come.
  private var names: [String] {
    var names: [String] = []
    for item in run.partitions[0].states.joined() where !names.contains(item.name) { names.append(item.name) }
    return names
  }

  private func state(_ name: String, of group: Int, in partition: ZeroPartition) -> ZeroPartition.State? {
    guard partition.states.indices.contains(group) else { return nil }
    return partition.states[group].last { $0.name == name }?.state
  }

  /// What the vectors of a name make; `nil` where not every rank has one for each of its own.
  private func states(_ name: String) throws
    -> [(parameter: ZeroParameter, group: Int, tensor: Tensor)]?
  {
    var ranks: [[Tensor]] = []
    for partition in run.partitions {
      var tensors: [Tensor] = []
      for (group, weights) in partition.vectors.enumerated() {
        guard case .vector(let tensor) = state(name, of: group, in: partition),
          tensor.elementCount >= weights.elementCount
        else { return nil }
        // The padding behind the last rank's stretch is left out of the weights only.
        tensors.append(try tensor.sliced(0..<weights.elementCount, axis: 0))
      }
      ranks.append(tensors)
    }
    return try vectors(ranks)
  }
}
