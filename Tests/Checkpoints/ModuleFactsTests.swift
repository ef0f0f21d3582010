import SutureCheckpoints
import TestSupport
import Testing

@Suite struct `Facts of modules` {
  private func facts(_ file: String, key: String? = nil) throws -> [ModuleFacts] {
    try Checkpoint.open("\(projectFolder)/Fixtures/Corpus/\(file)", key: key).moduleFacts()
  }

  @Test func `are the plain attributes of each module that was pickled whole, outermost first`() throws {
    let facts = try facts("271_yolov5_style.pt")
    #expect(facts.map(\.name) == ["", "model", "model.0"])
    #expect(
      facts.map(\.className) == [
        "models.yolo.DetectionModel", "torch.nn.modules.container.Sequential", "torch.nn.modules.conv.Conv2d",
      ])
    #expect(facts[2].number("groups") == 1 && facts[2].number("nothing") == nil)
    guard case .bool(false)? = facts[2]["transposed"], case .tuple(let sides)? = facts[2]["kernel_size"],
      case .dict(let yaml)? = facts[0]["yaml"]
    else {
      Issue.record("\(facts)")
      return
    }
    #expect(sides.count == 2 && yaml.count == 1)
    // A tensor is no plain data.
    #expect(facts[0]["stride"] == nil)
  }

  @Test func `are none where there is a state dict alone`() throws {
    #expect(try facts("001_zip_default.pth").isEmpty && facts("304_st_basic.safetensors").isEmpty)
  }
}
