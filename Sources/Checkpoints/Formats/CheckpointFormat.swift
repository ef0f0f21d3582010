internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText
internal import SutureZipArchive

/// A kind of file or folder that checkpoints come in.
///
/// Each has a folder beside this file and a line in ``Checkpoint/formats``; none knows another.
protocol CheckpointFormat: SendableMetatype {
  /// How the names of its files end.
  static var suffixes: [String] { get }

  /// The checkpoint in `input`; `nil` where that is of another format.
  ///
  /// - Throws: what is wrong with it, once nothing else can be meant.
  static func open(_ input: CheckpointInput) throws -> Checkpoint?
}

extension CheckpointFormat {
  static var suffixes: [String] { [] }
}

extension Checkpoint {
  /// The formats, in the order in which they are asked: what tells itself apart for certain comes before what is told
  /// by less.
  static let formats: [any CheckpointFormat.Type] = [
    // The length of a header and a brace; the length may begin as any other format does.
    SafetensorsFile.self,
    // A zip of .npy files alone is NumPy's; any other is PyTorch's or nobody's.
    NpzFile.self, TorchZipFile.self,
    NpyFile.self, TorchTarFile.self,
    // Folders that ranks wrote, each told by a file that only it has.
    DistributedFolder.self, DistributedSafetensors.self, ZeroFolder.self,
    // Folders of steps, where there is no model beside them or a step is asked for.
    StepsFolder.self,
    // JSON, or a folder with JSON in it.
    ShardIndexFile.self,
    // What else a folder may be; one with an index may hold other files as well.
    UnpackedArchive.self, RankFiles.self, ModelFolder.self,
    // Any byte may begin a pickle. Whether the first of five is meant shows in it, so the old format comes first.
    LegacyFile.self, PickleFile.self,
  ]

  /// How the names of checkpoints end, the likeliest of each format first.
  public static let suffixes = formats.flatMap { $0.suffixes }

  /// Whether a file may be a checkpoint by its name.
  static func isCheckpointName(_ name: String) -> Bool { suffixes.contains { name.hasSuffix($0) } }

  /// Tells of the other checkpoints that lie in the folder of which this one was opened.
  mutating func tellOthers(in folder: CheckpointInput) {
    let read = Set(files.map(ExactString.init))
    let others = folder.checkpoints.filter { !read.contains(ExactString("\(folder.name)/\($0)")) }
    if !others.isEmpty {
      warnings.append("in the same folder, and not read: \(others.map(\.shownName).summary)")
    }
    let steps = folder.steps
    guard let last = steps.last else { return }
    warnings.append(
      "beside the model lies what training goes on from, and is not read: \(steps.map(\.shownName).summary) "
        + "(open \("\(folder.name)/\(last)".visible))")
  }

  /// Opens what the first format that knows it finds in `input`.
  static func open(_ input: CheckpointInput) throws -> Checkpoint {
    for format in formats {
      guard let checkpoint = try format.open(input) else { continue }
      Log.debug(
        "\(input.name): \(checkpoint.container.rawValue), read by \(format): \(checkpoint.stateDict.count) tensors, "
          + "\(checkpoint.extras.count) other values")
      return checkpoint
    }
    throw ForeignFile.explain(input)
  }
}

/// A file or a folder that some format is to make a checkpoint of, and what it has been found to be so far.
final class CheckpointInput {
  let name: String
  let key: String?
  let limits: ReadLimits
  /// The bytes; `nil` of a folder.
  let file: (any ByteSource)?
  /// The first bytes, 512 where there are as many.
  let head: [UInt8]
  /// What lies in a folder.
  let fileNames: [String]
  /// Whether it may name other files of this machine: what lies in memory or is a part itself may not.
  let mayNameFiles: Bool

  private var openedArchive: ArchiveReader?
  private var loadedPickle: PickleGraph??

  /// - Throws: `Failure` where the file is empty, and what reading throws.
  init(_ file: any ByteSource, key: String?, limits: ReadLimits, mayNameFiles: Bool) throws {
    (name, self.file, fileNames) = (file.name, file, [])
    (self.key, self.limits, self.mayNameFiles) = (key, limits, mayNameFiles)
    head = try file.bytes(0..<min(file.byteCount, 512))
    if head.isEmpty {
      throw Failure(in: name, "the file is empty", remedies: ["was the download interrupted?"])
    }
  }

  init(folder: String, key: String?, limits: ReadLimits) throws {
    name = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    (file, head, mayNameFiles) = (nil, [], true)
    (self.key, self.limits) = (key, limits)
    fileNames = try SutureBytes.fileNames(in: name)
  }

  var isStandardInput: Bool { (file as? FileSource)?.isStandardInput == true }

  /// The path or the address under which it can be opened again.
  var place: String {
    isStandardInput ? StandardInput.word : file?.remote?.address.text ?? name
  }

  /// The files of a folder that may be checkpoints by their names.
  var checkpoints: [String] {
    fileNames.filter { Checkpoint.isCheckpointName($0) && !isFolder("\(name)/\($0)") }
  }

  /// What to open of a folder instead.
  func opening(_ names: [String]) -> Remedy {
    let start = name == "/" ? "" : name
    return .advice("open one of: \(names.prefix(8).map { "\(start)/\($0)".visible }.joined(separator: ", "))")
  }

  /// The zip archive that the file is; `nil` where it is none.
  func archive() throws -> ArchiveReader? {
    if let openedArchive { return openedArchive }
    guard let file else { return nil }
    let isRenamed = RenamedArchive.begins(with: head)
    guard isRenamed || head.starts(with: ForeignFile.zipMagic) else { return nil }
    let archive = try ArchiveReader(
      isRenamed ? RenamedArchive(file) : file, recordLimit: limits.records, inflation: limits.inflation)
    Log.debug(
      "\(name): a zip archive of \(archive.records.count) records"
        + (archive.recordsChecksums ? "" : " without checksums"))
    openedArchive = archive
    return archive
  }

  /// The pickle that the file begins with; `nil` where it begins with none.
  func pickle() throws -> PickleGraph? {
    if let loadedPickle { return loadedPickle }
    let graph = try loadPickle()
    loadedPickle = .some(graph)
    return graph
  }

  private func loadPickle() throws -> PickleGraph? {
    guard let file else { return nil }
    // What is known to be something else is not taken for a pickle, which any byte may begin.
    if let known = ForeignFile.recognize(self) { throw known }
    let location = PickleLocation(path: name)
    do { return try Unpickler.judged(file, location, limits) } catch let error as PickleError {
      // What joblib pickles of an array stands right before the array's bytes.
      let end = min(error.offset, file.byteCount)
      let last = try file.bytes(max(0, end - 65_536)..<end)
      if last.firstRange(of: Array("NumpyArrayWrapper".utf8)) != nil { throw ForeignFile.joblib(name) }
      // A pickle that says PROTO means it.
      guard head[0] == 0x80 else { return nil }
      throw location.failure(error, usually: "the pickle is damaged or cut short")
    }
  }

  /// Throws where a key is to be entered, of which this kind of file has none.
  func requireNoKey(_ what: String) throws {
    guard let key, key != "." else { return }
    throw Failure(
      in: name, "\(what) has no places to enter, so there is no \"\(key)\"",
      remedies: ["open it without a key"])
  }
}
