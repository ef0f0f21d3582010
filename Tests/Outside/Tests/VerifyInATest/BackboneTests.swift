import Foundation
import Suture
import Testing

/// What our release must hold: its backbone is the published one, four times, and computes the same.
///
/// CONVNEXT is the checkpoint that was published.
@Suite struct `The backbone that we ship` {
  let original: Checkpoint
  let backbone: Checkpoint

  init() throws {
    let published = try #require(ProcessInfo.processInfo.environment["CONVNEXT"])
    let shipped = "\(NSTemporaryDirectory())/backbone-\(UUID().uuidString).pth"
    defer { try? FileManager.default.removeItem(atPath: shipped) }
    var release = Editing(of: published, WriteRequest(to: shipped))
    release.steps = [Drop("norm*", "head*"), Replicate("model.{0..3}.")]
    _ = try release.run()
    // What is open stays readable, whatever becomes of the name.
    (original, backbone) = (try .open(published), try .open(shipped))
  }

  @Test func `computes what the original computes, and each tensor is the original's`() throws {
    let report = try Verification(of: backbone, against: original, image: .testImage(side: 64)).run()
    for check in report.checks { #expect(check.passed, "\(check.name): \(check.error)") }
    #expect(report.firstDifference == nil)
  }

  @Test func `has one storage for the four`() {
    #expect(backbone.stateDict.storages.count * 4 == backbone.stateDict.count)
  }

  @Test func `is known to torch, and says how it was made`() throws {
    #expect(backbone.globals.allSatisfy { $0.judgement == .known })
    #expect(backbone.provenance?.runs.last?.steps.count == 2)
  }
}
