import SutureText
import TestSupport
import Testing

@testable import suture

@Suite struct `inspect` {
  private static let atto = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  private func rows(_ words: String...) throws -> [[String]] {
    let said = try suture(["inspect", Self.atto] + words)
    #expect(said.code == 0, "\(said.messages)")
    return said.output.split(separator: "\n").filter { $0.hasPrefix("  ") }.dropFirst().map {
      $0.split(separator: " ").map(String.init)
    }
  }

  @Test func `sums up by the first components of names`() throws {
    let rows = try rows("--by", "1")
    #expect(Set(rows.map { $0[0] }) == ["stages", "downsample_layers", "norm", "head"])
    #expect(rows.first { $0[0] == "head" }?[1...2] == ["2", "3,210"])
    #expect(rows.reduce(0) { $0 + (Int($1[1].replacing(",", with: "")) ?? 0) } == 128)
    #expect(try self.rows("--by", "64").count == 128)
  }

  @Test func `sorts, and leaves out what is small or of another dtype`() throws {
    let names = try rows("--sort", "name").map { $0[0] }
    #expect(names == names.sorted() && names.count == 128)
    #expect(try rows("--sort", "size").first?[0] == "stages.3.0.pwconv1.weight")
    #expect(try rows("--larger-than", "1MB").count == 4)
    #expect(try rows("--by", "1", "--sort", "size").first?[0] == "stages")
    #expect(try rows("--dtype", "float32").count == 128)
    let none = try suture("inspect", Self.atto, "--dtype", "int8")
    #expect(none.code == 1 && none.messages.contains("none of 128 tensors"))
    #expect(try suture("inspect", Self.atto, "--dtype", "flot32").code == 2)
    #expect(try suture("inspect", Self.atto, "--larger-than", "big").code == 2)
  }

  @Test func `gives each of several files a report, and the first code that is not 0`() throws {
    let said = try suture("inspect", Self.atto, "/no/such.pth", Self.atto, "head.*")
    #expect(said.code == 3 && said.messages.contains("/no/such.pth: cannot open it"), "\(said.messages)")
    #expect(said.output.split(separator: "\n").count { $0.hasPrefix("2 of 128 tensors") } == 2)
  }

  @Test func `plainly says nothing of the file's name, and of a change no more than changed`() throws {
    let folder = try TemporaryFolder()
    let (same, other) = (folder.path + "/another name.pth", folder.path + "/other.pth")
    try write(contents(of: Self.atto), to: same)
    #expect(
      try suture("edit", Self.atto, "-o", other, "--no-provenance", "--scale", "head.bias=2").code == 0)
    func lines(_ path: String) throws -> [String] {
      let said = try suture("inspect", path, "--plain", "--stats", "--sha256")
      #expect(said.code == 0)
      return said.output.split(separator: "\n").map(String.init)
    }
    let original = try lines(Self.atto)
    #expect(try lines(same) == original)
    #expect(
      original.first == "format pytorch-zip" && original.count(where: { $0.hasPrefix("tensor ") }) == 128)
    let changed = try lines(other).filter { $0.hasPrefix("tensor ") && !original.contains($0) }
    #expect(changed.count == 1 && changed[0].hasPrefix("tensor head.bias float32 [10] min "), "\(changed)")
  }

  @Test func `plainly tells what the pickle names and what lies beside the weights`() throws {
    let said = try suture("inspect", projectFolder + "/Fixtures/Corpus/271_yolov5_style.pt", "--plain").output
    #expect(said.contains("name models.yolo.DetectionModel unknown\n"))
    #expect(said.contains("value epoch int -1\n"))
  }

  @Test(arguments: ["--tree", "--extras", "--storages", "--json"])
  func `plainly is not together with what prints other lines`(option: String) throws {
    let said = try suture("inspect", Self.atto, "--plain", option)
    #expect(said.code == 2 && said.messages.contains("--plain prints lines of its own"))
  }

  @Test func `of several files in JSON is a line for each`() throws {
    let said = try suture("inspect", "--json", Self.atto, Self.atto)
    #expect(said.code == 0)
    #expect(
      said.output.split(separator: "\n").map { $0.hasPrefix("{\"schema\":") } == [true, true],
      "\(said.output.prefix(40))")
  }

  @Test func `of a table that is too wide loses the middle of names`() {
    var table = Table([("NAME", .left), ("SIZE", .right)])
    table.add(["backbone.stages.0.blocks.0.attention.query.weight", "1,234 KiB"])
    table.add(["a", "1 B"])
    for width in 1...80 {
      let lines = table.lines(within: width).filter { !$0.contains("a wider terminal") }
      #expect(lines.allSatisfy { $0.count <= width }, "\(width)")
    }
    #expect(table.lines(within: 40)[1] == "  backbone.stag….query.weight  1,234 KiB")
    #expect(table.lines(within: nil)[1].contains("blocks.0.attention"))
  }

  @Test func `of a table gives out in pieces what its lines are`() throws {
    var table = Table([("NAME", .left), ("SIZE", .right), ("", .left)])
    for row in 0..<5000 { table.add(["é.\(row)\u{7}", String(row * row), row % 3 == 0 ? "" : "x  "]) }
    var bytes: [UInt8] = []
    var pieces = 0
    table.forEachPiece {
      bytes += $0
      pieces += 1
    }
    #expect(pieces > 1)
    #expect(String(decoding: bytes, as: UTF8.self) == table.lines(within: nil).map { $0 + "\n" }.joined())
  }

  @Test func `of a table that is much too wide loses columns, not the names by which rows are told apart`() {
    var table = Table(
      [("MODULE", .left), ("TENSORS", .right), ("SIZE", .right), ("SHARE", .right), ("", .left)],
      dispensable: ["SHARE"])
    table.add(["downsample_layers.0", "2", "7.7 KiB", "0.1 %", "ok"])
    table.add(["stages.0", "18", "118.1 KiB", "0.9 %", "ok"])
    #expect(
      table.lines(within: 46) == [
        "  MODULE               TENSORS       SIZE", "  downsample_layers.0        2    7.7 KiB  ok",
        "  stages.0                  18  118.1 KiB  ok", "  a wider terminal shows SHARE too",
      ])
    #expect(
      table.lines(within: 24) == [
        "  MODULE", "  downsamp…_layers.0  ok", "  stages.0            ok",
        "  a wider terminal shows SHARE, SIZE, TENSORS too",
      ])
    #expect(table.lines(within: 12)[1] == "  do…s.0  ok")
  }

  @Test func `of a table has its columns under each other where letters are wide, or stand on others`() {
    var table = Table([("NAME", .left), ("SIZE", .right)])
    for name in ["漢字.weight", "한국어.w", "e\u{301}a", "emoji👍🏽.w", "👩‍👩‍👧‍👦", "🇩🇪", "日本語日本語日本語日本語日本語"] {
      table.add([name, "1 B"])
    }
    let ends = Set(table.lines.map(\.width))
    #expect(ends.count == 1, "\(table.lines)")
    #expect(table.lines(within: 26).last == "  日本語日…語日本語    1 B", "\(table.lines(within: 26))")
  }
}

@Suite struct `check of several files` {
  @Test func `reports each`() throws {
    let folder = projectFolder + "/Fixtures/"
    let said = try suture(
      "check", folder + "convnext-atto-cifar10/convnext_atto_cifar10_ema.pth", folder + "README.md")
    #expect(said.code == 1)
    #expect(said.output.contains("sound") && said.messages.contains("text file"))
    #expect(try suture("check").code == 2)
  }
}
