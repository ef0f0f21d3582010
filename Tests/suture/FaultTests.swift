import Glibc
import SutureBytes
import TestSupport
import Testing

/// What must hold whatever happens while a file is written.
@Suite struct `Writing that is disturbed` {
  /// A safetensors file of `count` tensors of `size` bytes each.
  static func safetensors(_ count: Int, size: Int) -> [UInt8] {
    let entries = (0..<count).map {
      "\"t\($0)\":{\"dtype\":\"U8\",\"shape\":[\(size)],\"data_offsets\":[\($0 * size),\(($0 + 1) * size)]}"
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(header.count))
    return bytes + header + (0..<(count * size)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    try contents(of: path)
  }

  private static func hidden(_ folder: TemporaryFolder) -> [String] {
    folder.names.filter { $0.hasPrefix(".suture-") }
  }

  @Test func `by short writes and interrupted calls comes out the same`() throws {
    let folder = try TemporaryFolder()
    try folder.write("in.safetensors", Self.safetensors(40, size: 100_000))
    for output in ["out.pth", "out.safetensors"] {
      let path = "\(folder.path)/\(output)"
      #expect(try suture("convert", "\(folder.path)/in.safetensors", "-o", path).code == 0)
      let expected = try Self.bytes(path)
      for seed in 1...10 {
        let words = ["convert", "\(folder.path)/in.safetensors", "-o", path, "--force"]
        let said = try suture(words, environment: ["SUTURE_FAULTS=\(seed)"])
        #expect(said.code == 0, "seed \(seed): \(said.messages)")
        #expect(try Self.bytes(path) == expected, "seed \(seed)")
      }
    }
    #expect(Self.hidden(folder).isEmpty)
  }

  @Test(.timeLimit(.minutes(20)), arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL])
  func `by a signal at any moment leaves what stood there, or all of the new`(signal: CInt) throws {
    let folder = try TemporaryFolder()
    try folder.write("in.safetensors", Self.safetensors(30, size: 1_000_000))
    let (input, output) = ("\(folder.path)/in.safetensors", "\(folder.path)/out.pth")
    let start = CurrentProcess.seconds
    #expect(try suture("convert", input, "-o", output).code == 0)
    let duration = CurrentProcess.seconds - start
    let whole = try Self.bytes(output)
    let old = Array("what stood there".utf8)
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    var stopped = 0
    for run in 0..<25 {
      try folder.write("out.pth", old)
      let command = try Running(["convert", input, "-o", output, "--force"])
      usleep(UInt32(Double.random(in: 0...1.2, using: &random) * duration * 1e6))
      command.send(signal)
      let said = try command.wait()
      let found = try Self.bytes(output)
      // Before the handlers are there a signal ends the process without a code.
      if said.code == 0 {
        #expect(found == whole, "run \(run), seed \(seed)")
      } else {
        stopped += 1
        #expect(said.code == (signal == SIGKILL ? -1 : 130) || said.code == -1, "run \(run), seed \(seed)")
        #expect(found == old || found == whole, "run \(run), seed \(seed)")
      }
      if signal != SIGKILL { #expect(Self.hidden(folder).isEmpty, "run \(run), seed \(seed)") }
      for name in Self.hidden(folder) { unlink("\(folder.path)/\(name)") }
    }
    #expect(stopped > 0, "no signal came in time, seed \(seed)")
  }

  @Test func `by a source that shrinks ends in an error, not in a signal`() throws {
    let folder = try TemporaryFolder()
    let source = Self.safetensors(30, size: 1_000_000)
    var seen = 0
    for wait in [0, 2000, 5000, 10000, 20000, 30000, 40000] {
      try folder.write("in.safetensors", source)
      let command = try Running([
        "convert", "\(folder.path)/in.safetensors", "-o", "\(folder.path)/out.pth", "--force",
      ])
      usleep(UInt32(wait))
      truncate("\(folder.path)/in.safetensors", 1_000_000)
      let said = try command.wait()
      #expect(said.code == 0 || said.code == 3, "\(said.messages)")
      if said.code == 3 {
        seen += 1
        #expect(folder.names.allSatisfy { !$0.hasPrefix(".suture-") })
      }
    }
    #expect(seen > 0)
  }

  @Test func `by a file that vanishes still has it, since it is open`() throws {
    let folder = try TemporaryFolder()
    try folder.write("in.safetensors", Self.safetensors(3, size: 1000))
    unlink("\(folder.path)/in.safetensors")
    let said = try suture("convert", "\(folder.path)/in.safetensors", "-o", "\(folder.path)/out.pth")
    #expect(said.code == 3)
    #expect(folder.names.isEmpty)
  }

  @Test func `by a full disk leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    let disk = folder.path + "/disk"
    try createFolder(disk)
    guard mount("none", disk, "tmpfs", 0, "size=10m") == 0 else {
      rmdir(disk)
      print("skipped: a small disk cannot be mounted here (\(String(cString: strerror(errno))))")
      return
    }
    defer {
      umount(disk)
      rmdir(disk)
    }
    try folder.write("large.safetensors", Self.safetensors(11, size: 1_000_000))
    try folder.write("a.safetensors", Self.safetensors(7, size: 1_000_000))
    try folder.write("b.safetensors", Self.safetensors(7, size: 1_000_000))
    let (large, out) = ("\(folder.path)/large.safetensors", disk + "/out.pth")

    let said = try suture("convert", large, "-o", out)
    #expect(said.code == 7)
    #expect(said.messages.contains("not enough space"))
    #expect(try fileNames(in: disk).isEmpty)

    // Each of these fits, both do not: the one that comes second finds the disk full while it writes.
    let both = try suture(
      "convert", "\(folder.path)/a.safetensors", "\(folder.path)/b.safetensors", "--out-dir", disk, "-j", "2",
      "--keep-going")
    #expect(both.code == 1, "\(both.messages)")
    #expect(try fileNames(in: disk).count <= 1)
    for name in try fileNames(in: disk) {
      #expect(try suture("check", "\(disk)/\(name)").code == 0)
      unlink("\(disk)/\(name)")
    }
  }
}
