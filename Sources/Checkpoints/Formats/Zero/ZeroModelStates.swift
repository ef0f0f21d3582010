internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// A parameter, as the model states tell it.
struct ZeroParameter {
  let name: String
  let shape: [Int]
  let count: Int
}

/// What the file of the model states says: everything but the optimizer.
///
///     module                    the whole model in the dtype of training; at stage 3 its parameters are empty tensors
///     buffer_names              which of these are buffers
///     param_shapes              [{name: torch.Size}], a dict for each group: the order in which the flat vectors hold them
///     frozen_param_shapes       {name: torch.Size} of what does not train
///     frozen_param_fragments    {name: tensor}: whole at stages 1 and 2, a flat piece of each rank at stage 3
///     shared_params             {name: name of the one that holds it}
///     dp_world_size, mp_world_size, global_steps, ds_version, … and what the caller added
struct ZeroModelStates {
  let file: String
  /// What the file holds; `nil` where that is not kept, as of the ranks of stage 3 but one, which say the same again.
  private(set) var part: PickledPart?
  let warnings: [String]
  let globals: [Checkpoint.Global]
  let bufferNames: [String]
  /// The parameters that train, a group each; `nil` where the file is of no ZeRO.
  let groups: [[ZeroParameter]]?
  let frozen: [ZeroParameter]
  let shared: [(name: String, holder: String)]
  private let fragments: [ExactString: Tensor]
  private let numbers: [String: Int]

  init(_ part: PickledPart, file: String) throws {
    (self.part, self.file, warnings, globals) = (part, file, part.warnings, part.globals)
    let fields = Fields(part: part)
    bufferNames =
      try fields["buffer_names"].map { id in
        guard let items = part.graph.items(id) else { throw fields.malformed("buffer_names") }
        return items.compactMap { part.graph.string($0) }
      } ?? []
    // Before there were lists of them, one dict of all groups.
    groups = try fields["param_shapes"].map { id in
      try (part.graph.items(id) ?? [id]).map { try fields.parameters($0, "param_shapes") }
    }
    frozen = try fields["frozen_param_shapes"].map { try fields.parameters($0, "frozen_param_shapes") } ?? []
    shared = try fields.named("shared_params").map { item in
      guard let holder = part.graph.string(item.value) else { throw fields.malformed("shared_params") }
      return (item.name, holder)
    }
    let pieces = try fields.named("frozen_param_fragments").map {
      (ExactString($0.name), try part.tensor($0.value))
    }
    fragments = Dictionary(pieces) { $1 }
    var numbers: [String: Int] = [:]
    for name in Self.compared {
      numbers[name] = part.graph.item(name, of: part.root).flatMap { part.graph.int($0) }
    }
    self.numbers = numbers
  }

  var parameters: [ZeroParameter] { (groups ?? []).flatMap(\.self) }

  /// Numbers at the top that are the same in the files of all ranks.
  static let compared = ["global_steps", "dp_world_size"]

  /// One of them, where it is said.
  func number(_ name: String) -> Int? { numbers[name] }

  /// What of a parameter that does not train is in this file.
  func fragment(_ name: String) -> Tensor? { fragments[ExactString(name)] }

  /// What of all such parameters is in this file.
  var fragmentTensors: [Tensor] { Array(fragments.values) }

  /// The same without everything that only one file need say.
  var ofOtherRank: Self {
    var copy = self
    copy.part = nil
    return copy
  }

  /// What stands in `module`, without that word, and what is said by none of the fields above.
  func leaves() throws -> (module: [Leaf], others: [Leaf]) {
    let leaves = try part?.leaves() ?? []
    return (
      leaves.filter { $0.components.count > 1 && $0.components[0] == "module" }.map(\.withoutFirst),
      leaves.filter { leaf in leaf.components.first.map { !Self.fields.contains($0) } ?? true }
    )
  }

  private static let fields: Set<String> = [
    "module", "buffer_names", "param_shapes", "frozen_param_shapes", "frozen_param_fragments",
    "shared_params",
  ]

  /// The values of the dict that the file is, as they are needed here.
  private struct Fields {
    let part: PickledPart

    subscript(name: String) -> PickleID? {
      guard let id = part.graph.item(name, of: part.root) else { return nil }
      if case .none = part.graph[id] { return nil }
      return id
    }

    func named(_ name: String) throws -> [(name: String, value: PickleID)] {
      guard let id = self[name] else { return [] }
      guard let items = part.graph.namedItems(id) else { throw malformed(name) }
      return items
    }

    func parameters(_ id: PickleID, _ what: String) throws -> [ZeroParameter] {
      guard let items = part.graph.namedItems(id) else { throw malformed(what) }
      return try items.map { item in
        guard let shape = part.graph.integers(item.value), shape.allSatisfy({ $0 >= 0 }),
          let count = try? Shape.elementCount(shape)
        else {
          throw part.object.tensors.malformed(
            "the shape of \(item.name.shownName) in \(what) cannot be right", at: item.value)
        }
        return ZeroParameter(name: item.name, shape: shape, count: count)
      }
    }

    func malformed(_ what: String) -> Failure {
      part.object.tensors.malformed("\(what) is not as DeepSpeed writes it", at: part.root)
    }
  }
}

extension Leaf {
  /// The same without the first component of its path.
  fileprivate var withoutFirst: Leaf {
    Leaf(
      components: Array(components.dropFirst()), content: content, kind: kind, text: text,
      opaqueDepths: opaqueDepths.map { $0 - 1 }, isOfAttribute: isOfAttribute, id: id)
  }
}
