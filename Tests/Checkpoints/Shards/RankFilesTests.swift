import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// Folders in which each rank has its own file, with its parts of the tensors.
@Suite struct `The files of ranks` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What one rank has of a DTensor of float32, cut along its first axis.
  private struct Part {
    var mesh: [Int] = [2]
    var coordinate: [Int]
    var placements: [(name: String, items: [(String, Int)])] = [("Shard", [("dim", 0)])]
    var size = [3, 2]
    var values: [Float]
    var local: [Int]
    var rank: Int?
    /// Whether the mesh is written as before torch 2.10.
    var isOld = false
  }

  private static func write(_ part: Part, _ pickler: inout Pickler) {
    pickler.call(
      "torch._tensor", "_rebuild_from_type_v2", { $0.global("torch._utils", "_rebuild_wrapper_subclass") },
      { $0.global("torch.distributed.tensor", "DTensor") },
      {
        $0.tuple(of: [
          { $0.global("torch.distributed.tensor", "DTensor") }, { $0.global("torch", "float32") },
          { $0.tuple(part.size) },
        ])
      },
      { pickler in
        pickler.tuple(of: [
          { $0.none() },
          { pickler in
            pickler.dict([
              (
                "_local_tensor",
                { $0.tensor(part.local, strides: [part.local.last ?? 1, 1], count: part.values.count) }
              ),
              ("_spec", { spec(part, &$0) }),
            ])
          },
        ])
      })
  }

  private static func spec(_ part: Part, _ pickler: inout Pickler) {
    let placements: [Write] = part.placements.map { placement in
      {
        $0.object(
          "torch.distributed.tensor.placement_types", placement.name,
          placement.items.map { item in (item.0, { $0.int(item.1) }) })
      }
    }
    pickler.object(
      "torch.distributed.tensor._dtensor_spec", "DTensorSpec",
      [("mesh", { mesh(part, &$0) }), ("placements", { $0.tuple(of: placements) })])
  }

  private static func mesh(_ part: Part, _ pickler: inout Pickler) {
    var items: [(String, Write)] = [("_coordinate_on_dim", { $0.tuple(part.coordinate) })]
    if let rank = part.rank { items.append(("_rank", { $0.int(rank) })) }
    if part.isOld {
      items.append(
        (
          "mesh",
          { $0.tensor(part.mesh, strides: [1], key: "1", count: part.mesh.reduce(1, *), type: "IntStorage") }
        ))
    } else {
      let axes: [Write] = part.mesh.map { size in
        { $0.object("torch.distributed._mesh_layout", "_FlatLayout", [("shape", { $0.tuple([size]) })]) }
      }
      items.append(
        (
          "_layout",
          { $0.object("torch.distributed._mesh_layout", "_MeshLayout", [("axes", { $0.tuple(of: axes) })]) }
        ))
    }
    pickler.object("torch.distributed.device_mesh", "DeviceMesh", items)
  }

  private func save(_ name: String, _ part: Part, beside: [(String, Write)] = []) throws {
    let storages = [
      floatBytes(part.values), [UInt8](repeating: 0, count: 4 * part.mesh.reduce(1, *)), floatBytes([9]),
    ]
    try folder.write(
      name, try TorchFile(storages: storages) { $0.dict([("w", { Self.write(part, &$0) })] + beside) }.bytes)
  }

  private static let parts = [
    Part(coordinate: [0], values: [0, 1, 2, 3], local: [2, 2]),
    Part(coordinate: [1], values: [4, 5], local: [1, 2]),
  ]
  private static let numbers: [Float] = [0, 1, 2, 3, 4, 5]

  private func saveUsual(_ change: (inout Part, Int) -> Void = { _, _ in }) throws {
    for rank in 0..<2 {
      var part = Self.parts[rank]
      change(&part, rank)
      try save("model_world_size_2_rank_\(rank).pt", part)
    }
  }

  private func refusal(_ kind: FailureKind = .unreadable) -> String {
    let error = #expect(throws: (any Error).self) { _ = try Checkpoint.open(folder.path) } as? any SutureError
    #expect(error?.kind == kind)
    return error.map { "\($0)" } ?? ""
  }

  // MARK: What is read

  @Test(arguments: [false, true]) func `are one state dict, whichever torch wrote the mesh`(isOld: Bool)
    throws
  {
    try saveUsual { part, _ in part.isOld = isOld }
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.container == .rankFiles)
    #expect(checkpoint.sharding == .init(world: 2))
    #expect(checkpoint.stateDict["w"]?.shape == [3, 2])
    #expect(try checkpoint.stateDict["w"]?.floats() == Self.numbers)
  }

  @Test func `may be called rank0.pt and so on, and hold wrappers and values`() throws {
    for rank in 0..<2 {
      let part = Self.parts[rank]
      let storages = [floatBytes(part.values), floatBytes([0, 0])]
      try folder.write(
        "rank\(rank).pt",
        try TorchFile(storages: storages) {
          $0.dict([("model", { $0.dict([("w", { Self.write(part, &$0) })]) }), ("step", { $0.int(12) })])
        }.bytes)
    }
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.wrapper == ["model"])
    #expect(try checkpoint.stateDict["w"]?.floats() == Self.numbers)
    #expect(checkpoint.extras == [.init(path: "step", kind: "int", value: "12")])
  }

  @Test func `of another group are entered by its name, and never mixed in`() throws {
    try saveUsual()
    for rank in 0..<2 { try save("optim_world_size_2_rank_\(rank).pt", Self.parts[rank]) }
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.stateDict.count == 1)
    #expect(checkpoint.extras.map(\.path) == ["optim"])
    let optimizer = try Checkpoint.open(folder.path, key: "optim")
    #expect(try optimizer.stateDict["w"]?.floats() == Self.numbers)
  }

  @Test func `have what is on every rank once, and compare it`() throws {
    for rank in 0..<2 {
      try save("rank\(rank).pt", Self.parts[rank], beside: [("same", { $0.tensor([1], key: "2", count: 1) })])
    }
    #expect(try Checkpoint.open(folder.path).stateDict["same"]?.floats() == [9])
  }

  // MARK: What is refused

  @Test func `of which one is missing are refused, and it is named`() throws {
    try saveUsual()
    removeFile(folder.path + "/model_world_size_2_rank_1.pt")
    #expect(refusal().contains("model_world_size_2_rank_1.pt"))
  }

  @Test func `of a world that the configuration contradicts are refused`() throws {
    try saveUsual()
    try folder.write("fsdp_config.json", Array("{\"world_size\": 4}".utf8))
    #expect(refusal().contains("4 ranks saved"))
  }

  @Test func `that are copies of one another are refused`() throws {
    for rank in 0..<2 { try save("rank\(rank).pt", Self.parts[0]) }
    #expect(refusal().contains("w: no file has its part [2..<3, 0..<2]"))
    var part = Self.parts[0]
    part.rank = 0
    for rank in 0..<2 { try save("rank\(rank).pt", part) }
    #expect(refusal().contains("rank0.pt and rank1.pt were both written by rank 0"))
  }

  @Test func `that disagree on a shape are refused`() throws {
    try saveUsual { part, rank in
      if rank == 1 { part.size = [4, 2]; part.local = [2, 2]; part.values = [4, 5, 6, 7] }
    }
    #expect(refusal().contains("w is float32 [3, 2] in model_world_size_2_rank_0.pt, and float32 [4, 2] in"))
  }

  @Test func `whose tensor is not the part that its placements say are refused`() throws {
    try saveUsual { part, _ in part.local = [1, 2] }
    #expect(refusal().contains("has the part [0..<2, 0..<2] by its placements"))
  }

  @Test func `of sums and of unknown placements are refused by name`() throws {
    try saveUsual { part, _ in part.placements = [("Partial", [])] }
    #expect(refusal().contains("a DTensor that is the sum of what all ranks have"))
    try saveUsual { part, _ in part.placements = [("Ragged", [])] }
    #expect(refusal().contains("the placement Ragged"))
    try saveUsual { part, _ in part.placements = [("Shard", [("dim", 2)])] }
    #expect(refusal().contains("an axis that it does not have"))
    try saveUsual { part, _ in part.placements = [("_StridedShard", [("dim", 0), ("split_factor", 2)])] }
    #expect(refusal().contains("_StridedShard"))
  }

  @Test func `with a coordinate outside of the mesh are refused`() throws {
    try saveUsual { part, rank in part.coordinate = [rank * 2] }
    #expect(refusal().contains("[2] does not lie in a mesh of [2]"))
  }

  @Test func `of one flat parameter are refused by name`() throws {
    for rank in 0..<2 {
      try folder.write(
        "rank\(rank).pt",
        try TorchFile { $0.dict([("_fsdp_wrapped_module._flat_param", { $0.tensor() })]) }.bytes)
    }
    #expect(refusal().contains("_flat_param"))
  }

  @Test func `of which one calls something harmful are refused, and it is named`() throws {
    try saveUsual()
    try folder.write(
      "model_world_size_2_rank_1.pt",
      try TorchFile { $0.call("posix", "system", { $0.string("true") }) }.bytes)
    #expect(refusal(.unsafe).contains("model_world_size_2_rank_1.pt"))
  }

  // MARK: Rectangles

  @Test(arguments: [11, 8, 3, 1, 0]) func `tile a tensor, on one axis of a mesh or several, strided or not`(
    size: Int
  ) throws {
    let ways: [[MeshAxis.Placement]] = [
      [.shard(0), .shard(1)], [.shard(0), .shard(0)], [.strided(0, factor: 3), .shard(0)],
      [.replicate, .shard(1)],
    ]
    for way in ways {
      var boxes: [TensorBox] = []
      for x in 0..<2 {
        for y in 0..<3 {
          let axes = [
            MeshAxis(size: 2, coordinate: x, placement: way[0]),
            MeshAxis(size: 3, coordinate: y, placement: way[1]),
          ]
          let box = try MeshAxis.box(of: [size, 4], axes) { throw Failure(.unreadable, $0) }
          if !boxes.contains(box) { boxes.append(box) }
        }
      }
      try Tiling.check(boxes, shape: [size, 4])
    }
  }
}
