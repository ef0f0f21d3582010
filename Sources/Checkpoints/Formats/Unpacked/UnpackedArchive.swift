internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// A checkpoint of `torch.save` that somebody unpacked: its records as files of a folder.
///
///     <folder>/[<prefix>/]data.pkl      the object
///     <folder>/[<prefix>/]byteorder     "little" or "big"; absent before PyTorch 2.1
///     <folder>/[<prefix>/]data/<key>    one storage each
struct UnpackedArchive: References {
  /// What holds `data.pkl`.
  private let folder: String

  func storage(_ reference: StorageReference) throws -> Storage {
    let name = "data/" + reference.key
    guard !reference.key.isEmpty, !reference.key.contains("/"), !reference.key.utf8.contains(0) else {
      throw Failure(in: folder, "the storage \(reference.key.quoted()) can be no file of this folder")
    }
    do {
      let file = try FileSource("\(folder)/\(name)")
      // Any file at all would do as the elements of a tensor: a link must not bring in one that was not unpacked here.
      guard isInside("\(folder)/\(name)", folder) else {
        throw Failure(
          in: folder, record: name,
          "the file of storage \(reference.key) is a link that leads out of the folder",
          remedies: ["copy the file here, if it is the right one"])
      }
      return Storage(
        file, offset: 0, byteCount: file.byteCount, label: reference.key, swapWidth: reference.swapWidth)
    } catch let error as SystemError where error.isMissing {
      throw Failure(
        in: folder, record: name, "the file of storage \(reference.key) is missing",
        remedies: ["unpack the archive again"])
    }
  }

  private var isBigEndian: Bool {
    get throws {
      let file: FileSource
      do { file = try FileSource("\(folder)/byteorder") } catch let error as SystemError where error.isMissing
      {
        return false
      }
      switch String(decoding: try file.bytes(0..<min(file.byteCount, 64)), as: UTF8.self) {
      case "little": return false
      case "big": return true
      case let other:
        throw Failure(
          in: folder, record: "byteorder",
          "the byte order is \(other.quoted(atMost: 20)); little and big are known")
      }
    }
  }
}

extension UnpackedArchive: CheckpointFormat {
  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard input.file == nil, let folder = try find(input) else { return nil }
    let archive = UnpackedArchive(folder: folder)
    let location = PickleLocation(path: folder, record: "data.pkl")
    let pickle = try FileSource("\(folder)/data.pkl")
    let graph: PickleGraph
    do { graph = try Unpickler.judged(pickle, location, input.limits) } catch let error
      as PickleError
    {
      throw location.failure(error, usually: "the pickle is damaged, or not one that torch.save writes")
    }
    let object = PickledObject(
      graph: graph, location: location, references: archive, limits: input.limits,
      isBigEndian: try archive.isBigEndian)
    let others = try OtherPickles(in: pickle, from: graph.streamByteCount, location, input.limits)
    var contents = try object.contents(
      key: input.key, warnings: ["it is an unpacked archive, whose checksums went with it"])
    contents.add(others)
    return Checkpoint(input, .unpacked, contents)
  }

  /// The folder itself, or the one folder in it.
  private static func find(_ input: CheckpointInput) throws -> String? {
    if input.fileNames.contains("data.pkl") { return input.name }
    let inner = try input.fileNames.map { "\(input.name)/\($0)" }.filter {
      try isFolder($0) && fileNames(in: $0).contains("data.pkl")
    }
    return inner.count == 1 ? inner[0] : nil
  }
}

extension Checkpoint.Container {
  public static let unpacked = Self(rawValue: "pytorch-unpacked")
}
