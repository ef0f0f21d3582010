import TestSupport
import Testing

/// What a user reads of the modules of model files.
@Suite struct ModulesTests {
  @Test func `are listed with their arguments and an example`() throws {
    let said = try suture("modules")
    #expect(said.code == 0 && said.messages.isEmpty)
    #expect(said.output.contains("SPPF(channels, kernel=5)  of YOLOv5\n"))
    #expect(said.output.contains("  [-1, 1, SPPF, [1024, 5]]\n"))
  }

  @Test func `are told of by name, argument by argument`() throws {
    let said = try suture("modules", "nn.MaxPool2d")
    #expect(said.output.contains("    stride: a whole number from 1 to 63, None where it is left out\n"))
    #expect(!said.output.contains("SPPF"))
  }

  @Test func `are told twice where both programs have one of that name`() throws {
    let said = try suture("modules", "Detect")
    #expect(said.output.contains("Detect(classes, anchors)  of YOLOv5\n"))
    #expect(said.output.contains("Detect(classes)  of Ultralytics\n"))
    #expect(try suture("modules", "Concat").output.contains("of YOLOv5, Ultralytics\n"))
  }

  @Test func `have a nearest where a name is none of theirs`() throws {
    let said = try suture("modules", "SPFF")
    #expect(said.code == 2 && said.messages.contains("did you mean SPPF?"))
  }
}
