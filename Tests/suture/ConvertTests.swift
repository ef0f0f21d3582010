import Glibc
import SutureBytes
import TestSupport
import Testing

@Suite struct `Convert` {
  private typealias Source = `Writing that is disturbed`

  @Test func `does many files, and not again what is there and whole`() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b", "c"] { try folder.write("\(name).safetensors", Source.safetensors(3, size: 1000)) }
    let inputs = ["a", "b", "c"].map { "\(folder.path)/\($0).safetensors" }
    let out = folder.path + "/out"
    defer {
      for name in (try? fileNames(in: out)) ?? [] { unlink("\(out)/\(name)") }
      rmdir(out)
    }
    let words = ["convert"] + inputs + ["--out-dir", out, "-j", "2", "--json"]
    let first = try suture(words)
    #expect(first.code == 0)
    #expect(first.output.split(separator: "\n").filter { $0.contains("\"status\":\"written\"") }.count == 3)
    #expect(try fileNames(in: out) == ["a.pth", "b.pth", "c.pth"])

    truncate(out + "/b.pth", 500)
    let second = try suture(words)
    #expect(second.code == 0)
    #expect(second.output.split(separator: "\n").filter { $0.contains("\"status\":\"skipped\"") }.count == 2)
    #expect(second.output.contains("\"output\":\"\(out)/b.pth\",\"status\":\"written\""))
    #expect(try suture("check", out + "/b.pth").code == 0)
  }

  @Test func `goes on after a failure where it is told to`() throws {
    let folder = try TemporaryFolder()
    try folder.write("good.safetensors", Source.safetensors(3, size: 1000))
    try folder.write("bad.safetensors", Array("nothing of the kind".utf8))
    let out = folder.path + "/out"
    defer {
      for name in (try? fileNames(in: out)) ?? [] { unlink("\(out)/\(name)") }
      rmdir(out)
    }
    let inputs = ["\(folder.path)/bad.safetensors", "\(folder.path)/good.safetensors"]
    let stopped = try suture(["convert"] + inputs + ["--out-dir", out])
    #expect(stopped.code == 3)
    #expect(try fileNames(in: out).isEmpty)
    let went = try suture(["convert"] + inputs + ["--out-dir", out, "--keep-going", "--json"])
    #expect(went.code == 1)
    #expect(went.output.contains("\"kind\":\"unreadable\",\"exit_code\":3"))
    #expect(try fileNames(in: out) == ["good.pth"])
  }

  @Test func `does not take another's output for its own`() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.safetensors", Source.safetensors(3, size: 1000))
    try folder.write("other.safetensors", Source.safetensors(4, size: 1000))
    let (input, out) = ("\(folder.path)/a.safetensors", folder.path + "/out")
    try createFolder(out)
    defer {
      unlink(out + "/a.pth")
      rmdir(out)
    }
    #expect(try suture("convert", "\(folder.path)/other.safetensors", "-o", out + "/a.pth").code == 0)
    let said = try suture("convert", input, "--out-dir", out)
    #expect(said.code == 7)
    #expect(said.messages.contains("exists already"))
    #expect(try suture("convert", input, "--out-dir", out, "--force").code == 0)
  }

  @Test func `refuses two inputs that would become one file`() throws {
    let said = try suture("convert", "x/a.pth", "y/a.bin", "--out-dir", "/nowhere")
    #expect(said.code == 2)
    #expect(said.messages.contains("would both become"))
  }

  @Test func `reports its progress as lines of JSON`() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.safetensors", Source.safetensors(3, size: 1000))
    let said = try suture(
      "convert", "\(folder.path)/a.safetensors", "-o", "\(folder.path)/a.pth", "--progress", "json")
    #expect(said.code == 0)
    #expect(said.messages.contains("{\"schema\":\"suture.progress/2\""))
    // The last line tells that all is done.
    #expect(try #/"done":(\d+),"total":\1,/#.firstMatch(in: said.messages) != nil)
  }

  @Test func `verifies every checksum of the source, those of what is left out too`() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.safetensors", Source.safetensors(3, size: 1000))
    let path = "\(folder.path)/a.pth"
    #expect(try suture("convert", "\(folder.path)/a.safetensors", "-o", path).code == 0)
    var bytes = try contents(of: path)
    // The pickle and the records before data/0 take less than this; the second tensor lies behind it.
    bytes[2200] ^= 1
    try folder.write("a.pth", bytes)
    for words in [["convert"], ["edit", "--keep", "t0"]] {
      let said = try suture([words[0], path, "-o", "\(folder.path)/out.safetensors"] + words.dropFirst())
      #expect(said.code == 3)
      #expect(said.messages.contains("is corrupt: its CRC-32 is"))
      #expect(said.messages.contains("at byte"))
      let trusting = try suture(
        [words[0], path, "-o", "\(folder.path)/out.safetensors", "--no-verify", "--force"] + words.dropFirst()
      )
      #expect(trusting.code == 0)
      unlink("\(folder.path)/out.safetensors")
    }
  }

  @Test(arguments: [
    (["-o", "OUT.xyz"], "cannot tell the format"),
    (["-o", "OUT.safetensors", "--format", "pth"], "is the name of a safetensors file"),
    (["-o", "OUT.pt", "--format", "safetensors"], "is the name of a PyTorch file"),
    (["-o", "OUT.safetensors", "--extras", "keep"], "tensors only"),
    (["-o", "OUT.safetensors", "--keep-storages"], "no storages to keep"),
    (["-o", "OUT.npz", "--keep-storages"], "no storages to keep"),
    (["-o", "OUT.npz", "--extras", "keep"], "no extras can be kept"),
    (["-o", "OUT.npz", "--shared", "alias"], "each name is written in full"),
    (["-o", "OUT.npy", "--max-shard-size", "1MB"], "no place for shards"),
    (["-o", "OUT.npz", "--metadata", "a=b"], "no place for metadata"),
    (["-o", "OUT.npz", "--hash"], "no place for the hash"),
    (["-o", "OUT.npz", "--format", "pth"], "the name of a NumPy file"),
    (["-o", "OUT.pth", "--shared", "alias"], "keeps sharing"),
    (["-o", "OUT.pth", "--dtype", "int8"], "not a floating dtype"),
    (["-o", "OUT.pth", "--dtype", "float8_e8m0fnu"], "not a floating dtype"),
    (["-o", "OUT.pth", "--keep-dtype", "x"], "keep-dtype needs a dtype"),
    (["-o", "OUT.pth", "--dtype", "float16", "--keep-dtype", "nothing"], "fits no name"),
    (["-o", "OUT.pth", "--max-shard-size", "many"], "takes a size"),
    (["-o", "OUT.pth", "--jobs", "0"], "takes a number"),
    (["-o", "OUT.pth", "--out-dir", "x"], "exclude each other"),
    (["-o", "IN"], "is the input itself"),
    ([], "say where to write"),
  ])
  func `refuses what cannot be meant`(words: [String], reason: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("in.safetensors", Source.safetensors(3, size: 1000))
    let input = "\(folder.path)/in.safetensors"
    let said = try suture(
      ["convert", input]
        + words.map {
          $0 == "IN" ? input : $0.hasPrefix("OUT") ? "\(folder.path)/\($0)" : $0
        })
    #expect(said.code == 2)
    #expect(said.messages.contains(reason), "\(said.messages)")
    #expect(folder.names == ["in.safetensors"])
  }
}
