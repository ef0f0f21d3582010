import SutureBytes
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// A checkpoint is the same wherever it lies.
@Suite(.serialized) struct `A checkpoint at a server` {
  private static let folder = projectFolder + "/Fixtures/Corpus"
  private static let server = LoopbackServer { request, _ in
    guard let bytes = try? contents(of: folder + request.path) else { return .init(404) }
    return bytes.isEmpty ? .init(416, [("Content-Range", "bytes */0")]) : .file(bytes, request)
  }

  /// Everything that reading a file brings, or what is wrong with it.
  private enum Outcome: Equatable {
    case read(names: [String], hashes: [String])
    case refused
  }

  private func outcome(_ path: String) -> Outcome {
    do {
      let checkpoint = try Checkpoint.open(path, key: ".")
      guard try Integrity(of: checkpoint).problems.isEmpty else { return .refused }
      let hashes = try checkpoint.stateDict.entries.filter { $0.tensor.hasElements }.map {
        try $0.tensor.sha256()
      }
      return .read(names: checkpoint.stateDict.names, hashes: hashes)
    } catch { return .refused }
  }

  @Test(
    arguments: try fileNames(in: folder).filter { !isFolder("\(folder)/\($0)") && !$0.hasSuffix(".json") })
  func `is what it is in a file`(name: String) {
    #expect(outcome("\(Self.server.address)/\(name)") == outcome("\(Self.folder)/\(name)"))
  }

  @Test func `whose local headers lie is refused when they are read`() throws {
    let path = "Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
    var bytes = try contents(of: "\(projectFolder)/\(path)")
    let listed = try Checkpoint.open(MemorySource(bytes, name: "atto.pth"))
    let storage = try #require(listed.stateDict.entries.last?.tensor.storage)
    // The name in the local header of the last tensor's record, which ends before the payload and its padding.
    let header = try #require(
      bytes[..<storage.offset].indices.last { bytes[$0...].starts(with: [0x50, 0x4B, 3, 4]) })
    bytes[header + 30] ^= 1
    let changed = bytes
    let server = LoopbackServer { request, _ in .file(changed, request) }
    let checkpoint = try Checkpoint.open(server.address + "/atto.pth")
    #expect(checkpoint.stateDict.count == listed.stateDict.count)
    let failure = #expect(throws: Failure.self) {
      for entry in checkpoint.stateDict.entries { _ = try entry.tensor.sha256() }
    }
    #expect(failure?.reason.contains("disagree on its name") == true)
    #expect(throws: Failure.self) { try Checkpoint.open(MemorySource(changed, name: "atto.pth")) }
  }
}
