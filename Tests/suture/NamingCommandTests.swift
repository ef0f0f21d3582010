import SutureBytes
import TestSupport
import Testing

@Suite struct `The option --naming` {
  private static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
  private let atto = root + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  @Test func `converts the trained Atto and back to the same tensors`() throws {
    let folder = try TemporaryFolder()
    let (there, back) = (folder.path + "/there.safetensors", folder.path + "/back.safetensors")
    let plain = folder.path + "/plain.safetensors"
    let said = try suture("convert", atto, "-o", there, "--naming", "timm-conv-mlp")
    #expect(said.code == 0, "\(said.messages)")
    #expect(said.messages.contains("naming facebookresearch to timm-conv-mlp with classifier: 128 keys"))
    let shown = try suture("inspect", there, "stages.0.blocks.0.mlp.fc1.weight")
    #expect(shown.output.contains("[160, 40, 1, 1]"))
    #expect(try suture("edit", there, "-o", back, "--naming", "facebookresearch").code == 0)
    #expect(try suture("convert", atto, "-o", plain).code == 0)
    let hashes = { (path: String) in
      try suture("inspect", path, "--json", "--sha256").output.split(separator: "\n").filter {
        $0.contains("\"sha256\"") || $0.contains("\"name\"")
      }
    }
    #expect(try hashes(back) == hashes(plain))
    #expect(try hashes(plain).count >= 128)
  }

  @Test func `is a step in its order`() throws {
    let folder = try TemporaryFolder()
    let said = try suture(
      "edit", atto, "-o", folder.path + "/out.pth", "--naming", "timm", "--drop", "head.*", "--add-prefix",
      "backbone.", "--expect", "124")
    #expect(said.code == 0, "\(said.messages)")
    let shown = try suture("inspect", folder.path + "/out.pth", "backbone.stem.0.weight")
    #expect(shown.code == 0)
  }

  @Test func `refuses a scheme that there is not, and names that it does not know`() throws {
    let folder = try TemporaryFolder()
    let out = folder.path + "/out.pth"
    let typo = try suture("convert", atto, "-o", out, "--naming", "torchvison")
    #expect(typo.code == 2)
    #expect(typo.messages.contains("did you mean torchvision?"))
    let corpus = Self.root + "/Fixtures/Corpus/001_zip_default.pth"
    for command in ["convert", "edit"] {
      let said = try suture(command, corpus, "-o", out, "--naming", "timm")
      #expect(said.code == 5)
      #expect(said.messages.contains("those of no ConvNeXt that is known"))
      #expect(said.messages.contains("nothing was written"))
    }
    #expect(folder.names.isEmpty)
  }
}
