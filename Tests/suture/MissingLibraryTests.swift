import SutureBytes
import TestSupport
import Testing

/// Where a library that is opened when it is needed is not there, all else works: one that cannot be loaded stands before it.
@Suite struct `A library that is missing` {
  private static let weights = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  private func without(_ library: String, _ words: String...) throws -> Said {
    let folder = try TemporaryFolder()
    try folder.write(library, [])
    // What finds the names of a leak's functions wants the same libraries, and without names none can be overlooked.
    let environment = ["LD_LIBRARY_PATH=" + folder.path, "ASAN_OPTIONS=detect_leaks=0"]
    return try suture(words, environment: environment)
  }

  @Test func `is named where networks are run, with the package, and the way without it`() throws {
    let said = try without("libdnnl.so.2", "bench", Self.weights, "--size", "32", "--rounds", "1")
    #expect(said.code == 6)
    #expect(said.messages.contains("without oneDNN: "), "\(said.messages)")
    #expect(said.messages.contains("apt-get install libdnnl2"))
    #expect(said.messages.contains("--engine reference"))
    #expect(try without("libdnnl.so.2", "inspect", Self.weights).code == 0)
    let plain = try without(
      "libdnnl.so.2", "bench", Self.weights, "--size", "32", "--rounds", "1", "--engine", "reference")
    #expect(plain.code == 0, "\(plain.messages)")
  }

  @Test(arguments: [
    ("libpng16.so.16", "chelsea.cropped.png", "libpng16-16"),
    ("libjpeg.so.62", "rocket.jpg", "libjpeg62-turbo"),
  ])
  func `is named where a picture is read`(library: String, picture: String, package: String) throws {
    let said = try without(
      library, "verify", Self.weights, "--image", projectFolder + "/Fixtures/Photos/" + picture)
    #expect(said.code == 3)
    #expect(said.messages.contains("cannot be read as a picture"), "\(said.messages)")
    #expect(said.messages.contains("apt-get install " + package))
  }

  @Test func `is named where an address is read`() throws {
    let said = try without("libcurl.so.4", "inspect", "https://127.0.0.1:1/x.pth")
    #expect(said.code == 8)
    #expect(said.messages.contains("apt-get install libcurl4"), "\(said.messages)")
  }

  @Test func `is named where a zip archive is read, and other formats need none`() throws {
    let said = try without("libzip.so.4", "inspect", Self.weights)
    #expect(said.code == 3)
    #expect(said.messages.contains("cannot be read without libzip: "), "\(said.messages)")
    #expect(said.messages.contains("apt-get install libzip4"))
    let folder = try TemporaryFolder()
    let tensors = folder.path + "/weights.safetensors"
    #expect(try suture(["convert", Self.weights, "-o", tensors]).code == 0)
    let other = try without("libzip.so.4", "convert", tensors, "-o", folder.path + "/weights.pth")
    #expect(other.code == 0, "\(other.messages)")
  }

  @Test func `is named where a recipe is read, and what reads none needs none`() throws {
    let folder = try TemporaryFolder()
    try folder.write("recipe.yaml", Array("recipe: 1\nsteps: [{drop: \"head.*\"}]\n".utf8))
    let said = try without(
      "libyaml-0.so.2", "edit", Self.weights, "--recipe", folder.path + "/recipe.yaml", "-o",
      folder.path + "/out.pth")
    #expect(said.code == 2)
    #expect(said.messages.contains("without libyaml: "), "\(said.messages)")
    #expect(said.messages.contains("apt-get install libyaml-0-2"))
    #expect(
      try without("libyaml-0.so.2", "edit", Self.weights, "--drop", "head.*", "-o", folder.path + "/out.pth")
        .code == 0)
  }

  @Test func `that sums up faster leaves every checksum as it is`() throws {
    #expect(try without("libisal.so.2", "check", Self.weights).code == 0)
    var bytes = try contents(of: Self.weights)
    bytes[bytes.count / 2] ^= 1
    let folder = try TemporaryFolder()
    try folder.write("damaged.pth", bytes)
    let damaged = folder.path + "/damaged.pth"
    let (with, without) = (try suture(["check", damaged]), try without("libisal.so.2", "check", damaged))
    #expect(with.code == 1 && without.code == 1)
    #expect(with.output.split(separator: "\n").filter { $0.contains("CRC-32") }.count == 1, "\(with.output)")
    #expect(
      with.output.split(separator: "\n").filter { $0.contains("CRC-32") }
        == without.output.split(separator: "\n").filter { $0.contains("CRC-32") })
  }

  @Test func `is named where hashes are computed, before anything is written`() throws {
    let folder = try TemporaryFolder()
    let (tensors, output) = (folder.path + "/weights.safetensors", folder.path + "/out.safetensors")
    #expect(try suture(["convert", Self.weights, "-o", tensors]).code == 0)
    let hashed = try without("libcrypto.so.3", "inspect", "--sha256", tensors)
    #expect(hashed.code == 3)
    #expect(hashed.messages.contains("apt-get install libssl3"), "\(hashed.messages)")
    let edited = try without(
      "libcrypto.so.3", "edit", tensors, "--drop", "head*", "-o", output, "--json")
    #expect(edited.code == 3)
    #expect(edited.messages.contains("without libcrypto: "), "\(edited.messages)")
    #expect(!pathExists(output))
    #expect(try without("libcrypto.so.3", "edit", tensors, "--drop", "head*", "-o", output).code == 0)
  }
}
