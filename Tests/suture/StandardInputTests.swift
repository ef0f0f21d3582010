import TestSupport
import Testing

@Suite struct `Standard input` {
  private static let fixtures = projectFolder + "/Fixtures/"
  private static let atto = fixtures + "convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  @Test func `is a file for every command that reads one`() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out.safetensors"
    for words in [
      ["inspect", "-"], ["-"], ["check", "-"], ["print", "-", "head.bias"], ["why", "-", "head.bias"],
      ["convert", "-", "-o", output, "--hash"], ["diff", "-", output], ["diff", output, "-"],
      ["edit", Self.atto, "-n", "--graft", "-"], ["check", Self.atto, "--into", "-"],
      ["report", "-", "-o", folder.path + "/page.html"],
    ] {
      let said = try suture(words, input: Self.atto)
      #expect([0, 1].contains(said.code) && !said.messages.contains("error"), "\(words): \(said.messages)")
      #expect(said.output.contains("standard input") || words.count > 2, "\(words)")
    }
    let said = try suture("diff", Self.atto, output)
    #expect(said.code == 0)
    #expect(try text(of: output).contains("standard input"), "--hash names it")
  }

  @Test(arguments: [
    (["diff", "-", "-"], "stands for it twice: A and B"),
    (["inspect", "-", "-"], "stands for it twice: FILE and PATTERN"),
    (["check", "-", "--into", "-"], "stands for it twice"),
    (["convert", "-", "--from0", "-", "--out-dir", "x"], "stands for it twice"),
    (["edit", "-", "-n", "--recipe", "-"], "stands for it twice"),
    (["convert", "-", "--out-dir", "x"], "no name that its output could have"),
    (["plan", "-", "-o", "x/", "--format", "pth", "--parts", "2"], "one process's alone"),
    (["report", "-", "-o", "-"], "--output writes a file"),
    (["verify", "-", "--features", "-"], "--features writes a file"),
  ])
  func `is refused where it cannot be`(words: [String], reason: String) throws {
    let said = try suture(words, input: Self.atto)
    #expect(said.code == 2 && said.messages.contains(reason), "\(said.messages)")
  }

  @Test func `names no files of this machine`() throws {
    let index = Self.fixtures + "Corpus/344_st_sharded/model.safetensors.index.json"
    let said = try suture(["inspect", "-"], input: index)
    #expect(
      said.code == 2 && said.messages.contains("standard input: it is the index of a sharded checkpoint"))
  }

  @Test func `is called so in errors`() throws {
    let empty = try suture(["inspect", "-"])
    #expect(empty.code == 3 && empty.messages.hasPrefix("error: standard input: the file is empty"))
    let damaged = try suture(["check", "-"], input: Self.fixtures + "Corpus/022_zip_bitflip_storage.pth")
    #expect(damaged.code == 1 && damaged.output.contains("standard input"), "\(damaged.output)")
    let folder = try suture(["inspect", "-"], input: Self.fixtures)
    #expect(folder.code == 3 && folder.messages.contains("standard input: cannot read it: Is a directory"))
  }
}
