import SutureBytes
import SuturePickle
import TestSupport

/// A step of ZeRO, as DeepSpeed saves it; every part of it may be changed before it is written.
///
/// The elements of all parameters count up from 0, in their order.
struct ZeroSet {
  var stage: Int? = 2
  var world = 2
  /// Names and shapes, a group each: sizes that do not divide, one of no dimensions and an empty one among them.
  var groups: [[(name: String, shape: [Int])]] = [
    [("a", [3, 5]), ("b", [7])], [("c", []), ("d", [2, 0]), ("e", [2, 2])],
  ]
  var frozen: [(name: String, shape: [Int])] = [("old", [5])]
  var shared = [("twin", "b")]
  /// How many elements follow each parameter in the vector of its group.
  var alignment = 0
  /// Whether the last rank keeps its padding, as old releases and BF16_Optimizer do.
  var keepsPadding = false
  var prefix = "bf16_"
  /// What rank `r` says.
  var counts: (_ rank: Int) -> Int? = { _ in nil }
  var steps: (_ rank: Int) -> Float = { _ in 4 }
  var globalSteps: (_ rank: Int) -> Int = { _ in 4 }
  var slices: (_ rank: Int) -> [[(String, Int, Int)]]? = { _ in nil }
  /// Changes the vectors of a rank, a group each.
  var change: (_ rank: Int, inout [[Float]]) -> Void = { _, _ in }
  var hasShapes = true
  /// What else stands in the model states.
  var beside: [(String, Write)] = []

  var isOfStage3: Bool { stage == 3 }

  private static func count(_ shape: [Int]) -> Int { shape.reduce(1, *) }

  /// The elements of each parameter.
  var values: [String: [Float]] {
    var (values, next) = ([String: [Float]](), 0)
    for (name, shape) in groups.joined() {
      values[name] = (next..<(next + Self.count(shape))).map(Float.init)
      next += Self.count(shape)
    }
    return values
  }

  // MARK: Vectors

  /// What each rank has of each group.
  var vectors: [[[Float]]] {
    var ranks = [[[Float]]](repeating: [], count: world)
    for group in groups {
      var own = [[Float]](repeating: [], count: world)
      if isOfStage3 {
        for (name, _) in group {
          let elements = values[name] ?? []
          let piece = (elements.count + world - 1) / world
          let padded = elements + [Float](repeating: -1, count: piece * world - elements.count)
          for rank in 0..<world { own[rank] += padded[(rank * piece)..<((rank + 1) * piece)] }
        }
      } else {
        var whole: [Float] = []
        for (name, _) in group { whole += (values[name] ?? []) + [Float](repeating: -1, count: alignment) }
        let used = whole.count
        let unit = 2 * world
        whole += [Float](repeating: -1, count: (unit - whole.count % unit) % unit)
        let part = whole.count / world
        for rank in 0..<world {
          let end = keepsPadding ? (rank + 1) * part : min((rank + 1) * part, max(used, rank * part))
          own[rank] = Array(whole[(rank * part)..<end])
        }
      }
      for rank in 0..<world { ranks[rank].append(own[rank]) }
    }
    for rank in 0..<world { change(rank, &ranks[rank]) }
    return ranks
  }

  // MARK: Files

  func partitionName(_ rank: Int) -> String { "\(prefix)zero_pp_rank_\(rank)_mp_rank_00_optim_states.pt" }

  func modelName(_ rank: Int) -> String {
    isOfStage3 ? "zero_pp_rank_\(rank)_mp_rank_00_model_states.pt" : "mp_rank_00_model_states.pt"
  }

  func write(to folder: TemporaryFolder, in place: String = "") throws {
    for rank in 0..<world { try folder.write(place + partitionName(rank), try partition(rank)) }
    for rank in 0..<(isOfStage3 ? world : 1) { try folder.write(place + modelName(rank), try model(rank)) }
  }

  /// A vector of float32.
  private static func vector(_ values: [Float], key: Int) -> Write {
    { $0.tensor([values.count], key: String(key), count: values.count) }
  }

  func partition(_ rank: Int) throws -> [UInt8] {
    let own = vectors[rank]
    // Behind the weights what the optimizer keeps, the negative numbers of them, and the steps.
    let storages = own.map(floatBytes) + own.map { floatBytes($0.map { -$0 }) } + [floatBytes([steps(rank)])]
    let tensors: [Write] = own.indices.map { Self.vector(own[$0], key: $0) }
    let states: [(key: Int, write: Write)] = own.indices.map { group in
      (
        group,
        {
          $0.dict([
            ("step", { $0.tensor([], strides: [], key: String(2 * own.count), count: 1) }),
            ("exp_avg", Self.vector(own[group], key: own.count + group)),
          ])
        }
      )
    }
    let base: Write = { pickler in
      pickler.dict([
        (
          "state",
          { pickler in
            pickler.emptyDict()
            pickler.mark()
            for state in states {
              pickler.int(state.key)
              state.write(&pickler)
            }
            pickler.setItems()
          }
        )
      ])
    }
    var items: [(String, Write)] = []
    if let stage {
      items.append(
        ("zero_stage", { $0.call("deepspeed.runtime.zero.config", "ZeroStageEnum", { $0.int(stage) }) }))
    }
    let count = counts(rank) ?? world
    if isOfStage3 {
      items += [
        ("partition_count", { $0.int(count) }), ("fp32_flat_groups", { $0.list(tensors) }),
        ("optimizer_state_dict", base),
      ]
    } else {
      items += [
        (
          "partition_count",
          { [groups] in $0.list([Write](repeating: { $0.int(count) }, count: groups.count)) }
        ),
        ("single_partition_of_fp32_groups", { $0.list(tensors) }), ("base_optimizer_state", base),
      ]
      if alignment > 0 {
        let rows: [Write] = groups.map { group in
          { [alignment] in $0.list([Write](repeating: { $0.int(alignment) }, count: group.count)) }
        }
        items.append(("param_alignment_paddings", { $0.list(rows) }))
      }
      if let slices = slices(rank) {
        let rows: [Write] = slices.map { group in
          {
            $0.dict(
              group.map { slice in
                (
                  slice.0,
                  {
                    $0.object(
                      "deepspeed.utils.tensor_fragment", "fragment_address",
                      [("numel", { $0.int(slice.2) }), ("start", { $0.int(slice.1) })])
                  }
                )
              })
          }
        }
        items.append(("param_slice_mappings", { $0.list(rows) }))
      }
    }
    return try TorchFile(storages: storages) {
      $0.dict([("optimizer_state_dict", { $0.dict(items) }), ("ds_version", { $0.string("0.19.8") })])
    }.bytes
  }

  func model(_ rank: Int) throws -> [UInt8] {
    // Storage 0 is of buffers, 1 of what does not train, 2 of the 16-bit model.
    var storages = [floatBytes([0.5, 1.5]), floatBytes([100, 101, 102, 103, 104])]
    if isOfStage3 {
      let piece = (5 + world - 1) / world
      let padded: [Float] = [100, 101, 102, 103, 104] + [Float](repeating: -1, count: piece * world - 5)
      storages[1] = floatBytes(Array(padded[(rank * piece)..<((rank + 1) * piece)]))
    }
    let fragment = isOfStage3 ? [(5 + world - 1) / world] : [5]
    storages.append([UInt8](repeating: 0, count: 2 * (values.values.map(\.count).max() ?? 1)))
    let largest = storages[2].count / 2
    var module: [(String, Write)] = [("scale", { $0.tensor([2], count: 2) })]
    for (name, shape) in groups.joined() {
      let sizes = isOfStage3 ? [0] : shape
      var (step, strides) = (1, [Int]())
      for size in sizes.reversed() {
        strides.insert(step, at: 0)
        step *= max(size, 1)
      }
      module.append(
        (
          name,
          { [strides] in $0.tensor(sizes, strides: strides, key: "2", count: largest, type: "BFloat16Storage")
          }
        ))
    }
    for (name, _) in frozen {
      module.append(
        (
          name,
          { [isOfStage3] in
            $0.tensor(
              isOfStage3 ? [0] : [5], key: isOfStage3 ? "2" : "1",
              count: isOfStage3 ? largest : 5, type: isOfStage3 ? "BFloat16Storage" : "FloatStorage")
          }
        ))
    }
    let shapes: [Write] = groups.map { group in
      { $0.dict(group.map { parameter in (parameter.name, { $0.size(parameter.shape) }) }) }
    }
    var items: [(String, Write)] = [
      ("module", { $0.dict(module) }), ("buffer_names", { $0.list([{ $0.string("scale") }]) }),
      (
        "frozen_param_shapes",
        { [frozen] in $0.dict(frozen.map { item in (item.name, { $0.size(item.shape) }) }) }
      ),
      (
        "shared_params",
        { [shared] in
          $0.dict(rank == 0 ? shared.map { pair in (pair.0, { $0.string(pair.1) }) } : [])
        }
      ),
      ("dp_world_size", { [world] in $0.int(world) }),
      ("global_steps", { [globalSteps] in $0.int(globalSteps(rank)) }), ("epoch", { $0.int(3) }),
    ]
    if stage == 1 {
      items.append(("frozen_param_fragments", { $0.none() }))
      items.removeAll { $0.0 == "frozen_param_shapes" }
    } else {
      items.append(
        (
          "frozen_param_fragments",
          { [frozen] in
            $0.dict(frozen.map { item in (item.name, { $0.tensor(fragment, key: "1", count: fragment[0]) }) })
          }
        ))
    }
    if hasShapes { items.append(("param_shapes", { $0.list(shapes) })) }
    return try TorchFile(storages: storages) { $0.dict(items + beside) }.bytes
  }
}
