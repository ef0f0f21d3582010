internal import SutureBytes
internal import SutureText

/// Names what a file is that holds no weights we can read.
package enum ForeignFile {
  static let zipMagic: [UInt8] = Array("PK".utf8) + [3, 4]

  /// The error for a file that is known not to be a checkpoint by its first bytes; `nil` for another.
  static func recognize(_ input: CheckpointInput) -> Failure? {
    let (path, start) = (input.name, input.head)
    if isWebPage(start) {
      return Failure(in: path, "an HTML page: the download failed", remedies: ["fetch the file again"])
    }
    for (magic, offset, reason, hint) in signatures where matches(start, magic, at: offset) {
      return Failure(in: path, reason, remedies: [.advice(hint)])
    }
    let text = String(decoding: start.prefix(64), as: UTF8.self)
    if start.starts(with: [8]), text.contains("pytorch") || text.contains("onnx") {
      return Failure(
        in: path, "an ONNX model, which is not read",
        remedies: ["use the checkpoint that it was exported from"])
    }
    if start.allSatisfy({ $0 == 0 }) {
      return Failure(
        in: path, "it begins with zeros only, like a download that never finished",
        remedies: ["fetch the file again"])
    }
    return nil
  }

  /// The error for what no format knows.
  static func explain(_ input: CheckpointInput) -> Failure {
    let (path, start) = (input.name, input.head)
    guard let byteCount = input.file?.byteCount else { return folder(input) }
    if byteCount < 22, start.starts(with: "PK".utf8) {
      return Failure(
        in: path, "it is a zip archive of \(byteCount) bytes: truncated", remedies: ["fetch it again"])
    }
    if isPath(start) {
      return Failure(
        in: path, "it is a text file that holds a path, as a symbolic link becomes where links cannot be",
        remedies: [.advice("open what it names, \(String(decoding: start, as: UTF8.self).visible)")])
    }
    if isText(start) {
      return Failure(
        in: path, "it is a text file, not a checkpoint",
        remedies: ["a saved error page? look at its first lines"])
    }
    return Failure(
      in: path, "it is neither a PyTorch checkpoint nor a safetensors file",
      remedies: [
        "its first bytes are \(start.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " "))"
      ])
  }

  static func tar(_ path: String, _ names: [String]) -> Failure {
    Failure(
      in: path, "a tar archive, but no PyTorch checkpoint",
      remedies: unpacking(names))
  }

  /// What to do with an archive of these files, which is no checkpoint itself.
  static func unpacking(_ names: [String]) -> [Remedy] {
    let checkpoints = names.filter(Checkpoint.isCheckpointName)
    let first = names.prefix(5).map(\.shownName).joined(separator: ", ")
    return
      (checkpoints.isEmpty
      ? [] : [.advice("unpack it and open \(checkpoints.map(\.shownName).summary)")])
      + [.advice("it holds: \(first)\(names.count > 5 ? ", …" : "")")]
  }

  /// The error for a file of `joblib.dump`, where the bytes of each array follow the pickled word of it.
  static func joblib(_ path: String) -> Failure {
    Failure(
      in: path, "a file of joblib.dump, which is not read: the bytes of arrays interrupt its pickle",
      remedies: [.advice(joblibHint)])
  }

  /// The error for a folder without an index.
  private static func folder(_ input: CheckpointInput) -> Failure {
    let (path, names) = (input.name, input.fileNames)
    let files = input.checkpoints
    let folders = files.isEmpty ? names.filter { isFolder("\(path)/\($0)") } : []
    let choice = files.isEmpty ? folders : files
    return Failure(
      in: path,
      files.isEmpty
        ? "there is no checkpoint in this folder"
        : "there \(files.count == 1 ? "is 1 checkpoint" : "are \(files.count) checkpoints") in this folder, without an "
          + "index of shards (*.index.json)",
      remedies: choice.isEmpty ? [] : [input.opening(choice)])
  }

  private static let zlib = "compressed with zlib, as joblib.dump does"
  private static let joblibHint = "in Python: numpy.savez(file, **arrays) of what joblib.load returns"

  private static let pictureHint = "open the checkpoint of a network that is to look at it"

  private static let signatures: [(magic: [UInt8], offset: Int, reason: String, hint: String)] = [
    (Array("version https://git-lfs".utf8), 0, "a Git LFS pointer, not the file itself", "run: git lfs pull"),
    ([0x1F, 0x8B], 0, "compressed with gzip", "decompress it first: gunzip -k"),
    ([0x78, 0x01], 0, zlib, joblibHint), ([0x78, 0x5E], 0, zlib, joblibHint),
    ([0x78, 0x9C], 0, zlib, joblibHint), ([0x78, 0xDA], 0, zlib, joblibHint),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], 0, "a 7-Zip archive", "unpack it first: 7z x"),
    (
      [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A], 0, "an HDF5 file, perhaps of Keras", "export it from Keras first"
    ),
    ([0x89] + Array("PNG".utf8), 0, "a PNG picture", pictureHint),
    ([0xFF, 0xD8, 0xFF], 0, "a JPEG picture", pictureHint),
    (Array("%PDF".utf8), 0, "a PDF document", "open the checkpoint that belongs to it"),
    ([0x7F] + Array("ELF".utf8), 0, "a program or library", "open a checkpoint"),
    (Array("GGUF".utf8), 0, "a GGUF file of llama.cpp, which is not read", "use the original weights"),
    (Array("BZh".utf8), 0, "compressed with bzip2", "decompress it first: bunzip2 -k"),
    ([0xFD] + Array("7zXZ".utf8), 0, "compressed with xz", "decompress it first: unxz -k"),
    ([0x28, 0xB5, 0x2F, 0xFD], 0, "compressed with zstd", "decompress it first: unzstd"),
    (Array("Rar!".utf8), 0, "a RAR archive", "unpack it first"),
    (
      Array("PTMF".utf8), 4, "a PyTorch Mobile model in flatbuffers, which is not read",
      "use the .pt file it was made from"
    ),
    (Array("TFL3".utf8), 4, "a TensorFlow Lite model, which is not read", "use the original weights"),
    (Array("%PDF".utf8), 0, "a PDF document", "look for the weights elsewhere"),
  ]

  private static func matches(_ start: [UInt8], _ magic: [UInt8], at offset: Int) -> Bool {
    start.count >= offset + magic.count && start[offset...].starts(with: magic)
  }

  /// Whether a file begins as a page does, which servers send instead of a file; a byte order mark and blanks count for
  /// nothing, nor does the case of letters.
  package static func isWebPage(_ start: [UInt8]) -> Bool {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = start.dropFirst(start.starts(with: mark) ? mark.count : 0).drop {
      $0 == 32 || (9...13).contains($0)
    }
    return ["<!doctype html", "<html"].contains {
      String(decoding: text.prefix($0.utf8.count), as: UTF8.self).lowercased() == $0
    }
  }

  /// Whether a file is one path upwards and nothing else, such as `../../blobs/307537e…` of the Hub's cache.
  private static func isPath(_ start: [UInt8]) -> Bool {
    start.count < 512 && start.starts(with: "../".utf8) && start.allSatisfy { (33...126).contains($0) }
  }

  private static func isText(_ start: [UInt8]) -> Bool {
    // The window may cut a character in two: leave its last bytes out of the test.
    let whole = start.count == 512 ? start.dropLast(3) : start[...]
    guard !whole.contains(where: { $0 < 9 || ($0 > 13 && $0 < 32) || $0 == 127 }) else { return false }
    return (0...3).contains { String(validating: whole.dropLast($0), as: UTF8.self) != nil }
  }
}
