import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// Folders in which the folders of steps lie.
@Suite struct `A folder of steps` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A model whose one tensor is called as its step is.
  private func step(_ name: String) throws {
    try folder.write("\(name)/model.pt", try TorchFile { $0.dict([(name, { $0.tensor() })]) }.bytes)
  }

  private func open(_ step: String? = nil) throws -> Checkpoint {
    var limits = ReadLimits()
    limits.step = step
    return try .open(folder.path, limits: limits)
  }

  private func refusal(_ step: String? = nil, _ kind: FailureKind = .unreadable) -> String {
    let error = #expect(throws: Failure.self) { _ = try open(step) }
    #expect(error?.kind == kind)
    return error.map { "\($0)" } ?? ""
  }

  @Test func `of one step is that step`() throws {
    try step("step-20")
    let checkpoint = try open()
    #expect(checkpoint.stateDict.names == ["step-20"])
    #expect(checkpoint.sharding == .init(step: "step-20", steps: ["step-20"]))
  }

  @Test func `of several is refused without a word which, and the last is offered`() throws {
    for name in ["step-9", "step-20", "step-100"] { try step(name) }
    #expect(refusal().contains("3 steps in this folder: step-9, step-20, step-100"))
    #expect(refusal().contains("step: step-100 opens the last"))
    for wanted in ["20", "step-20"] { #expect(try open(wanted).stateDict.names == ["step-20"]) }
    #expect(refusal("7", .usage).contains("no folder is that of step \"7\""))
    #expect(refusal("../other", .usage).contains("no folder"))
  }

  @Test(arguments: [("latest", "global_step20"), ("latest_checkpointed_iteration.txt", "20")])
  func `takes the step that a file names, and tells of others`(pointer: (String, String)) throws {
    let names =
      pointer.0 == "latest" ? ["global_step10", "global_step20"] : ["iter_0000010", "iter_0000020"]
    for name in names { try step(name) }
    try folder.write(pointer.0, Array(pointer.1.utf8))
    let checkpoint = try open()
    #expect(checkpoint.stateDict.names == [names[1]])
    #expect(checkpoint.warnings.contains { $0.contains("there are others: \(names[0])") })
    #expect(try open("10").stateDict.names == [names[0]])
  }

  @Test func `whose latest step is not there is refused, and says which are`() throws {
    try step("global_step2")
    try folder.write("latest", Array("global_step99".utf8))
    #expect(refusal().contains("global_step99, which is not there"))
    #expect(refusal().contains("there are: global_step2"))
  }

  @Test(arguments: ["../other/global_step2", "", "/tmp", ".."])
  func `whose latest step is no folder of it is refused`(name: String) throws {
    try step("global_step2")
    try folder.write("latest", Array(name.utf8))
    #expect(refusal().contains("/latest: it should name the folder of a step"))
  }

  /// As the Trainer of transformers leaves them, with DeepSpeed and without.
  @Test(arguments: [nil, "latest"])
  func `beside a model are told, and opened where one is asked for`(
    pointer: String?
  ) throws {
    try step("global_step5")
    if let pointer { try folder.write(pointer, Array("global_step5".utf8)) }
    try folder.write("model.pt", try TorchFile { $0.dict([("w", { $0.tensor() })]) }.bytes)
    let checkpoint = try open()
    #expect(checkpoint.stateDict.names == ["w"])
    #expect(checkpoint.warnings.count == 1)
    #expect(checkpoint.warnings[0].contains("(open \(folder.path)/global_step5)"))
    #expect(try open("5").stateDict.names == ["global_step5"])
  }

  @Test func `is what a step is asked of`() throws {
    try folder.write("model.pt", try TorchFile { $0.dict([("w", { $0.tensor() })]) }.bytes)
    #expect(refusal("5", .usage).contains("no folders of steps here"))
  }
}
