public import SutureBytes
internal import SuturePickle
public import SutureTensors
internal import SutureZipArchive
internal import SutureText

/// A file of weights, opened without reading a tensor.
public struct Checkpoint: Sendable {
  /// The kind of file, as reports call it; each format declares its own.
  public struct Container: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
  }

  /// A place in the file that could be the state dict.
  public struct Candidate: Sendable, Equatable {
    /// The dotted path, as `key:` takes it.
    public let path: String
    public let tensorCount: Int
  }

  /// A module that was pickled whole, known by the name of its class only.
  public struct Module: Sendable, Equatable {
    /// The dotted path from the file's root.
    public let path: String
    public let className: String
    /// How many components the path has.
    let depth: Int
  }

  /// Something that is not one of the state dict's tensors: an epoch, arguments, an optimizer's state.
  public struct Extra: Sendable, Equatable {
    /// The dotted path from the file's root.
    public let path: String
    /// The kind in Python's words; the class name for an object.
    public let kind: String
    /// The value, shortened to something that fits a line.
    public let value: String
  }

  /// What several ranks wrote together.
  public struct Sharding: Sendable, Equatable {
    /// How many ranks; `nil` where nothing says so.
    public var world: Int?
    /// The folder of the step that was opened, where there are such folders.
    public var step: String?
    /// The folders of all steps that are there.
    public var steps: [String] = []
  }

  public let path: String
  public let container: Container
  public internal(set) var byteCount: Int
  public let stateDict: StateDict

  /// The dict keys that lead from the file's root to the state dict; empty where the root is the state dict.
  public internal(set) var wrapper: [String] = []

  /// Other places that hold state dicts, such as an EMA of the weights.
  ///
  /// They are never merged.
  public internal(set) var candidates: [Candidate] = []

  /// Everything else in the file.
  public internal(set) var extras: [Extra] = []

  /// The modules that were pickled whole.
  public internal(set) var modules: [Module] = []

  /// How many tensors lie where the state dict does, but inside objects or as attributes of modules.
  public internal(set) var tensorsInside = 0

  /// The classes and functions that the file's pickles name; none of them was looked up.
  public internal(set) var globals: [Global] = []

  /// Whether it is at a server, so that each byte of it is fetched.
  public var isRemote: Bool { files.contains(where: Address.isAddress) }

  /// Whether it came through standard input, and can be opened by nobody else.
  public var isStandardInput: Bool { (source as? FileSource)?.isStandardInput == true }

  /// Whether what it holds was pickled.
  public var isPickled: Bool { object != nil }

  /// The first opcode of the pickle that `torch.load(weights_only=True)` does not know.
  public internal(set) var foreignOpcode: String?

  /// What a careful reader should know, a sentence each.
  public internal(set) var warnings: [String]

  /// The pickles beside that of its object which cannot be read to their ends, so that it is not known what they call.
  var unreadPickles: [Integrity.Problem] = []

  /// Whether the file holds checksums of its storages.
  public internal(set) var recordsChecksums: Bool

  /// Everything in the file that has a checksum of its own, as storages whose labels are the names of the records.
  public var records: [Storage] { openRecords() }

  var openRecords: @Sendable () -> [Storage]

  /// The key of the storage that a record of that name holds; `nil` where it holds none.
  var storageKey: @Sendable (_ record: String) -> String? = { _ in nil }

  /// The runs of this tool that made the file, where it says so.
  public internal(set) var provenance: Provenance?

  /// The files that it was read from: itself, or an index and its shards.
  public internal(set) var files: [String]

  /// How it is spread over the files of several ranks; `nil` where it is not.
  public internal(set) var sharding: Sharding?

  /// The names that a safetensors file stores under another's.
  var restoredNames: [String] = []

  private var object: PlainSource?

  /// The file, which stays open; `nil` of a folder.
  var source: (any ByteSource)?

  /// Everything in the file as plain data, with the place of the state dict; `nil` where the file holds nothing but
  /// tensors.
  ///
  /// - Parameter keepsStructure: whether each tensor keeps its own place, under which it goes by its name in the state
  ///   dict. Otherwise there is one place for the state dict as a whole.
  public func plainObject(keepsStructure: Bool) throws -> PlainObject? {
    try object?.plain(keepsStructure: keepsStructure)
  }

  /// What the modules say of themselves that were pickled whole with the state dict's tensors, outermost first; nothing
  /// where none was.
  public func moduleFacts() -> [ModuleFacts] { object?.facts() ?? [] }

  /// Opens a file or a folder, telling what it is from its content; `-` is standard input.
  ///
  /// - Parameter key: the dotted path of the dict to enter; `"."` takes every tensor of the file under its full
  ///   path; `nil` finds the state dict by the names that training code gives it.
  /// - Throws: `Failure`, or an error of the file system.
  public static func open(_ path: String, key: String? = nil, limits: ReadLimits = .init()) throws
    -> Checkpoint
  {
    let checkpoint = try open(
      isFolder(path)
        ? CheckpointInput(folder: path, key: key, limits: limits)
        : CheckpointInput(
          openInput(path), key: key, limits: limits, mayNameFiles: path != StandardInput.word))
    // A file has no steps; it may be opened beside a folder that has.
    if let step = limits.step, checkpoint.sharding?.step == nil, isFolder(path) {
      throw Failure(
        in: path, "there are no folders of steps here, of which \(step.quoted()) could be one",
        remedies: ["open it without a step"], kind: .usage)
    }
    return checkpoint
  }

  /// Opens what `source` holds.
  ///
  /// - Throws: `Failure`, or what the source throws.
  public static func open(_ source: any ByteSource, key: String? = nil, limits: ReadLimits = .init()) throws
    -> Checkpoint
  {
    // Whatever bytes in memory hold, they do not name files of this machine.
    try open(CheckpointInput(source, key: key, limits: limits, mayNameFiles: false))
  }

  /// What stands under another key of the same file, which is not opened again.
  public func entering(_ key: String, limits: ReadLimits = .init()) throws -> Checkpoint {
    guard let source else { return try .open(path, key: key, limits: limits) }
    return try .open(source, key: key, limits: limits)
  }

  // MARK: Making one

  /// What a pickled object holds.
  init(
    _ input: CheckpointInput, _ container: Container, _ contents: PickledObject.Contents,
    archive: ArchiveReader? = nil
  ) {
    let choice = contents.choice
    self.init(input, container, choice.stateDict, warnings: contents.warnings, archive: archive)
    (wrapper, candidates, extras) = (choice.wrapper, choice.candidates, choice.extras)
    (modules, globals, foreignOpcode) = (contents.modules, contents.globals, contents.foreignOpcode)
    (provenance, object) = (contents.provenance, contents.object)
    (tensorsInside, unreadPickles) = (choice.leftInside, contents.unreadPickles)
  }

  /// What lies in the files of a folder.
  init(_ input: CheckpointInput, _ container: Container, _ choice: WrapperChoice, warnings: [String]) {
    let sentences = [choice.besideSentence].compactMap(\.self)
    self.init(input, container, choice.stateDict, warnings: warnings + sentences)
    (wrapper, candidates, extras) = (choice.wrapper, choice.candidates, choice.extras)
    tensorsInside = choice.leftInside
  }

  /// Tensors, and nothing to enter.
  init(
    _ input: CheckpointInput, _ container: Container, _ stateDict: StateDict, warnings: [String] = [],
    archive: ArchiveReader? = nil
  ) {
    (path, self.container, self.stateDict, self.warnings) = (input.name, container, stateDict, warnings)
    (byteCount, files, source) = (input.file?.byteCount ?? 0, [input.place], input.file)
    if let remote = input.file?.remote, !remote.showsChanges {
      self.warnings.append(
        "the server gives the file neither an ETag nor a date: that it changed between two requests would not be seen"
      )
    }
    recordsChecksums = archive?.recordsChecksums ?? false
    openRecords = { archive?.storages ?? [] }
  }

  /// Whether a class keeps its tensors packed for quantized kernels.
  static func isPacked(_ className: String) -> Bool {
    className.contains(".quantized.") || className == "torch._C.ScriptObject"
  }

  /// Throws where there is no tensor to work on, saying what there is instead.
  public func requireTensors() throws {
    guard stateDict.isEmpty else { return }
    if tensorsInside > 0 {
      let isPacked = (modules.map(\.className) + extras.map(\.kind)).contains(where: Self.isPacked)
      throw Failure(
        in: path,
        "there are no tensors in this file's state dict: \(Format.plural(tensorsInside, "tensor")) lie in "
          + (isPacked
            ? "the packed parameters of quantized modules" : "objects, or are attributes of modules"),
        remedies: [.setting("key", value: ".", "takes them under their full paths")])
    }
    let found = extras.prefix(8).map { "\($0.path.isEmpty ? "the file" : $0.path) is \($0.kind) \($0.value)" }
    throw Failure(
      in: path, "there are no tensors in this file",
      remedies: found.isEmpty ? ["it holds an empty dict"] : found.map { .advice("found: \($0)") })
  }
}

extension Checkpoint {
  /// What stands for a file of weights where there is none, and everything is made as a model file says.
  package static func modelFile(_ path: String) throws -> Checkpoint {
    let input = try CheckpointInput(openInput(path), key: nil, limits: .init(), mayNameFiles: false)
    return Checkpoint(input, Container(rawValue: "yolov5-model-file"), StateDict())
  }
}
