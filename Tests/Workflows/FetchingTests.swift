import SutureArchitectures
import SutureText
import TestSupport
import Testing

@testable import SutureWorkflows

@Suite struct `Fetching by name` {
  @Test(arguments: [
    ("convnext_tiny-983f1562.pth", "983f1562"), ("a-b-0123456789abcdef.pt", "0123456789abcdef"),
    ("model-00001-of-00002.safetensors", nil), ("convnext_tiny_1k_224_ema.pth", nil), ("x-1234567.pth", nil),
    ("x-ABCDEF01.pth", nil), ("x-12345678", nil), ("", nil), ("-.", nil),
    ("a-12345678.b-87654321.pth", "12345678"),
  ])
  func `reads the hash in a name as torch.hub does`(name: String, hash: String?) {
    #expect(Fetching.hashInName(name) == hash)
  }

  @Test func `knows each checkpoint by one name`() {
    let names = PublishedCheckpoint.all.flatMap { [$0.name] + ($0.shortName.map { [$0] } ?? []) }
    #expect(Set(names).count == names.count)
    #expect(Set(PublishedCheckpoint.all.map(\.address)).count == PublishedCheckpoint.all.count)
    for name in names { #expect(PublishedCheckpoint.named(name) != nil) }
  }

  @Test(arguments: [
    ("convnext_tiny_1k", "convnext_tiny_1k_224_ema.pth"),
    ("convnext_small_1k", "convnext_small_1k_224_ema.pth"),
    ("convnext_base_1k", "convnext_base_1k_224_ema.pth"),
    ("convnext_large_1k", "convnext_large_1k_224_ema.pth"),
    ("convnext_base_22k", "convnext_base_22k_224.pth"), ("convnext_large_22k", "convnext_large_22k_224.pth"),
    ("convnext_xlarge_22k", "convnext_xlarge_22k_224.pth"),
  ])
  func `knows the names that the surgery on YOLOv5 comes from`(name: String, file: String) {
    let found = PublishedCheckpoint.named(name)
    #expect(found?.address == "https://dl.fbaipublicfiles.com/convnext/" + file)
    #expect(found?.classes == (name.hasSuffix("22k") ? 21841 : 1000))
  }

  @Test func `refuses a name that nobody has, with the nearest`() {
    let failure = #expect(throws: Failure.self) { try Fetching("convnext_tinny_1k").run() }
    #expect(failure?.kind == .usage)
    #expect(failure?.remedies.first == "did you mean convnext_tiny_1k?")
  }

  @Test(arguments: ["1234567", "xyzxyzxyz", String(repeating: "0", count: 65)])
  func `refuses what is no hash`(digits: String) throws {
    let folder = try TemporaryFolder()
    var fetching = Fetching("http://127.0.0.1:1/a.pth")
    (fetching.sha256, fetching.output) = (digits, folder.path + "/")
    #expect(throws: Failure.self) { try fetching.run() }
    #expect(folder.names.isEmpty)
  }

  @Test func `says what it has compared with`() throws {
    let folder = try TemporaryFolder()
    let bytes = try contents(
      of: projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth")
    let server = LoopbackServer { request, _ in .file(bytes, request) }
    var fetching = Fetching(server.address + "/w.pth")
    fetching.output = folder.path + "/"
    let report = try fetching.run()
    #expect(report.hash == nil && report.checksumCount > 100 && !report.wasThere)
    #expect(try contents(of: folder.path + "/w.pth") == bytes)
    #expect(try fetching.run().wasThere)
    #expect(server.requests.count == 1)
    fetching.source = server.address + "/w-12345678.pth"
    let failure = #expect(throws: Failure.self) { try fetching.run() }
    #expect(failure?.reason.contains("12345678… its name promises") == true)
    #expect(folder.names == ["w.pth"])
  }

  @Test(arguments: [("<!DOCTYPE html>", false), ("\n<Html lang=en>", false), ("words", true), ("", true)])
  func `keeps what is called like no checkpoint, but for a page`(text: String, isKept: Bool) throws {
    let folder = try TemporaryFolder()
    let server = LoopbackServer { request, _ in .file(Array(text.utf8), request) }
    var fetching = Fetching(server.address + "/labels.txt")
    fetching.output = folder.path + "/"
    let report = try? fetching.run()
    #expect((report != nil) == isKept && report?.checkpoint == nil)
    #expect(folder.names == (isKept ? ["labels.txt"] : []))
  }
}
