internal import SutureBytes
internal import SutureText

// What DeepSpeed calls the files of a step, where R is the rank among those that have the same parameters, and MM the part of
// the model that they have:
//
//   mp_rank_MM_model_states.pt                          stages 0 to 2: everything but the optimizer
//   zero_pp_rank_R_mp_rank_MM_model_states.pt           stage 3: the same of one rank
//   [bf16_]zero_pp_rank_R_mp_rank_MM_optim_states.pt    a rank's partition; in old releases …_mp_rank_MMoptim_states.pt
//   layer_LL[-model_MM]-model_states.pt                 a layer of a pipeline
//   [layer_L_]expert_E_mp_rank_MM_model_states.pt       an expert of a mixture
//   expp_rank_R_mp_rank_MM_optim_states.pt              the optimizer of the experts of a rank

/// What the name of a file says that DeepSpeed saved.
struct ZeroFileName {
  enum Kind {
    case model, partition, pipelineLayer, expert, expertOptimizer
  }

  let name: String
  let kind: Kind
  /// The rank among those that share parameters; `nil` of what is no one rank's.
  let rank: Int?
  /// Which part of a model that is cut among tensor-parallel or pipeline ranks.
  let slice: Int
  /// Of a partition, what stands before `zero_pp_rank_`.
  private(set) var prefix = ""

  /// `nil` of a file that is none of DeepSpeed's.
  init?(_ name: String) {
    self.name = name
    slice = Self.number("mp_rank_", in: name) ?? Self.number("-model_", in: name) ?? 0
    let isModel = name.hasSuffix("model_states.pt")
    guard isModel || name.hasSuffix("optim_states.pt") else { return nil }
    if name.hasPrefix("expp_rank_"), !isModel {
      (kind, rank) = (.expertOptimizer, Self.number("expp_rank_", in: name))
    } else if isModel, name.contains("expert_"), name.contains("mp_rank_") {
      (kind, rank) = (.expert, nil)
    } else if isModel, name.hasPrefix("layer_") {
      (kind, rank) = (.pipelineLayer, nil)
    } else if let place = name.ranges(of: "zero_pp_rank_").first {
      guard let number = Self.number("zero_pp_rank_", in: name) else { return nil }
      (kind, rank) = (isModel ? .model : .partition, number)
      prefix = String(name[..<place.lowerBound])
    } else if isModel, name.hasPrefix("mp_rank_") {
      (kind, rank) = (.model, nil)
    } else {
      return nil
    }
  }

  struct Expert: Hashable {
    let layer: Int
    let number: Int
  }

  /// Which expert a file holds; `nil` of other files.
  var expert: Expert? {
    guard kind == .expert, let number = Self.number("expert_", in: name) else { return nil }
    return Expert(layer: name.hasPrefix("layer_") ? Self.number("layer_", in: name) ?? 0 : 0, number: number)
  }

  /// The same file of another rank.
  func ofRank(_ other: Int) -> String {
    guard let rank else { return name }
    return name.replacing("zero_pp_rank_\(rank)_", with: "zero_pp_rank_\(other)_")
  }

  private static func number(_ word: String, in name: String) -> Int? {
    guard let place = name.ranges(of: word).last else { return nil }
    return Int(name[place.upperBound...].prefix { $0.isASCII && $0.isNumber })
  }
}

/// The files of a folder that DeepSpeed saved, by what they are.
struct ZeroFileNames {
  private let all: [ZeroFileName]

  init(_ input: CheckpointInput) { all = input.fileNames.compactMap { ZeroFileName($0) } }

  var isEmpty: Bool { all.isEmpty }

  /// Those of a kind, by rank and slice.
  func callAsFunction(_ kind: ZeroFileName.Kind) -> [ZeroFileName] {
    all.filter { $0.kind == kind }.sorted { ($0.slice, $0.rank ?? 0) < ($1.slice, $1.rank ?? 0) }
  }

  /// How many parts the model is cut into.
  var slices: Int { (all.map(\.slice).max() ?? 0).adding(saturating: 1) }

  /// Throws unless there is one file for each rank of a world.
  ///
  /// - Parameter says: who says how large the world is.
  static func checkComplete(_ names: [ZeroFileName], world: Int, _ input: CheckpointInput, says: String)
    throws
  {
    guard let first = names.first else { return }
    var there: [Int: String] = [:]
    for file in names {
      if let rank = file.rank, let other = there.updateValue(file.name, forKey: rank) {
        throw Failure(
          in: input.name, "\(other.shownName) and \(file.name.shownName) are both of rank \(rank)",
          remedies: ["one of them is left over from another run: move it away"])
      }
    }
    let missing = (0..<world).filter { there[$0] == nil }
    if !missing.isEmpty {
      throw Failure(
        in: input.name,
        "\(says), and \(missing.count) of their files \(missing.count == 1 ? "is" : "are") missing: "
          + missing.map { first.ofRank($0).shownName }.summary,
        remedies: ["fetch all files of the step, from the same place"])
    }
    if let stray = names.first(where: { ($0.rank ?? 0) >= world }) {
      throw Failure(
        in: input.name, "\(says), and \(stray.name.shownName) is of rank \(stray.rank ?? 0)",
        remedies: ["it is left over from a run of more ranks: move it away"])
    }
  }
}
