internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

// How torch pickles the part of a tensor that one rank has:
//
//   _rebuild_from_type_v2(_rebuild_wrapper_subclass, DTensor, (class, dtype, size, stride, …), state)
//     state       (None, {"_local_tensor": tensor, "_spec": DTensorSpec})
//     DTensorSpec mesh, placements
//     placements  Shard {dim}, Replicate, Partial, _StridedShard {dim, split_factor}, one for each axis of the mesh
//     DeviceMesh  _coordinate_on_dim, and its shape: _layout.axes[].shape since torch 2.10, before that the tensor `mesh`
//
//   _rebuild_from_type_v2(_rebuild_wrapper_subclass, ShardedTensor, (…), state)
//     state       ([Shard], ShardedTensorMetadata, …)
//     Shard       tensor, metadata: ShardMetadata {shard_offsets, shard_sizes}
//
// The modules of these classes have moved between releases, and their names are enough.

/// The part of a tensor that the file of one rank holds.
struct DistributedTensor {
  let dtype: DType
  /// The sizes of the whole.
  let shape: [Int]
  /// The rectangles that the rank has.
  private(set) var parts: [(start: [Int], tensor: Tensor)] = []
  /// How many ranks the mesh has; `nil` where there is none.
  private(set) var meshSize: Int?
  /// The rank of the process that wrote the file, where the mesh says.
  private(set) var rank: Int?

  private let part: PickledPart
  private var graph: PickleGraph { part.graph }

  /// `nil` where the value is no such tensor.
  ///
  /// - Throws: `Failure` where it is one, and cannot be right or is not read.
  init?(_ id: PickleID, in part: PickledPart) throws {
    self.part = part
    let graph = part.graph
    var id = id
    // A parameter of one.
    while case .object(let object) = graph[id], let first = object.arguments.first,
      graph.globalName(object.callable)?.hasPrefix("torch._utils._rebuild_parameter") == true
    {
      id = first
    }
    guard case .object(let object) = graph[id], object.arguments.count > 3,
      let function = graph.globalName(object.callable), function.hasSuffix("._rebuild_from_type_v2"),
      let className = graph.globalName(object.arguments[1])?.split(separator: ".").last,
      className == "DTensor" || className == "ShardedTensor",
      let call = graph.items(object.arguments[2]), call.count > 2
    else { return nil }
    dtype = try part.object.tensors.dtype(call[1], at: id)
    shape = try part.object.tensors.ints(call[2], "size", at: id)
    if className == "DTensor" {
      try readSpec(object.arguments[3], at: id)
    } else {
      try readShards(object.arguments[3], at: id)
    }
  }

  // MARK: DTensor

  private mutating func readSpec(_ state: PickleID, at id: PickleID) throws {
    let graph = graph
    func field(_ name: String) -> PickleID? {
      for holder in [state] + (graph.items(state) ?? []) {
        if let value = graph.item(name, of: holder) { return value }
      }
      return nil
    }
    guard let local = field("_local_tensor"), let spec = field("_spec"),
      let mesh = graph.attribute("mesh", of: spec),
      let placements = graph.attribute("placements", of: spec).flatMap({ graph.items($0) })
    else { throw malformed("a DTensor has no mesh, no placements or no tensor", at: id) }
    let sizes = try meshSizes(mesh, at: id)
    guard placements.count == sizes.count else {
      throw malformed("a DTensor has \(placements.count) placements on a mesh of \(sizes.count) axes", at: id)
    }
    do { meshSize = try Shape.elementCount(sizes) } catch {
      throw malformed("a mesh has impossible sizes", at: id)
    }
    rank = graph.attribute("_rank", of: mesh).flatMap { graph.int($0) }
    // A rank outside of the mesh has no part.
    guard let coordinate = graph.attribute("_coordinate_on_dim", of: mesh).flatMap({ graph.integers($0) })
    else { return }
    guard coordinate.count == sizes.count, zip(coordinate, sizes).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
      throw malformed("the coordinate \(coordinate) does not lie in a mesh of \(sizes)", at: id)
    }
    let axes = try placements.indices.map { axis in
      MeshAxis(
        size: sizes[axis], coordinate: coordinate[axis], placement: try placement(placements[axis], at: id))
    }
    let box = try MeshAxis.box(of: shape, axes) { throw unsupported($0, at: id) }
    let tensor = try part.tensor(local)
    guard tensor.shape == box.sizes, tensor.dtype == dtype else {
      throw malformed(
        "a DTensor of \(dtype) \(shape) has the part \(box) by its placements, and a tensor of \(tensor.dtype) \(tensor.shape)",
        at: id)
    }
    parts = [(box.start, tensor)]
  }

  private func meshSizes(_ mesh: PickleID, at id: PickleID) throws -> [Int] {
    if let axes = graph.attribute("_layout", of: mesh).flatMap({ graph.attribute("axes", of: $0) })
      .flatMap({ graph.items($0) })
    {
      return try axes.map { axis in
        // Axes that were made one have several sizes.
        guard let sizes = graph.attribute("shape", of: axis).flatMap({ sizes($0) }),
          let size = try? Shape.elementCount(sizes)
        else { throw malformed("an axis of a mesh has no size", at: id) }
        return size
      }
    }
    guard let tensor = graph.attribute("mesh", of: mesh) else {
      throw malformed("a mesh has no sizes", at: id)
    }
    return try part.tensor(tensor).shape
  }

  /// The sizes of an axis: a number, or a tuple of them.
  private func sizes(_ id: PickleID) -> [Int]? { graph.int(id).map { [$0] } ?? graph.integers(id) }

  private func placement(_ id: PickleID, at tensor: PickleID) throws -> MeshAxis.Placement {
    func number(_ name: String) -> Int? { graph.attribute(name, of: id).flatMap { graph.int($0) } }
    let name = graph.shortClassName(id)
    switch name {
    case "Replicate": return .replicate
    case "Shard", "_StridedShard":
      guard let axis = number("dim"), shape.indices.contains(axis) else {
        throw malformed("a DTensor of shape \(shape) is cut along an axis that it does not have", at: tensor)
      }
      if name == "Shard" { return .shard(axis) }
      guard let factor = number("split_factor") else {
        throw malformed("a _StridedShard has no split_factor", at: tensor)
      }
      return .strided(axis, factor: factor)
    case "Partial", "_Partial":
      throw unsupported("a DTensor that is the sum of what all ranks have", at: tensor)
    default: throw unsupported("a DTensor with the placement \(name.shownName)", at: tensor)
    }
  }

  // MARK: ShardedTensor

  private mutating func readShards(_ state: PickleID, at id: PickleID) throws {
    guard let fields = graph.items(state), let shards = fields.first.flatMap({ graph.items($0) }) else {
      throw malformed("a ShardedTensor does not say what its shards are", at: id)
    }
    for shard in shards {
      guard let local = graph.attribute("tensor", of: shard),
        let metadata = graph.attribute("metadata", of: shard),
        let start = graph.attribute("shard_offsets", of: metadata).flatMap({ graph.integers($0) }),
        let sizes = graph.attribute("shard_sizes", of: metadata).flatMap({ graph.integers($0) })
      else { throw malformed("a shard of a ShardedTensor has no tensor or no place", at: id) }
      let tensor = try part.tensor(local)
      guard tensor.shape == sizes, tensor.dtype == dtype else {
        throw malformed(
          "a shard should be \(dtype) \(sizes), and is \(tensor.dtype) \(tensor.shape)", at: id)
      }
      parts.append((start, tensor))
    }
  }

  private func malformed(_ reason: String, at id: PickleID) -> Failure {
    part.object.tensors.malformed(reason, at: id)
  }

  private func unsupported(_ what: String, at id: PickleID) -> Failure {
    part.object.tensors.unsupported(what, at: id)
  }
}

/// An axis of a mesh of processes, and what of a tensor lies along it.
struct MeshAxis {
  enum Placement: Equatable {
    case replicate
    /// Cut along an axis of the tensor.
    case shard(Int)
    /// Cut along an axis that later axes of the mesh, so many parts together, have cut before.
    case strided(Int, factor: Int)
  }

  let size: Int
  let coordinate: Int
  let placement: Placement

  /// The rectangle of a tensor that a process has.
  ///
  /// From left to right each axis cuts what those before it have left, into pieces of equal size of which the last are
  /// shorter or empty; strided ones come after those, from right to left.
  ///
  /// - Parameter refuse: throws for what is not read.
  static func box(of shape: [Int], _ axes: [MeshAxis], refuse: (String) throws -> Never) rethrows -> TensorBox
  {
    var (start, sizes) = ([Int](repeating: 0, count: shape.count), shape)
    func cut(_ axis: Int, _ mesh: MeshAxis) {
      let piece = sizes[axis] / mesh.size + (sizes[axis] % mesh.size == 0 ? 0 : 1)
      // At most the size is reached before the last piece that is not empty.
      let (low, overflow) = piece.multipliedReportingOverflow(by: mesh.coordinate)
      let first = overflow ? sizes[axis] : min(low, sizes[axis])
      start[axis] += first
      sizes[axis] = min(piece, sizes[axis] - first)
    }
    for mesh in axes { if case .shard(let axis) = mesh.placement { cut(axis, mesh) } }
    for (index, mesh) in axes.enumerated().reversed() {
      guard case .strided(let axis, let factor) = mesh.placement else { continue }
      var later = 1
      for other in axes[(index + 1)...] where other.placement.axis == axis {
        later = later.multiplied(saturating: other.size)
      }
      guard factor == later else {
        try refuse(
          "a _StridedShard whose split_factor is \(factor), where later axes of the mesh cut it into \(later),"
        )
      }
      cut(axis, mesh)
    }
    return TensorBox(start: start, sizes: sizes)
  }
}

extension MeshAxis.Placement {
  fileprivate var axis: Int? {
    switch self {
    case .replicate: nil
    case .shard(let axis), .strided(let axis, _): axis
    }
  }
}
