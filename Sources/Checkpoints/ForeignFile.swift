internal import Bytes

/// Names what a file is that holds no weights we can read.
enum ForeignFile {
  static let zipMagic: [UInt8] = Array("PK".utf8) + [3, 4]

  /// The error for a file of which `start` are the first bytes.
  static func explain(_ path: String, start: [UInt8], byteCount: Int) -> CheckpointError {
    for (magic, offset, reason, hint) in signatures where matches(start, magic, at: offset) {
      return CheckpointError(path, reason, hints: [hint])
    }
    if start.allSatisfy({ $0 == 0 }) {
      return CheckpointError(
        path, "it begins with zeros only, like a download that never finished",
        hints: ["fetch the file again"])
    }
    if isText(start) {
      return CheckpointError(
        path, "it is a text file, not a checkpoint", hints: ["a saved error page? look at its first lines"])
    }
    if byteCount < 22, start.starts(with: "PK".utf8) {
      return CheckpointError(
        path, "it is a zip archive of \(byteCount) bytes: truncated", hints: ["fetch it again"])
    }
    return CheckpointError(
      path, "it is neither a PyTorch checkpoint nor a safetensors file",
      hints: ["its first bytes are \(start.prefix(8).map { String($0, radix: 16) }.joined(separator: " "))"])
  }

  private static let legacy = "a PyTorch file of the format before 1.6, which this version cannot read yet"
  private static let resave =
    "in Python: torch.save(torch.load(file), new_file), with PyTorch 1.6 or later, gives one that it can"

  private static let signatures: [(magic: [UInt8], offset: Int, reason: String, hint: String)] = [
    ([0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A], 0, legacy, resave),
    ([0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A], 0, legacy, resave),
    (Array("version https://git-lfs".utf8), 0, "a Git LFS pointer, not the file itself", "run: git lfs pull"),
    (Array("<!DOCTYPE".utf8), 0, "an HTML page: the download failed", "fetch the file again"),
    (Array("<!doctype".utf8), 0, "an HTML page: the download failed", "fetch the file again"),
    (Array("<html".utf8), 0, "an HTML page: the download failed", "fetch the file again"),
    ([0x1F, 0x8B], 0, "compressed with gzip", "decompress it first: gunzip -k"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], 0, "a 7-Zip archive", "unpack it first: 7z x"),
    (
      [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A], 0, "an HDF5 file, perhaps of Keras", "export it from Keras first"
    ),
    (
      Array("GGUF".utf8), 0, "a GGUF file of llama.cpp, which this version cannot read",
      "use the original weights"
    ),
    (
      [0x93] + Array("NUMPY".utf8), 0, "a NumPy array, which this version cannot read yet",
      "use torch.save in Python"
    ),
    (Array("ustar".utf8), 257, "a tar archive", "unpack it and open the checkpoint inside"),
    ([0x80, 2], 0, "a bare pickle, which this version cannot read yet", resave),
    ([0x80, 3], 0, "a bare pickle, which this version cannot read yet", resave),
    ([0x80, 4], 0, "a bare pickle, which this version cannot read yet", resave),
    ([0x80, 5], 0, "a bare pickle, which this version cannot read yet", resave),
  ]

  private static func matches(_ start: [UInt8], _ magic: [UInt8], at offset: Int) -> Bool {
    start.count >= offset + magic.count && start[offset...].starts(with: magic)
  }

  private static func isText(_ start: [UInt8]) -> Bool {
    // The window may cut a character in two: leave its last bytes out of the test.
    let whole = start.count == 512 ? start.dropLast(3) : start[...]
    guard !whole.contains(where: { $0 < 9 || ($0 > 13 && $0 < 32) || $0 == 127 }) else { return false }
    return (0...3).contains { String(validating: whole.dropLast($0), as: UTF8.self) != nil }
  }
}
