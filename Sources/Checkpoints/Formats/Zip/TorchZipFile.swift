internal import SutureBytes
internal import SutureJSON
internal import SuturePickle
internal import SutureTensors
internal import SutureZipArchive
internal import SutureText

/// The zip format of `torch.save` since PyTorch 1.6.
///
///     <prefix>/data.pkl         the object, tensors as references to storages
///     <prefix>/byteorder        "little" or "big"; absent before PyTorch 2.1
///     <prefix>/data/<key>       one storage each, raw elements
///     <prefix>/version          "3"
///     <prefix>/constants.pkl    and code/, of TorchScript only
///     <prefix>/.…               hints for torch's own loader
struct TorchZipFile {
  let archive: ArchiveReader
  /// What stands before `data.pkl`, up to and with the slash.
  private let prefix: String
  private let isBigEndian: Bool
  private let limits: ReadLimits

  private var path: String { archive.source.name }

  init(_ archive: ArchiveReader, limits: ReadLimits) throws {
    (self.archive, self.limits) = (archive, limits)
    prefix = try Self.findPrefix(archive.records.map(\.name), path: archive.source.name)
    try Self.checkVersion(archive, prefix)
    isBigEndian = try Self.isBigEndian(archive, prefix)
    try verifySmallRecords()
  }

  /// Whether it holds a TorchScript module: beside the object there is the code of its classes.
  private var isScript: Bool { archive[prefix + "constants.pkl"] != nil }

  /// Reads every record that is no storage, so that damage shows though nothing in it is needed.
  private func verifySmallRecords() throws {
    let (storages, pickle) = (prefix + "data/", prefix + "data.pkl")
    for record in archive.records where record.size <= Self.smallRecord {
      let name = record.name
      guard name.hasPrefix(prefix), !name.hasPrefix(storages), name != pickle else { continue }
      _ = try archive.contents(of: record, limit: Self.smallRecord)
    }
  }

  private static let smallRecord = 1 << 16

  /// The pickle of the object, and what it builds.
  private func load() throws -> (bytes: [UInt8], record: Record, location: PickleLocation, graph: PickleGraph)
  {
    let name = prefix + "data.pkl"
    guard let record = archive[name] else {
      throw Failure(in: path, record: name, "the record is missing")
    }
    let location = self.location(of: record)
    let bytes = try pickle(record)
    do {
      return (
        bytes, record, location, try Unpickler.judged(MemorySource(bytes, name: path), location, limits)
      )
    } catch let error as PickleError {
      throw location.failure(error, usually: "the pickle is damaged, or not one that torch.save writes")
    }
  }

  private func object(_ graph: PickleGraph, _ location: PickleLocation) throws -> PickledObject {
    PickledObject(
      graph: graph, location: location, references: self, limits: limits, isBigEndian: isBigEndian,
      script: try scriptClasses())
  }

  /// The object of an archive that is one of several files of a checkpoint.
  ///
  /// - Throws: `Failure` where the pickle calls something harmful, too.
  func part() throws -> PickledPart {
    let (bytes, _, location, graph) = try load()
    var part = try PickledPart(object(graph, location))
    try judgeOthers(bytes, from: graph.streamByteCount, location) { others in
      part.globals.merge(others.globals)
      if let unread = others.unread { part.warnings.append(unread.message) }
    }
    return part
  }

  /// Reads the pickle and finds the state dict in it.
  private func contents(key: String?) throws -> PickledObject.Contents {
    let (bytes, record, location, graph) = try load()
    let name = record.name
    var warnings = archive.allWarnings
    // A cast would look for every way in which one type may be made of another.
    if type(of: archive.source) == RenamedArchive.self {
      warnings.append(
        "digits stand where a zip archive begins with PK, by which GPT-SoVITS tells its versions apart: torch.load "
          + "does not open it so")
    }
    for record in archive.records where record.name.hasSuffix("/data.pkl") && record.name != name {
      warnings.append(
        "\(record.name.shownName) is another pickle, of which torch takes no notice; nor is it read here")
    }
    if graph.streamByteCount < record.size {
      warnings.append("\(record.size - graph.streamByteCount) bytes follow the end of the pickle in \(name)")
    }
    var contents = try object(graph, location).contents(key: key, warnings: warnings)
    try judgeOthers(bytes, from: graph.streamByteCount, location) { contents.add($0) }
    if isScript, contents.choice.stateDict.isEmpty { contents.warnings += constants }
    contents.provenance = try own(TorchWriter.provenanceRecord).flatMap { Provenance($0) }
    contents.choice.stateDict.metadata = try ownMetadata()
    return contents
  }

  /// What is said of a module whose weights are no more its attributes.
  private var constants: [String] {
    let count = archive.records.count { $0.name.hasPrefix(prefix + "constants/") }
    if count == 0 { return [] }
    return [
      "\(Format.plural(count, "tensor")) \(count == 1 ? "is a constant" : "are constants") of the module's code, which "
        + "torch.jit.freeze makes of weights: without names, and not read"
    ]
  }

  /// Judges what follows the pickle, and every other pickle of the archive: Python may come to load each of them.
  private func judgeOthers(
    _ pickle: [UInt8], from end: Int, _ location: PickleLocation, _ add: (OtherPickles) -> Void
  ) throws {
    func judge(_ bytes: [UInt8], from start: Int, _ location: PickleLocation) throws {
      let source = MemorySource(bytes, name: path)
      add(try OtherPickles(in: source, from: start, location, limits))
    }
    try judge(pickle, from: end, location)
    for record in archive.records where record.name.hasSuffix(".pkl") && record.name != location.record {
      try judge(try self.pickle(record), from: 0, self.location(of: record))
    }
  }

  private func location(of record: Record) -> PickleLocation {
    PickleLocation(path: path, record: record.name, recordStart: record.start)
  }

  /// The bytes of a pickle.
  private func pickle(_ record: Record) throws -> [UInt8] {
    try archive.contents(of: record, limit: limits.pickle.streamBytes)
  }

  /// What this tool wrote beside the checkpoint, which torch ignores.
  private func own(_ name: String) throws -> [UInt8]? {
    guard let record = archive[prefix + name], record.size <= Self.codeLimit else { return nil }
    return try archive.contents(of: record, limit: Self.codeLimit)
  }

  /// The metadata of the safetensors file that the tensors came from.
  private func ownMetadata() throws -> [(key: String, value: String)] {
    guard let text = try own(TorchWriter.metadataRecord),
      let members = try? JSONParser.parse(text).members
    else { return [] }
    return members.compactMap { key, value in value.stringValue.map { (key, $0) } }
  }

  /// What the code of a TorchScript archive says about its classes; `nil` for another archive.
  private func scriptClasses() throws -> ScriptClasses? {
    guard isScript else { return nil }
    var classes = ScriptClasses()
    let folder = prefix + "code/"
    for record in archive.records where record.name.hasPrefix(folder) && record.name.hasSuffix(".py") {
      let source = String(decoding: try archive.contents(of: record, limit: Self.codeLimit), as: UTF8.self)
      classes.add(source, path: String(record.name.dropFirst(folder.count)))
    }
    return classes
  }

  private static let codeLimit = 1 << 28

  // MARK: What kind of archive

  private static func findPrefix(_ names: [String], path: String) throws -> String {
    let pickles = names.filter { name in
      !name.hasPrefix("__MACOSX/") && (name == "data.pkl" || name.hasSuffix("/data.pkl"))
    }
    // `data/data.pkl` belongs to the prefix `data/`; a storage of that name cannot exist, keys are numbers.
    func depth(_ name: String) -> Int { name.utf8.count { $0 == UInt8(ascii: "/") } }
    guard let outer = pickles.min(by: { depth($0) < depth($1) }) else { throw notTorch(names, path: path) }
    let prefix = String(outer.dropLast("data.pkl".count))
    // torch reads the one folder that the archive is: what lies deeper in it is somebody's own, what lies beside it
    // or around it makes it unclear which is meant.
    let isDeeper = { (name: String) in
      !prefix.isEmpty && depth(name) > depth(outer) && name.utf8.starts(with: prefix.utf8)
    }
    guard pickles.allSatisfy({ $0 == outer || isDeeper($0) }) else {
      throw Failure(
        in: path,
        "the archive has \(pickles.count) checkpoints in it: \(pickles.prefix(8).joined(separator: ", "))",
        remedies: ["it is not clear which one is meant; unpack it and zip one of them"])
    }
    return prefix
  }

  private static func notTorch(_ names: [String], path: String) -> Failure {
    if names.contains(where: { $0.hasSuffix(".data/extern_modules") || $0.hasSuffix("/extern_modules") }) {
      return Failure(
        in: path, "a torch.package archive, which holds code and is not supported",
        remedies: ["in Python: save the state_dict() of the model inside with torch.save"])
    }
    for (suffix, reason, hint) in otherArchives where names.contains(where: { $0.hasSuffix(suffix) }) {
      return Failure(in: path, reason, remedies: [.advice(hint)])
    }
    return Failure(
      in: path, "a zip archive, but no PyTorch checkpoint: the record data.pkl is missing",
      remedies: ForeignFile.unpacking(names))
  }

  /// Zip archives that hold weights in a form of their own, told by a name that only they have.
  private static let otherArchives: [(suffix: String, reason: String, hint: String)] = [
    (
      "model.weights.h5", "a Keras model (.keras), whose weights are in HDF5",
      "export the weights from Keras, to .npz for one"
    ),
    (
      "archive_format", "an exported program (torch.export.save, .pt2), which is not read",
      "in Python: torch.save(torch.export.load(file).state_dict, new_file)"
    ),
    (
      "serialized_exported_program.json", "an exported program (torch.export.save, .pt2), which is not read",
      "in Python: torch.save(torch.export.load(file).state_dict, new_file)"
    ),
    ("Manifest.json", "a Core ML package or the like", "use the original weights"),
  ]

  private static func checkVersion(_ archive: ArchiveReader, _ prefix: String) throws {
    guard let record = archive[prefix + "version"] ?? archive[prefix + ".data/version"] else { return }
    let text = String(decoding: try archive.contents(of: record, limit: 64), as: UTF8.self)
    let word = text.filter { !$0.isWhitespace }
    guard let version = Int(word), (1...10).contains(version) else {
      throw Failure(
        in: archive.source.name, record: record.name,
        "the file format version is \(word.quoted(atMost: 20)); 1 to 10 are known",
        remedies: ["a newer PyTorch wrote it, or the record is damaged"])
    }
  }

  private static func isBigEndian(_ archive: ArchiveReader, _ prefix: String) throws -> Bool {
    guard let record = archive[prefix + "byteorder"] else { return false }
    switch String(decoding: try archive.contents(of: record, limit: 64), as: UTF8.self) {
    case "little": return false
    case "big": return true
    case let other:
      throw Failure(
        in: archive.source.name, record: record.name,
        "the byte order is \(other.quoted(atMost: 20)); little and big are known")
    }
  }
}

extension TorchZipFile: References {
  /// The storage that the record `data/<key>` holds.
  func storage(_ reference: StorageReference) throws -> Storage {
    let name = prefix + "data/" + reference.key
    guard let record = archive[name] else {
      throw Failure(
        in: path, record: name, "the record of storage \(reference.key) is missing",
        remedies: ["the archive is incomplete: fetch it again"])
    }
    return archive.storage(
      of: record, label: reference.key, swapWidth: reference.swapWidth, verifies: limits.verifies)
  }

  func layout(around storage: Storage) throws -> ArchiveTemplate? {
    guard !isBigEndian, !isScript, let record = archive[prefix + "data/" + storage.label],
      record.size == storage.byteCount
    else { return nil }
    // A hash of the checksums of all records.
    let identity = prefix + ".data/serialization_id"
    return try ArchiveTemplate(archive, payload: record) { $0.name == identity }
  }
}

extension TorchZipFile: CheckpointFormat {
  static let suffixes = [".pth", ".pt", ".bin", ".ckpt", ".th"]

  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard let archive = try input.archive() else { return nil }
    let file = try TorchZipFile(archive, limits: input.limits)
    let (isScript, folder) = (file.isScript, file.prefix + "data/")
    var checkpoint = Checkpoint(
      input, isScript ? .torchScript : .pytorchZip, try file.contents(key: input.key), archive: archive)
    // TorchScript keeps its constants beside the storages.
    checkpoint.storageKey = { name in
      isScript || !name.hasPrefix(folder) ? nil : String(name.dropFirst(folder.count))
    }
    return checkpoint
  }
}

extension Checkpoint.Container {
  public static let pytorchZip = Self(rawValue: "pytorch-zip")
  public static let torchScript = Self(rawValue: "torchscript")
}
