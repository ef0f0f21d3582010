import SutureBytes
import SutureCheckpoints
import SutureSurgery
import SutureTensors
import TestSupport
import Testing

/// What the article says must compile and be true.
@Suite struct `The article on the mission` {
  private static let root = projectFolder

  private func text(_ path: String) throws -> String {
    let file = try FileSource(path)
    return String(decoding: try file.bytes(0..<file.byteCount), as: UTF8.self)
  }

  @Test func `does it with the trained Atto`() throws {
    let path = Self.root + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
    let output = "/tmp/suture-article-\(UInt64.random(in: 0...UInt64.max)).pth"
    defer { removeFile(output) }
    // article
    let checkpoint = try Checkpoint.open(path)
    let surgery = Surgery {
      Drop("norm*", "head*")
      Replicate("model.{0..3}.")
    }
    let plan = try surgery.plan(for: checkpoint.stateDict, expecting: 496)
    try CheckpointWriter.write(plan.output, to: output, WriteOptions(.pytorchZip))
    // end
    let written = try Checkpoint.open(output).stateDict
    #expect(written.count == 496 && written.storages.count == 124)
    #expect(plan.accounting.dropped == ["norm.weight", "norm.bias", "head.weight", "head.bias"])

    let detector = try Checkpoint.open(output)
    // graft
    let graft = try Graft(plan.output, onto: detector.stateDict)
    // end
    #expect(graft.replaced.count == 496 && graft.stayed.isEmpty)

    // together
    let fourChannels = Surgery {
      AdaptInput("downsample_layers.0.0.weight", channels: 4)
      surgery
    }
    // end
    #expect(
      try fourChannels.plan(for: checkpoint.stateDict).output["model.3.downsample_layers.0.0.weight"]?.shape[
        1] == 4)
  }

  @Test func `has the same words as the test above`() throws {
    let article = try text(Self.root + "/Sources/Surgery/Surgery.docc/TheMission.md")
    let source = try text(#filePath)
    for name in ["article", "graft", "together"] {
      let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        .drop { $0 != "    // \(name)" }.dropFirst().prefix { $0 != "    // end" }
      #expect(!lines.isEmpty)
      let code = lines.map { $0.dropFirst(4) }.joined(separator: "\n")
        .replacing("open(path)", with: "open(\"convnext_tiny_1k_224_ema.pth\")").replacing("496", with: "712")
        .replacing("to: output", with: "to: \"backbone.pth\"")
      #expect(article.contains(code), "\(code)")
    }
  }
}
