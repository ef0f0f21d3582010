internal import SutureBytes
internal import SutureText

/// A folder in which the folders of one or more steps lie.
///
///     <folder>/latest                                a tag of DeepSpeed, the name of the folder of a step
///     <folder>/latest_universal                      the same of a universal checkpoint
///     <folder>/latest_checkpointed_iteration.txt     the number of a step of Megatron, or "release"
///     <folder>/global_step20/                        DeepSpeed; also step-20 (torchtitan), checkpoint-20 (transformers),
///                                                    iter_0000020 (Megatron), pytorch_model_fsdp_0 (accelerate)
enum StepsFolder: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    // A model beside them is a checkpoint itself, and they are what training goes on from, where nobody asks for them.
    guard input.file == nil, input.limits.step != nil || !input.hasModel else { return nil }
    let pointer = try pointers.lazy.compactMap { try pointed($0.name, $0.folder, input) }.first
    let steps = input.steps
    guard pointer != nil || !steps.isEmpty else { return nil }
    let step = try choose(steps, pointer, input)
    var limits = input.limits
    limits.step = nil
    var checkpoint = try Checkpoint.open(
      CheckpointInput(folder: "\(input.name)/\(step)", key: input.key, limits: limits))
    var sharding = checkpoint.sharding ?? Checkpoint.Sharding()
    (sharding.step, sharding.steps) = (step, steps.contains(step) ? steps : steps + [step])
    checkpoint.sharding = sharding
    if sharding.steps.count > 1 {
      let others = sharding.steps.filter { $0 != step }
      checkpoint.warnings.append(
        "it is step \(step.shownName); there are others: \(others.map(\.shownName).summary)")
    }
    return checkpoint
  }

  private static func choose(
    _ steps: [String], _ pointer: (file: String, step: String)?, _ input: CheckpointInput
  ) throws
    -> String
  {
    let known =
      steps.isEmpty
      ? "there are no folders of steps" : "there are: \(steps.map(\.shownName).joined(separator: ", "))"
    if let wanted = input.limits.step {
      if FolderFiles.isName(wanted), isFolder("\(input.name)/\(wanted)") { return wanted }
      let fitting = steps.filter { StepName.number($0) != nil && StepName.number($0) == Int(wanted) }
      guard fitting.count == 1 else {
        throw Failure(
          in: input.name,
          "\(fitting.isEmpty ? "no folder is" : "\(fitting.count) folders are") that of step \(wanted.quoted())",
          remedies: [.advice(known)], kind: .usage)
      }
      return fitting[0]
    }
    if let pointer {
      guard isFolder("\(input.name)/\(pointer.step)") else {
        throw Failure(
          in: "\(input.name)/\(pointer.file)",
          "it names the step \(pointer.step.shownName), which is not there",
          remedies: [.advice(known), .setting("step", value: steps.last ?? "NAME", "opens another")])
      }
      return pointer.step
    }
    guard steps.count == 1, let only = steps.first else {
      throw Failure(
        in: input.name,
        "there are \(steps.count) steps in this folder: \(steps.map(\.shownName).joined(separator: ", "))",
        remedies: [.setting("step", value: steps.last ?? "NAME", "opens the last of them")])
    }
    return only
  }

  // MARK: Pointers

  private static let pointers: [(name: String, folder: @Sendable (String) -> String)] = [
    ("latest", { $0 }), ("latest_universal", { $0 }),
    (
      "latest_checkpointed_iteration.txt",
      { Int($0) == nil ? $0 : "iter_" + String(repeating: "0", count: max(0, 7 - $0.count)) + $0 }
    ),
  ]

  /// What a file says that names the latest step.
  ///
  /// - Throws: `Failure` where that is no name of a folder here.
  private static func pointed(_ name: String, _ folder: (String) -> String, _ input: CheckpointInput) throws
    -> (
      file: String, step: String
    )?
  {
    guard input.fileNames.contains(name), !isFolder("\(input.name)/\(name)") else { return nil }
    let file = try FileSource("\(input.name)/\(name)")
    let bytes = try file.bytes(0..<min(file.byteCount, 1024))
    let text =
      String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    guard FolderFiles.isName(text) else {
      throw Failure(
        in: file.name, "it should name the folder of a step, and says \(text.quoted())",
        remedies: ["a step is a folder beside this file: no name may lead out of there"])
    }
    return (name, folder(text))
  }
}
