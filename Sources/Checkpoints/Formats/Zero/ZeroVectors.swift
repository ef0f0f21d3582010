internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// The parameters that the vectors of all ranks make.
///
/// Stages 1 and 2 put the parameters of a group one behind the other, and cut the vector into a stretch for each rank; what is
/// left at the end is padding. Stage 3 cuts each parameter into pieces of ⌈n / ranks⌉ elements, and a rank has its pieces of
/// all of them one behind the other:
///
///     a a a a a b b b          stages 1 and 2, two ranks:  a a a a | a b b b
///                              stage 3:                    a a a b b | a a . b .
struct ZeroVectors {
  let run: ZeroRun
  /// The parameters that train, a group each.
  private let groups: [[ZeroParameter]]
  private var model: ZeroModelStates { run.models.first }

  /// How many parameters there are in each group.
  var groupSizes: [Int] { groups.map(\.count) }

  init(_ run: ZeroRun) throws {
    self.run = run
    groups = try run.models.groups()
  }

  /// What the vectors of all ranks make, a tensor for each parameter.
  ///
  /// - Parameter ranks: of each rank its vectors, as ``ZeroPartition/vectors`` has them.
  func callAsFunction(_ ranks: [[Tensor]]) throws -> [(parameter: ZeroParameter, group: Int, tensor: Tensor)]
  {
    try run.isOfStage3 ? pieces(ranks) : stretches(ranks)
  }

  /// Stages 1 and 2.
  private func stretches(_ ranks: [[Tensor]]) throws
    -> [(parameter: ZeroParameter, group: Int, tensor: Tensor)]
  {
    guard ranks[0].count == groups.count else {
      throw run.models.disagreement(
        model.file, run.partitions[0].file,
        "on how many groups there are: \(groups.count) and \(ranks[0].count)")
    }
    var result: [(parameter: ZeroParameter, group: Int, tensor: Tensor)] = []
    for (group, parameters) in groups.enumerated() {
      var (vector, starts) = (FlatVector(), [Int]())
      for (rank, tensors) in ranks.enumerated() {
        starts.append(vector.count)
        try vector.append(tensors[group], from: run.partitions[rank].file)
      }
      let offsets = try offsets(of: group, in: vector.count)
      try checkSlices(group, offsets, starts + [vector.count])
      for (parameter, offset) in zip(parameters, offsets) {
        let pieces = try vector.pieces(offset..<(offset + parameter.count))
        result.append((parameter, group, try run.models.assembled(parameter, pieces, vector.dtype)))
      }
    }
    return result
  }

  /// Where in a group's vector its parameters begin.
  ///
  /// - Throws: `Failure` unless they fill it but for the padding.
  private func offsets(of group: Int, in count: Int) throws -> [Int] {
    let padding =
      run.partitions[0].alignment.indices.contains(group) ? run.partitions[0].alignment[group] : []
    var (offsets, end) = ([Int](), 0)
    do {
      for (index, parameter) in groups[group].enumerated() {
        offsets.append(end)
        end = try end.adding(checked: parameter.count)
        if end > count { break }
        if padding.indices.contains(index) { end = try end.adding(checked: padding[index]) }
      }
      // The last rank's padding is left out, or not; it never is so much that another step would fit.
      let unit = try run.world.multiplied(checked: 2)
      func rounded(_ count: Int) throws -> Int { try count.adding(checked: (unit - count % unit) % unit) }
      let last = (offsets.last ?? 0) + (groups[group].last?.count ?? 0)
      if last <= count, try rounded(end) == rounded(count) || rounded(last) == rounded(count) {
        return offsets
      }
    } catch is ArithmeticOverflow {}
    throw Failure(
      in: run.models.input.name,
      "the parameters of group \(group) have \(end) elements by \(model.file.shownName), and the partitions of all "
        + "\(Format.plural(run.world, "rank")) \(count)",
      remedies: ["the files are of different runs or steps, or some are damaged"])
  }

  /// Throws where a file says of its own stretch that something else lies there: it is another rank's.
  private func checkSlices(_ group: Int, _ offsets: [Int], _ starts: [Int]) throws {
    for (rank, partition) in run.partitions.enumerated() {
      guard let slices = partition.slices, slices.indices.contains(group) else { continue }
      let own = starts[rank]..<starts[rank + 1]
      for (parameter, offset) in zip(groups[group], offsets) {
        let common = (offset..<(offset + parameter.count)).clamped(to: own)
        let said = slices[group][ExactString(parameter.name)]
        let wanted =
          common.isEmpty
          ? nil : ZeroPartition.Slice(start: common.lowerBound - own.lowerBound, count: common.count)
        if said == wanted || wanted == nil && said?.count == 0 { continue }
        func text(_ slice: ZeroPartition.Slice?) -> String {
          slice.map { "\($0.count) elements from \($0.start) on" } ?? "nothing"
        }
        throw Failure(
          in: run.models.files.path(partition.file),
          "it says that it has \(text(said)) of \(parameter.name.shownName), and rank \(rank) of \(run.world) has \(text(wanted))",
          remedies: ["the files of ranks were exchanged, or are of different runs: fetch all of them again"])
      }
    }
  }

  /// Stage 3.
  private func pieces(_ ranks: [[Tensor]]) throws -> [(parameter: ZeroParameter, group: Int, tensor: Tensor)]
  {
    let vectors = try ranks.enumerated().map { rank, tensors in
      var vector = FlatVector()
      for tensor in tensors { try vector.append(tensor, from: run.partitions[rank].file) }
      return vector
    }
    var (starts, end) = ([Int](), 0)
    do {
      for parameter in model.parameters {
        starts.append(end)
        end = try end.adding(checked: ZeroModels.piece(parameter.count, run.world))
      }
    } catch { end = .max }
    if let rank = vectors.firstIndex(where: { $0.count != end }) {
      throw Failure(
        in: run.models.files.path(run.partitions[rank].file),
        "its pieces of all parameters have \(vectors[rank].count) elements, and should have \(end) by \(model.file.shownName)",
        remedies: ["the files are of different runs, steps or worlds"])
    }
    var result: [(parameter: ZeroParameter, group: Int, tensor: Tensor)] = []
    var place = 0
    for (group, parameters) in groups.enumerated() {
      for parameter in parameters {
        result.append((parameter, group, try run.models.spread(parameter, vectors, at: starts[place])))
        place += 1
      }
    }
    return result
  }
}
