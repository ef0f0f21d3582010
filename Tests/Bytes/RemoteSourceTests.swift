import SutureText
import TestSupport
import Testing

@testable import SutureBytes

/// A file at a server, read by ranges.
@Suite(.serialized) struct `A remote source` {
  typealias Answer = LoopbackServer.Answer

  static let bytes: [UInt8] = {
    var random = Seeded(7)
    return (0..<1_000_000).map { _ in UInt8.random(in: 0...255, using: &random) }
  }()

  private func serve(_ answer: @escaping @Sendable (LoopbackServer.Request, Int) -> Answer) -> LoopbackServer
  {
    LoopbackServer(answer)
  }

  private func failure(_ body: () throws -> Void) -> Failure? {
    do { try body() } catch { return error as? Failure }
    return nil
  }

  @Test func `gives the bytes of any range`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    let server = serve { request, _ in .file(Self.bytes, request) }
    let source = try RemoteSource(server.address + "/w.pth")
    #expect(source.byteCount == Self.bytes.count)
    for _ in 0..<60 {
      let start = Int.random(in: 0..<Self.bytes.count, using: &random)
      let count = Int.random(in: 0...min(200_000, Self.bytes.count - start), using: &random)
      if Bool.random(using: &random) { source.expect(start..<Self.bytes.count) }
      #expect(
        try source.bytes(start..<(start + count)) == Array(Self.bytes[start..<(start + count)]),
        "seed \(seed)")
    }
  }

  @Test func `is read by several threads at once`() throws {
    let server = serve { request, _ in .file(Self.bytes, request) }
    let source = try RemoteSource(server.address + "/w.pth")
    try concurrently(100, workers: 8) { index in
      let range = (index * 10_000)..<(index * 10_000 + 10_000)
      let found = try source.bytes(range)
      #expect(found == Array(Self.bytes[range]))
    }
  }

  @Test func `asks once for what is expected in order`() throws {
    let server = serve { request, _ in .file(Self.bytes, request) }
    let source = try RemoteSource(server.address + "/w.pth")
    source.expect(1000..<900_000)
    for start in stride(from: 1000, to: 900_000, by: 10_000) {
      let range = start..<min(start + 9_990, 900_000)
      #expect(try source.bytes(range) == Array(Self.bytes[range]))
    }
    #expect(server.requests.count == 2)
    #expect(server.requests[1].headers["range"] == "bytes=1000-899999")
  }

  @Test func `asks for no byte beyond what is wanted`() throws {
    let server = serve { request, _ in .file(Self.bytes, request) }
    let source = try RemoteSource(server.address + "/w.pth")
    _ = try source.bytes(0..<8)
    _ = try source.bytes(8..<5000)
    #expect(server.requests.map { $0.headers["range"] ?? "" } == ["bytes=0-511", "bytes=512-4999"])
  }

  @Test func `has an end`() throws {
    let server = serve { request, _ in .file(Array("hello".utf8), request) }
    let source = try RemoteSource(server.address + "/w.pth")
    #expect(source.byteCount == 5)
    #expect(try source.bytes(0..<5) == Array("hello".utf8))
    #expect(throws: Failure.self) { try source.bytes(0..<6) }
  }

  // MARK: Servers that do not do as they should

  @Test(arguments: [
    ("the whole file where a part was asked for", "sends the whole file (200)"),
    ("another range", "bytes 5000 to 5099 were asked for"), ("no range", "does not say which part"),
    ("another length", "it was 1000000 bytes long, and is 999999"), ("another tag", "its ETag is another"),
    ("a weaker tag", "its ETag is another"), ("no tag", "its ETag is another"),
    ("something compressed", "sends it as gzip"),
  ])
  func `is no mixture of two files`(what: String, reason: String) throws {
    let server = serve { request, number in
      var answer = Answer.file(Self.bytes, request)
      if number == 0 { return answer }
      switch what {
      case "the whole file where a part was asked for": return Answer(200, [("ETag", "\"one\"")], Self.bytes)
      case "another range": answer.headers[1].1 = "bytes 4999-5098/1000000"
      case "no range": answer.headers.remove(at: 1)
      case "another length": answer.headers[1].1 = "bytes 5000-5099/999999"
      case "another tag": answer.headers[0].1 = "\"two\""
      case "a weaker tag": answer.headers[0].1 = "W/\"one\""
      case "no tag": answer.headers.remove(at: 0)
      default: answer.headers.append(("Content-Encoding", "gzip"))
      }
      return answer
    }
    let source = try RemoteSource(server.address + "/w.pth")
    let failure = failure { _ = try source.bytes(5000..<5100) }
    #expect(failure?.kind == .remote)
    #expect(failure?.reason.contains(reason) == true, "\(failure?.reason ?? "none")")
  }

  @Test func `goes on where the connection broke`() throws {
    let server = serve { request, _ in
      var answer = Answer.file(Self.bytes, request)
      if answer.body.count > 100_000 { answer.cutsAfter = 90_000 }
      return answer
    }
    let source = try RemoteSource(server.address + "/w.pth")
    source.expect(0..<Self.bytes.count)
    #expect(try source.bytes(0..<500_000) == Array(Self.bytes[0..<500_000]))
  }

  @Test func `gives up where every connection breaks at once`() throws {
    let server = serve { request, number in
      var answer = Answer.file(Self.bytes, request)
      if number > 0 { answer.cutsAfter = 0 }
      return answer
    }
    let source = try RemoteSource(server.address + "/w.pth")
    #expect(failure { _ = try source.bytes(5000..<5100) }?.kind == .remote)
  }

  @Test func `is not the other file that a new connection brings`() throws {
    let server = serve { request, number in
      var answer = Answer.file(Self.bytes, request, tag: number < 2 ? "\"one\"" : "\"two\"")
      if number == 1 { answer.cutsAfter = 10_000 }
      return answer
    }
    let source = try RemoteSource(server.address + "/w.pth")
    let failure = failure { _ = try source.bytes(1000..<100_000) }
    #expect(failure?.reason.contains("changed while it was being read") == true)
  }

  @Test func `waits as a busy server asks`() throws {
    let server = serve { request, number in
      number == 1 ? Answer(429, [("Retry-After", "1")]) : .file(Self.bytes, request)
    }
    let source = try RemoteSource(server.address + "/w.pth")
    let start = CurrentProcess.seconds
    #expect(try source.bytes(5000..<5100) == Array(Self.bytes[5000..<5100]))
    #expect(CurrentProcess.seconds - start >= 0.9)
  }

  @Test(arguments: [
    (404, "there is no such file"), (401, "refuses it (401)"), (403, "refuses it (403)"),
    (418, "answers 418"),
  ])
  func `says what the server says`(status: Int, reason: String) {
    let server = serve { _, _ in Answer(status) }
    let failure = failure { _ = try RemoteSource(server.address + "/w.pth") }
    #expect(failure?.kind == .remote)
    #expect(failure?.reason.contains(reason) == true)
    #expect(server.requests.count == 1)
  }

  @Test func `does not wait for hours`() {
    let server = serve { _, _ in Answer(503, [("Retry-After", "86400")]) }
    let failure = failure { _ = try RemoteSource(server.address + "/w.pth") }
    #expect(failure?.reason.contains("asks to wait 86400 seconds") == true)
    #expect(server.requests.count == 1)
  }

  @Test func `says that nobody answers`() {
    let failure = failure { _ = try RemoteSource("http://127.0.0.1:1/w.pth") }
    #expect(failure?.kind == .remote)
    #expect(failure?.reason.contains("127.0.0.1:1 cannot be asked") == true)
  }

  // MARK: Redirections

  @Test func `is asked for at its address each time, wherever that leads`() throws {
    let other = serve { request, _ in .file(Self.bytes, request) }
    let target = other.address
    let server = serve { _, number in Answer(302, [("Location", "\(target)/signed?n=\(number)")]) }
    let source = try RemoteSource(server.address + "/w.pth")
    #expect(try source.bytes(5000..<5100) == Array(Self.bytes[5000..<5100]))
    #expect(other.requests.map(\.path) == ["/signed?n=0", "/signed?n=1"])
  }

  @Test func `follows no circle and no address of another kind`() {
    let circle = serve { _, _ in Answer(302, [("Location", "/again")]) }
    #expect(failure { _ = try RemoteSource(circle.address + "/w") }?.reason.contains("redirections") == true)
    for target in ["file:///etc/passwd", "ftp://host/x"] {
      let server = serve { _, _ in Answer(302, [("Location", target)]) }
      let failure = failure { _ = try RemoteSource(server.address + "/w") }
      #expect(failure?.kind == .remote, "\(target)")
    }
  }
}

@Suite(.serialized) struct `A fetch` {
  typealias Answer = LoopbackServer.Answer

  private static let bytes = `A remote source`.bytes

  @Test func `writes the file and gives its hash`() throws {
    let folder = try TemporaryFolder()
    let server = LoopbackServer { request, _ in .file(Self.bytes, request) }
    let part = try PartialDownload(Address(server.address + "/w.bin"), to: folder.path + "/w.bin")
    let hash = try part.run(hashes: true) { _, _ in }
    #expect(try hash == SHA256.of(MemorySource(Self.bytes)))
    try part.commit(replacing: false)
    #expect(try contents(of: folder.path + "/w.bin") == Self.bytes)
    #expect(names(in: folder.path) == ["w.bin"])
  }

  @Test func `goes on from what an earlier one left`() throws {
    let folder = try TemporaryFolder()
    let isWell = Guarded(false)
    let server = LoopbackServer { request, number in
      var answer = Answer.file(Self.bytes, request)
      if !isWell.withLock({ $0 }) { answer.cutsAfter = number == 0 ? 300_000 : 0 }
      return answer
    }
    let address = try Address(server.address + "/w.bin")
    do {
      let part = try PartialDownload(address, to: folder.path + "/w.bin")
      #expect(throws: Failure.self) { try part.run(hashes: false) { _, _ in } }
    }
    isWell.withLock { $0 = true }
    #expect(names(in: folder.path) == ["w.bin.part", "w.bin.part.from"])
    let part = try PartialDownload(address, to: folder.path + "/w.bin")
    let hash = try part.run(hashes: true) { _, _ in }
    #expect(try hash == SHA256.of(MemorySource(Self.bytes)))
    #expect(part.resumedFrom == 300_000)
    #expect(server.requests.last?.headers["if-range"] == "\"one\"")
  }

  @Test func `begins anew where the file is another`() throws {
    let folder = try TemporaryFolder()
    // How often the first fetch asks depends on how busy the machine is.
    let isReplaced = Guarded(false)
    let server = LoopbackServer { request, number in
      // If-Range says that the old one is meant.
      if isReplaced.withLock({ $0 }) { return Answer(200, [("ETag", "\"new\"")], Self.bytes) }
      if number == 0 {
        return Answer(200, [("ETag", "\"old\"")], [UInt8](repeating: 9, count: 500_000), cutsAfter: 400_000)
      }
      return Answer(200, [("ETag", "\"old\""), ("Content-Length", "1000")], [], cutsAfter: 0)
    }
    let address = try Address(server.address + "/w.bin")
    do {
      let part = try PartialDownload(address, to: folder.path + "/w.bin")
      _ = try? part.run(hashes: false) { _, _ in }
    }
    isReplaced.withLock { $0 = true }
    let part = try PartialDownload(address, to: folder.path + "/w.bin")
    let hash = try part.run(hashes: true) { _, _ in }
    #expect(try hash == SHA256.of(MemorySource(Self.bytes)))
    try part.commit(replacing: false)
    #expect(try contents(of: folder.path + "/w.bin") == Self.bytes)
  }

  @Test func `that had come to its end has the hash of all that came`() throws {
    let folder = try TemporaryFolder()
    let server = LoopbackServer { request, _ in
      request.headers["range"] == nil
        ? .file(Self.bytes, request) : Answer(416, [("Content-Range", "bytes */\(Self.bytes.count)")])
    }
    let address = try Address(server.address + "/w.bin")
    for _ in 0..<2 {
      let part = try PartialDownload(address, to: folder.path + "/w.bin")
      let hash = try part.run(hashes: true) { _, _ in }
      #expect(try hash == SHA256.of(MemorySource(Self.bytes)))
      #expect(part.byteCount == Self.bytes.count)
    }
  }

  @Test func `has its place for itself`() throws {
    let folder = try TemporaryFolder()
    let address = try Address("http://127.0.0.1:1/w.bin")
    let first = try PartialDownload(address, to: folder.path + "/w.bin")
    let failure = #expect(throws: Failure.self) { try PartialDownload(address, to: folder.path + "/w.bin") }
    #expect(failure?.reason == "another fetch of it is under way")
    _ = first.path
  }

  @Test func `leaves nothing where nothing came`() throws {
    let folder = try TemporaryFolder()
    do {
      let part = try PartialDownload(Address("http://127.0.0.1:1/w.bin"), to: folder.path + "/w.bin")
      #expect(throws: Failure.self) { try part.run(hashes: true) { _, _ in } }
    }
    #expect(names(in: folder.path).isEmpty)
  }
}
