import Glibc
import SutureBytes
import TestSupport
import Testing

/// `plan` and `apply`, as commands.
@Suite struct PlanTests {
  private let folder: TemporaryFolder
  private let input = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  init() throws { folder = try TemporaryFolder() }

  private func plan(_ words: String...) throws -> String {
    let said = try suture(["plan"] + words)
    #expect(said.code == 0, "\(said.messages)")
    let path = folder.path + "/plan.json"
    try write(Array(said.output.utf8), to: path)
    return path
  }

  @Test func `parts of an array make what convert makes, one of them killed and done again`() throws {
    let out = folder.path + "/out/"
    let plan = try plan(
      input, "-o", out, "--format", "safetensors", "--max-shard-size", "2MB", "--parts", "4", "--dtype",
      "float16")
    for index in 1...4 {
      let running = try Running(
        ["apply", plan, "--part", "auto"], environment: ["SLURM_ARRAY_TASK_ID=\(index)"])
      if index == 2 { running.send(SIGKILL) }
      _ = try running.wait()
    }
    #expect(["", "2\n"].contains(try suture("apply", plan, "--missing").output))
    let again = try suture(["apply", plan, "--part", "2/4"])
    #expect(again.code == 0, "\(again.messages)")
    #expect(try suture("apply", plan, "--missing").output.isEmpty)
    #expect(try suture("apply", plan, "--finalize").code == 0)
    let one = folder.path + "/one/"
    #expect(
      try suture(
        "convert", input, "-o", one, "--format", "safetensors", "--max-shard-size", "2MB", "--dtype",
        "float16"
      ).code == 0)
    let made = names(in: out)
    #expect(made == names(in: one) && made.count > 3)
    for name in made { #expect(try contents(of: out + name) == contents(of: one + name), "\(name)") }
  }

  @Test func `which part it is, is said with who says so`() throws {
    let plan = try plan(input, "-o", folder.path + "/out.pth", "--parts", "2")
    let said = try suture(
      ["apply", plan, "--part", "auto", "--json"], environment: ["JOB_COMPLETION_INDEX=0"])
    #expect(said.messages.contains("part   1 of 2 (JOB_COMPLETION_INDEX)"))
    #expect(said.output.contains("\"variable\": \"JOB_COMPLETION_INDEX\""))
    #expect(try suture("apply", plan, "--part", "auto").code == 2)
  }

  @Test func `names of thousands of files come with a NUL behind each`() throws {
    for name in ["a", "b c", "d\ne"] { try folder.write("in/\(name).pth", try contents(of: input)) }
    let list = ["a", "b c", "d\ne"].map { folder.path + "/in/\($0).pth\0" }.joined()
    try folder.write("list", Array(list.utf8))
    let plan = try plan("--from0", folder.path + "/list", "--out-dir", folder.path + "/out", "--parts", "2")
    for part in 1...2 { #expect(try suture("apply", plan, "--part", "\(part)/2").code == 0) }
    #expect(try suture("apply", plan, "--finalize").code == 0)
    #expect(names(in: folder.path + "/out") == ["a.safetensors", "b c.safetensors", "d\ne.safetensors"])
    #expect(
      try suture("convert", "--from0", folder.path + "/list", "--out-dir", folder.path + "/one").code == 0)
    for name in names(in: folder.path + "/out") {
      #expect(try contents(of: folder.path + "/out/" + name) == contents(of: folder.path + "/one/" + name))
    }
  }

  @Test func `a line that says nothing or too much is refused`() throws {
    #expect(try suture("plan", input, "-o", "x/").messages.contains("--parts"))
    #expect(try suture("plan", "--parts", "2").messages.contains("say what to convert"))
    let plan = try plan(input, "-o", folder.path + "/out.pth", "--parts", "2")
    #expect(try suture("apply", plan).messages.contains("say one of"))
    #expect(try suture("apply", plan, "--part", "1/2", "--missing").code == 2)
    #expect(try suture("apply", plan, "--finalize").code == 5)
    #expect(try suture("apply", input, "--finalize").messages.contains("no JSON"))
  }
}
