import SutureBytes
import TestSupport
import Testing

@Suite struct `diff` {
  private static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
  private let atto = root + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
  private let corpus = root + "/Fixtures/Corpus/"

  @Test func `finds nothing between formats`() throws {
    let folder = try TemporaryFolder()
    let other = folder.path + "/a.safetensors"
    #expect(try suture("convert", atto, "-o", other).code == 0)
    let said = try suture("diff", atto, other)
    #expect(said.code == 0, "\(said.output)")
    #expect(said.output.contains("128 tensors compared, 128 bit-equal, 0 different"))
    #expect(said.output.hasSuffix("\nthe same\n"))
  }

  @Test func `tells what surgery did`() throws {
    let folder = try TemporaryFolder()
    let other = folder.path + "/b.pth"
    #expect(
      try suture(
        "edit", atto, "-o", other, "--drop", "norm*", "--drop", "head*", "--replicate", "model.{0..3}."
      ).code == 0)
    let said = try suture("diff", atto, other)
    #expect(said.code == 1)
    for words in [
      "removed   4", "{norm,head}.{weight,bias}", "* -> model.0.*  (124)", "* -> model.3.*  (124)",
      "different: names or shapes",
    ] { #expect(said.output.contains(words), "\(said.output)") }
    let json = try suture("diff", atto, other, "--json")
    #expect(json.code == 1)
    #expect(json.output.contains("\"schema\": \"suture.diff/1\"") && json.output.contains("\"same\": false"))
  }

  @Test func `asks for bits, or for closeness`() throws {
    let folder = try TemporaryFolder()
    let half = folder.path + "/half.safetensors"
    #expect(try suture("convert", atto, "-o", half, "--dtype", "float16").code == 0)
    let strict = try suture("diff", atto, half)
    #expect(strict.code == 1)
    #expect(strict.output.contains("0 bit-equal, 128 equal after the cast, 0 different"))
    #expect(strict.output.contains("float32 -> float16") && !strict.output.contains("MAX ABS"))
    #expect(strict.output.hasSuffix("different: dtypes\n"))
    #expect(try suture("diff", atto, half, "-v").output.contains("MAX ABS"))
    let loose = try suture("diff", atto, half, "--atol", "1e-3", "--rtol", "1e-2")
    #expect(loose.code == 0, "\(loose.output)")
    #expect(loose.output.contains("0 not close (atol 0.001, rtol 0.01)"))
    #expect(try suture("diff", atto, half, "--rtol", "1e-6").code == 1)
  }

  @Test func `has first what changed most, by tensor and by module`() throws {
    let folder = try TemporaryFolder()
    let other = folder.path + "/b.safetensors"
    #expect(
      try suture(
        "edit", atto, "-o", other, "--scale", "norm.*=1.5", "--scale", "stages.0.1.*=1.25", "--fill",
        "head.bias=0"
      ).code == 0)
    let said = try suture("diff", atto, other)
    let names = said.output.split(separator: "\n").filter { $0.contains(" % ") }
      .compactMap { $0.split(separator: " ").first }
    #expect(
      names.first == "head.bias" && Set(names[1..<3]) == ["norm.weight", "norm.bias"], "\(said.output)")
    #expect(names.count == 12 && said.output.contains("12 different") && said.output.contains("25.00 %"))
    let modules = try suture("diff", atto, other, "--by", "1").output
    #expect(modules.contains("norm    50.00 %    2 of 2"), "\(modules)")
    #expect(modules.contains("stages  ") && !modules.contains("downsample_layers"))
    #expect(try suture("diff", atto, other, "--by", "1", "-v").output.contains("downsample_layers"))
  }

  @Test func `tells NaN`() throws {
    let file = corpus + "407_nan.pth"
    #expect(try suture("diff", file, file).code == 0)
    let said = try suture("diff", file, file, "--atol", "0")
    #expect(said.code == 1)
    #expect(said.output.contains("1 in both at one place (not close; --equal-nan passes them)"))
    #expect(try suture("diff", file, file, "--atol", "0", "--equal-nan").code == 0)
  }

  @Test func `compares only what a pattern fits`() throws {
    let folder = try TemporaryFolder()
    let other = folder.path + "/b.pth"
    #expect(try suture("edit", atto, "-o", other, "--drop", "head*").code == 0)
    #expect(try suture("diff", atto, other).code == 1)
    let said = try suture("diff", atto, other, "stages.*", "norm*")
    #expect(said.code == 0)
  }

  @Test(arguments: [
    "200_expand_bomb.pth", "229_sparse_coo.pth", "238_meta.pth", "344_st_sharded", "076_legacy_tied.pth",
  ])
  func `finds every file the same as itself`(name: String) throws {
    let said = try suture("diff", corpus + name, corpus + name)
    #expect(said.code == 0, "\(said.output)\(said.messages)")
  }

  @Test func `gives the exit code of the contract`() throws {
    #expect(try suture("diff", atto).code == 2)
    #expect(try suture("diff", atto, atto, "--atol", "-1").code == 2)
    #expect(try suture("diff", atto, atto, "--rtol", "nan").code == 2)
    #expect(try suture("diff", atto, atto, "--equal-nan").code == 2)
    #expect(try suture("diff", atto, atto, "--by", "0").code == 2)
    #expect(try suture("diff", atto, atto, "--by", "1", "--shapes").code == 2)
    #expect(try suture("diff", atto, atto, "nothing*").code == 2)
    #expect(try suture("diff", atto, atto, "{a").code == 2)
    #expect(try suture("diff", atto, "/nothing.pth").code == 3)
    #expect(try suture("diff", atto, atto, "--key-b", "nowhere").code == 3)
    #expect(try suture("diff", atto, corpus + "022_zip_bitflip_storage.pth").code == 1)
    #expect(
      try suture("diff", corpus + "001_zip_default.pth", corpus + "022_zip_bitflip_storage.pth").code == 3)
  }
}
