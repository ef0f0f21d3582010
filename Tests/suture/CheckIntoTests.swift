import SutureBytes
import TestSupport
import Testing

@Suite struct `check --into` {
  private static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
  private let atto = root + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  @Test func `passes a file into itself`() throws {
    let said = try suture("check", atto, "--into", atto)
    #expect(said.code == 0)
    #expect(said.output.contains("loads      128 of the 128 keys"))
    #expect(said.output.contains("loads: load_state_dict takes all 128 keys from the file"))
  }

  @Test func `says what is wrong, and the flag that would mend it`() throws {
    let folder = try TemporaryFolder()
    let other = folder.path + "/other.safetensors"
    #expect(
      try suture("edit", atto, "-o", other, "--naming", "torchvision", "--add-prefix", "module.").code == 0)
    let said = try suture("check", other, "--into", atto)
    #expect(said.code == 1)
    for words in [
      "ALARM      not one key of the file", "missing    128", "unexpected 128",
      "did you mean --naming facebookresearch --strip-prefix module.? then it loads",
      "does not load: load_state_dict would raise (-v prints PyTorch's own lines)",
    ] { #expect(said.output.contains(words), "\(said.output)") }
    #expect(!said.output.contains("Missing key(s)"))
    let verbose = try suture("check", other, "--into", atto, "-v")
    #expect(verbose.output.contains("\tMissing key(s) in state_dict: \"downsample_layers.0.0.weight\", "))
    let json = try suture("check", other, "--into", atto, "--json")
    #expect(json.code == 1)
    for words in [
      "\"schema\": \"suture.load/1\"", "\"no_overlap\": true", "\"passes\": true",
      "\"--naming\", \"facebookresearch\", \"--strip-prefix\", \"module.\"",
    ] { #expect(json.output.contains(words)) }
  }

  @Test func `tells dtypes that loading casts, and passes them`() throws {
    let folder = try TemporaryFolder()
    let half = folder.path + "/half.pth"
    #expect(try suture("convert", atto, "-o", half, "--dtype", "float16").code == 0)
    let said = try suture("check", half, "--into", atto)
    #expect(said.code == 0)
    #expect(
      said.output.contains("dtype      128  float16 in the file, float32 in the model: loading casts them"))
  }

  @Test func `fails where the file is damaged, whatever its keys`() throws {
    let corpus = Self.root + "/Fixtures/Corpus/"
    let said = try suture(
      "check", corpus + "022_zip_bitflip_storage.pth", "--into", corpus + "001_zip_default.pth")
    #expect(said.code == 1)
    #expect(said.output.contains("not sound"))
  }

  @Test func `gives the exit code of the contract`() throws {
    #expect(try suture("check", atto, "--into", "/nothing.pth").code == 3)
    #expect(try suture("check", atto, "--into").code == 2)
    #expect(try suture("check", atto, "-v").code == 2)
    #expect(try suture("check", atto, "--key", "model").code == 2)
    #expect(try suture("check", atto, "--into", atto, "--base-key", "nowhere").code == 3)
  }
}
