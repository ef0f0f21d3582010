import TestSupport
import Testing

/// What the shells' functions are told; that the shells understand it is tested with the shells.
@Suite struct `Completion` {
  private static let atto = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  private func offers(_ words: String...) throws -> [String] {
    let said = try suture(["__complete"] + words)
    #expect(said.code == 0 && said.messages.isEmpty)
    return said.output.split(separator: "\n").map(String.init)
  }

  private func words(_ lines: [String]) -> [String] { lines.map { String($0.prefix { $0 != "\t" }) } }

  @Test func `of the first word are the commands, and files`() throws {
    #expect(try words(offers("gr")) == ["graft", ":files"])
    let all = try words(offers(""))
    #expect(all.starts(with: ["inspect", "print"]) && all.contains("--version") && !all.contains(":files"))
    #expect(try words(offers("help", "pat")) == ["patterns"])
  }

  @Test func `of an option are the options, with what they do`() throws {
    #expect(try offers("inspect", "--tr") == ["--tree\tFold indices: stages.2.{0..8}.gamma."])
    #expect(try offers("inspect", "--", "--tr") == [":files"])
  }

  @Test func `of what every command takes is offered with each, and before it`() throws {
    #expect(try offers("diff", "a", "b", "--qui") == ["--quiet\tSay nothing but warnings and errors."])
    #expect(try offers("check", "a", "--color", "al") == ["always"])
    #expect(try offers("check", "--color=") == ["auto", "always", "never"].map { "--color=" + $0 })
    #expect(try offers("print", "--no-p").count == 1)
    #expect(try words(offers("--no-c")) == ["--no-color"])
    #expect(try words(offers("-q", "--color", "never", "gr")) == ["graft", ":files"])
    let page = try suture("man", "diff").output
    for name in ["-q, \\-\\-quiet", "\\-\\-color auto|always|never", "\\-\\-no\\-pager"] {
      #expect(page.contains(name), "\(page)")
    }
    #expect(try suture("man").output.contains("SUTURE_PAGER"))
  }

  @Test func `of a value are its words, however it is written`() throws {
    let schemes = ["timm", "timm-conv-mlp"]
    #expect(try offers("edit", "x", "--naming", "timm") == schemes)
    #expect(try offers("edit", "x", "--naming=timm") == schemes.map { "--naming=" + $0 })
    #expect(try offers("edit", "x", "--naming", "=", "timm") == schemes.map { "--naming=" + $0 })
    #expect(try offers("convert", "x", "-o", "a") == [":files"])
    #expect(try offers("convert", "x", "--shared", "al") == ["alias"])
    #expect(try offers("presets", "convnext-yolov5-") == ["convnext-yolov5-live"])
    #expect(try offers("bench", "x", "--rounds", "").isEmpty)
  }

  @Test func `of a pattern are the names in the file's header, up to a dot where they are many`() throws {
    #expect(
      try offers("inspect", Self.atto, "stages.")
        == ["stages.0.", "stages.1.", "stages.2.", "stages.3."].map { $0 + "\ta part of the name" })
    #expect(
      try words(offers("inspect", Self.atto, "stages.0.0.no")) == [
        "stages.0.0.norm.weight", "stages.0.0.norm.bias",
      ])
    #expect(try offers("edit", Self.atto, "--drop", "head.b") == ["head.bias\tfloat32 [10]"])
    #expect(try words(offers("inspect", Self.atto, "--key", "")) == [".", "model"])
  }

  @Test func `is silent about what cannot be opened`() throws {
    #expect(try offers("inspect", "/no/such/file", "st").isEmpty)
    #expect(try offers("inspect", projectFolder + "/README.md", "st").isEmpty)
    #expect(try offers("inspect", "https://127.0.0.1:1/x.pth", "st").isEmpty)
    #expect(try offers("no-such-command", "st").isEmpty)
  }

  @Test func `of the names of a file alone is that of inspect`() throws {
    #expect(try words(offers(Self.atto, "head.b")) == ["head.bias"])
    #expect(try offers("no-such-file", "head.b").isEmpty)
  }

  @Test
  func `offers no name that a terminal acts on, and none that would be something else where it is typed`()
    throws
  {
    let folder = try TemporaryFolder()
    let names = ["\\u001b[31mred", "plain", "two words", "", "*", "{a,b}", "-q", "--tree", "a;b", "colon:a"]
    try folder.write("odd.safetensors", Self.safetensors(names))
    let file = folder.path + "/odd.safetensors"
    let (first, last) = (["plain", "two words"], ["a;b", "colon:a"])
    #expect(try words(offers("inspect", file, "")) == first + ["\\*", "\\{a,b\\}"] + last)
    #expect(
      try words(offers("inspect", file, "--", "")) == first + ["\\*", "\\{a,b\\}", "-q", "--tree"] + last)
    #expect(try words(offers("why", file, "")) == first + ["*", "{a,b}"] + last)
    #expect(try words(offers("edit", file, "--drop", "-")) == ["-q", "--tree"])
  }

  @Test(arguments: ["~/odd.safetensors", "$HOME/odd.safetensors", "${HOME}/odd.safetensors"])
  func `knows a file as it is typed`(path: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("odd.safetensors", Self.safetensors(["plain"]))
    let said = try suture(["__complete", "inspect", path, ""], environment: ["HOME=" + folder.path])
    #expect(said.output == "plain\tuint8 [1]\n")
  }

  /// Tensors of one byte each.
  private static func safetensors(_ names: [String]) -> [UInt8] {
    let entries = names.enumerated().map { place, name in
      #""\#(name)":{"dtype":"U8","shape":[1],"data_offsets":[\#(place),\#(place + 1)]}"#
    }
    let header = "{\(entries.joined(separator: ","))}"
    let count = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(header.utf8)
      + names.map { _ in 1 }
  }
}

@Suite struct `A manual page` {
  @Test(arguments: ["inspect", "edit", "completions"])
  func `has every option of the command`(command: String) throws {
    let page = try suture("man", command)
    let help = try suture(command, "--help").output
    #expect(page.code == 0)
    let options = help.split(whereSeparator: { !$0.isLetter && $0 != "-" }).filter {
      $0.hasPrefix("--") && $0 != "--help"
    }
    for option in Set(options) {
      #expect(page.output.contains(option.replacing("-", with: "\\-")), "\(option)")
    }
    #expect(page.output.hasPrefix(".TH \"SUTURE-\(command.uppercased())\" 1"))
  }
}

@Suite struct `The first word` {
  @Test func `may be a file, which is inspected`() throws {
    let atto = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
    #expect(try suture(atto, "head.*").output == suture("inspect", atto, "head.*").output)
  }

  @Test(arguments: [("ls", "inspect"), ("merge", "graft"), ("rename", "edit"), ("download", "fetch")])
  func `of another tool leads to the one that is meant`(word: String, command: String) throws {
    let said = try suture(word)
    #expect(said.code == 2)
    #expect(said.messages.contains("suture \(command) "))
  }

  @Test func `of a topic is help's`() throws {
    #expect(try suture("help", "patterns").output.contains("re:/"))
    let said = try suture("help", "paterns")
    #expect(said.code == 2 && said.messages.contains("did you mean patterns?"))
  }

  @Test func `after which letters of flags stand together`() throws {
    let folder = try TemporaryFolder()
    let atto = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
    let said = try suture("convert", atto, "-nk", "-o", folder.path + "/x.safetensors")
    #expect(said.code == 0, "\(said.messages)")
    #expect(folder.names.isEmpty)
    #expect(try suture("convert", atto, "-nx", "-o", folder.path + "/x.safetensors").code == 2)
  }
}
