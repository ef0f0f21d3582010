import Glibc
import SutureBytes
import SutureText
import TestSupport
import Testing

@Suite struct `An output file` {
  @Test func `appears only when it is committed`() throws {
    let folder = try TemporaryFolder()
    let output = try OutputFile(folder.path + "/out")
    try output.write(Array("whole".utf8))
    #expect(!folder.names.contains("out"))
    try output.commit(replacing: false)
    #expect(folder.names == ["out"])
    let file = try FileSource(folder.path + "/out")
    #expect(try file.bytes(0..<5) == Array("whole".utf8))
  }

  @Test func `leaves nothing behind when it is given up`() throws {
    let folder = try TemporaryFolder()
    do {
      let output = try OutputFile(folder.path + "/out")
      try output.write([1, 2, 3])
    }
    #expect(folder.names.isEmpty)
  }

  @Test func `does not replace a file that appeared meanwhile`() throws {
    let folder = try TemporaryFolder()
    let (first, second) = (try OutputFile(folder.path + "/out"), try OutputFile(folder.path + "/out"))
    try first.write([1])
    try second.write([2])
    try first.commit(replacing: false)
    let error = #expect(throws: SystemError.self) { try second.commit(replacing: false) }
    #expect(error?.isAlreadyThere == true)
    try second.commit(replacing: true)
    #expect(try FileSource(folder.path + "/out").bytes(0..<1) == [2])
  }

  @Test func `refuses a folder, a missing folder and a device`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: Failure.self) { try OutputFile(folder.path) }
    #expect(throws: SystemError.self) { try OutputFile(folder.path + "/missing/out") }
    #expect(throws: Failure.self) { try OutputFile("/dev/null") }
  }
}

@Suite struct `A file source` {
  @Test func `refuses what is no regular file without waiting`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: Failure.self) { try FileSource(folder.path) }
    mkfifo(folder.path + "/pipe", 0o600)
    #expect(throws: Failure.self) { try FileSource(folder.path + "/pipe") }
    #expect(throws: SystemError.self) { try FileSource(folder.path + "/nothing") }
  }

  @Test func `says so when the file shrinks under it`() throws {
    let folder = try TemporaryFolder()
    let output = try OutputFile(folder.path + "/file")
    try output.write([UInt8](repeating: 7, count: 100))
    try output.commit(replacing: false)
    let file = try FileSource(folder.path + "/file")
    truncate(folder.path + "/file", 10)
    #expect(throws: Failure.self) { try file.bytes(0..<100) }
  }
}
