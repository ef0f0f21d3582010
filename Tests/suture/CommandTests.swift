import Glibc
import SutureBytes
import TestSupport
import Testing

/// The command as a user meets it: exit codes, messages, and what is left on disk.
@Suite struct `The command` {
  private static let root = projectFolder
  private static let fixture = root + "/Fixtures/convnext-atto-cifar10/"
  private static let atto = fixture + "convnext_atto_cifar10_ema.pth"

  @Test func `inspects, converts, edits and verifies the trained Atto`() throws {
    let folder = try TemporaryFolder()
    let listing = try suture("inspect", Self.atto, "norm*")
    #expect(listing.code == 0)
    #expect(listing.output.contains("norm.weight") && listing.output.contains("2 of 128 tensors"))
    let safetensors = folder.path + "/a.safetensors"
    #expect(try suture("convert", Self.atto, "-o", safetensors).code == 0)
    #expect(try suture("convert", safetensors, "-o", folder.path + "/b.pth").code == 0)
    let edit = try suture(
      "edit", Self.atto, "-o", folder.path + "/c.pth", "--drop", "norm*", "--drop", "head*", "--replicate",
      "model.{0..3}.", "--expect", "496")
    #expect(edit.code == 0, "\(edit.messages)")
    let size = { (name: String) in try FileSource(folder.path + "/" + name).byteCount }
    #expect(try size("c.pth") < 13_700_000)
    #expect(try suture("verify", folder.path + "/c.pth", "--against", Self.atto, "--size", "64").code == 0)
    #expect(
      try suture(
        "verify", Self.atto, "--expect", Self.fixture + "image.expected.safetensors", "--input",
        Self.fixture + "image.input.safetensors"
      ).code == 0)
  }

  @Test(arguments: [
    ["-q", "convert"], ["--no-pager", "-q", "--color", "never", "convert"],
    ["convert", "-q"], ["convert", "--quiet"], ["convert", "-fq"],
  ])
  func `says nothing but what is wrong when it is told to`(words: [String]) throws {
    let folder = try TemporaryFolder()
    let rest = [Self.atto, "-o", folder.path + "/a.pth"]
    let done = try suture(words + rest)
    #expect(done.code == 0 && done.messages.isEmpty && done.output.isEmpty)
    let again = try suture(words.filter { $0 != "-fq" } + (words.contains("-fq") ? ["-q"] : []) + rest)
    #expect(again.code == 7 && again.messages.contains("error: "))
  }

  @Test func `colours what it says when it is told to, and only then`() throws {
    let green = "\u{1B}[32mok\u{1B}[0m"
    let colours = try suture("verify", Self.atto, "--size", "32", "--color", "always")
    #expect(colours.output.contains(green) && colours.output.contains("\u{1B}[32mverified\u{1B}[0m"))
    for quiet in [["--color", "auto"], ["--color=never"], ["--no-color"], []] {
      #expect(!(try suture(["verify", Self.atto, "--size", "32"] + quiet)).output.contains("\u{1B}"))
    }
    let wrong = try suture("inspect", Self.atto, "--color", "pink")
    #expect(wrong.code == 2 && wrong.messages.contains("auto, always or never"))
    #expect(
      try suture("--color=always", "inspect", "none.pth").messages.contains("\u{1B}[31merror: \u{1B}[0m"))
  }

  @Test func `writes the same bytes twice`() throws {
    let folder = try TemporaryFolder()
    for name in ["a.pth", "b.pth", "a.safetensors", "b.safetensors"] {
      #expect(try suture("convert", Self.atto, "-o", "\(folder.path)/\(name)").code == 0)
    }
    for end in ["pth", "safetensors"] {
      let (one, other) = (
        try FileSource("\(folder.path)/a.\(end)"), try FileSource("\(folder.path)/b.\(end)")
      )
      #expect(try one.bytes(0..<one.byteCount) == other.bytes(0..<other.byteCount))
    }
  }

  @Test func `fails a verification against other weights`() throws {
    let folder = try TemporaryFolder()
    let changed = folder.path + "/changed.safetensors"
    #expect(try suture("convert", Self.atto, "-o", changed).code == 0)
    var bytes = try contents(of: changed)
    bytes[bytes.count - 5000] ^= 0x01
    try folder.write("changed.safetensors", bytes)
    let verdict = try suture("verify", changed, "--against", Self.atto, "--size", "32")
    #expect(verdict.code == 1)
    #expect(verdict.output.contains("FAILED"))
  }

  @Test(
    arguments: [
      (["inspect"], 2), ([], 2), (["frobnicate"], 2), (["inspect", "--jsno", "x"], 2),
      (["convert", "ATTO"], 2),
      (["convert", "ATTO", "-o", "OUT/x.unknown"], 2), (["edit", "ATTO", "-o", "OUT/x.pth"], 2),
      (["edit", "ATTO", "-o", "OUT/x.pth", "--replicate", "model.0.", "model.1.", "model.2."], 2),
      (["edit", "ATTO", "-o", "OUT/x.pth", "--drop", "{norm"], 2), (["inspect", "OUT/missing.pth"], 3),
      (["inspect", "OUT"], 3), (["inspect", "ATTO", "--key", "nowhere"], 3),
      (["edit", "ATTO", "-o", "OUT/x.pth", "--drop", "Norm*"], 5),
      (["edit", "ATTO", "-o", "OUT/x.pth", "--drop", "norm*", "--expect", "3"], 5),
      (["edit", "ATTO", "-o", "OUT/x.pth", "--rename", "*=x"], 5),
      (["convert", "ATTO", "-o", "OUT/no/x.pth"], 7),
      (["convert", "ATTO", "-o", "/dev/full.pth/x.pth"], 7), (["inspect", "ATTO", "nothing*"], 1),
      (["verify", "ATTO", "--size", "64"], 0), (["verify", "ATTO", "--expect", "ATTO"], 2),
      (["verify", "ATTO", "--against", "ATTO", "--size", "1e300"], 2),
      (["--help"], 0), (["inspect", "--help"], 0), (["--version"], 0), (["-V"], 0), (["-q"], 2),
    ] as [([String], Int32)])
  func `gives the exit code of the contract`(words: [String], code: Int32) throws {
    let folder = try TemporaryFolder()
    let said = try suture(
      words.map { $0.replacing("ATTO", with: Self.atto).replacing("OUT", with: folder.path) })
    #expect(said.code == code, "\(said.messages)")
    #expect(folder.names.isEmpty)
    if code > 1 {
      #expect(said.output.isEmpty && said.messages.contains(words.isEmpty ? "usage" : "error: "))
    }
  }

  @Test(
    arguments: [
      (["OUT/typo.pth"], 3, "typo.pth: cannot open it"), (["./typo"], 3, "./typo: cannot open it"),
      (["verify", "ATTO", "-vq"], 2, "no option -v\n"),
      (["convert", "ATTO", "-force"], 2, "did you mean --force?"),
      (["--verison"], 2, "did you mean --version?"), (["-x"], 2, "there is no option \"-x\" here"),
      (["inspect", ""], 3, "\"\": cannot open it"), (["inspect", "/proc/"], 3, "in this folder"),
      (["convert", "ATTO", "OUT/new.pth"], 2, "-o OUT/new.pth writes it"),
      (["graft", "ATTO", "OUT/new.pth", "--from", "ATTO"], 2, "-o OUT/new.pth says where to write"),
      (["inspect", "ATTO", "head.bais"], 1, "did you mean head.bias?"),
      (["print", "ATTO", "head.bais"], 1, "did you mean head.bias?"),
      (["print", "ATTO", "dwconv"], 1, "put * around it"),
      (["diff", "ATTO", "ATTO", "bias"], 2, "put * around it"),
      (["inspect", "ATTO", "--limit", "dpth=3"], 2, "did you mean depth?"),
      (["modules", "Bottlenock"], 2, "did you mean Bottleneck?"),
    ] as [([String], Int32, String)])
  func `says to who has typed wrongly what is meant`(words: [String], code: Int32, hint: String) throws {
    let folder = try TemporaryFolder()
    let filled = (words + [hint]).map {
      $0.replacing("ATTO", with: Self.atto).replacing("OUT", with: folder.path)
    }
    let said = try suture(Array(filled.dropLast()))
    #expect(said.code == code && said.messages.contains(filled.last ?? ""), "\(said.messages)")
    #expect(folder.names.isEmpty)
  }

  @Test(arguments: [["inspect", "--limit", "help"], ["edit", "--limit=help"], ["help", "limits"]])
  func `lists the limits, whatever else is missing`(words: [String]) throws {
    let said = try suture(words)
    #expect(said.code == 0 && said.output.contains("  depth=1000 "), "\(said.messages)")
  }

  @Test func `says of standard output that is full nothing of what it left behind`() throws {
    let folder = try TemporaryFolder()
    let words = ["convert", Self.atto, "-o", folder.path + "/a.pth", "--json"]
    let said = try suture(words, output: "/dev/full")
    #expect(said.code == 7 && folder.names == ["a.pth"])
    #expect(
      said.messages.contains("standard output: cannot write it") && !said.messages.contains("left behind"))
  }

  @Test func `never replaces a file unasked, nor its own input`() throws {
    let folder = try TemporaryFolder()
    try folder.write("there.pth", [1, 2, 3])
    let target = folder.path + "/there.pth"
    #expect(try suture("convert", Self.atto, "-o", target).code == 7)
    #expect(try FileSource(target).byteCount == 3)
    #expect(try suture("convert", Self.atto, "-o", target, "--force").code == 0)
    #expect(try suture("convert", target, "-o", target, "--force").code == 2)
    #expect(folder.names == ["there.pth"])
  }

  @Test func `says what a foreign file is`() throws {
    let folder = try TemporaryFolder()
    let cases: [([UInt8], String)] = [
      ([], "empty"), (Array("hello\n".utf8), "text file"),
      (
        Array("../../blobs/307537e4725195371c83".utf8), "open what it names, ../../blobs/307537e4725195371c83"
      ),
      (Array("<!DOCTYPE html>".utf8), "HTML"),
      (Array("\u{FEFF}\r\n  <!DocType HTML>".utf8), "HTML"), (Array("<HTML><HEAD>".utf8), "HTML"),
      (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "Git LFS"), ([0x1F, 0x8B, 8, 0], "gzip"),
      ([UInt8](repeating: 0, count: 600), "zeros"), (Array("GGUF".utf8) + [3, 0, 0, 0], "GGUF"),
      ([0x89] + Array("PNG\r\n".utf8), "a PNG picture"), ([0xFF, 0xD8, 0xFF, 0xE0], "a JPEG picture"),
      ([0x50, 0x4B, 3], "truncated"),
    ]
    for (bytes, word) in cases {
      try folder.write("file.pth", bytes)
      let said = try suture("convert", folder.path + "/file.pth", "-o", folder.path + "/out.safetensors")
      #expect(said.code == 3)
      #expect(said.messages.contains(word), "\(said.messages)")
      #expect(folder.names == ["file.pth"])
    }
  }
}
