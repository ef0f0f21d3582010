internal import SutureBytes
internal import SutureText

/// The names of folders in which steps of a training lie.
enum StepName {
  /// How they begin, before a number.
  private static let stems = [
    "global_step", "step-", "step_", "step", "checkpoint-", "iter_", "iteration_", "epoch-", "epoch_",
    "pytorch_model_fsdp_",
  ]

  static func number(_ name: String) -> Int? {
    let name = name.hasSuffix("_universal") ? String(name.dropLast("_universal".count)) : name
    return stems.lazy.compactMap { stem in name.rest(after: stem).flatMap { Int($0) } }.first
  }

  static func isStep(_ name: String) -> Bool { number(name) != nil || name == "release" }
}

extension CheckpointInput {
  /// The folders of steps in a folder, the latest last.
  var steps: [String] {
    func key(_ name: String) -> Int { StepName.number(name) ?? .max }
    return fileNames.filter { StepName.isStep($0) && isFolder("\(name)/\($0)") }.sorted { key($0) < key($1) }
  }
}
