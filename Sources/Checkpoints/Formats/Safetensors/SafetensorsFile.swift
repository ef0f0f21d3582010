public import SutureBytes
internal import SutureJSON
public import SutureTensors
public import SutureText

// A safetensors file:
//
//   1. 8 bytes       N, the length of the header, an unsigned little-endian integer
//   2. N bytes       the header, a JSON object padded with spaces:
//                      "__metadata__": {key: string, …}                                  optional
//                      name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [b, e]}   for each tensor
//   3. to the end    the data: the elements of each tensor, row-major and little-endian, in its bytes b..<e,
//                    which are counted from the end of the header. The tensors cover the data without hole or overlap.

/// A safetensors file whose header has been read and checked, and whose data wait to be asked for.
public struct SafetensorsFile: Sendable {
  /// The tensors in the order of their data, or in that of the state dict that was written, where the file knows it.
  ///
  /// Each has a storage of its own, unless the metadata say that it is another's. The metadata are in the order of the
  /// header.
  public let stateDict: StateDict

  /// The names that the metadata record as another's; their tensors are views of what that one stores.
  public let restoredNames: [String]

  /// The runs of this tool that made the file, where the metadata say so.
  public let provenance: Provenance?

  /// How long a header may be.
  ///
  /// The safetensors library has the same limit.
  public static let headerLimit = 100_000_000

  /// How many bytes the length of the header takes.
  static let lengthSize = 8

  /// The name in the header that is no tensor's.
  static let metadataKey: StaticString = "__metadata__"

  /// Reads the header.
  ///
  /// What the safetensors library refuses is refused here, duplicate names besides. Like the library, this accepts
  /// white space around the object and unknown fields in the entry of a tensor.
  ///
  /// - Parameter nameLimit: how many bytes a tensor's name may have.
  public init(_ source: any ByteSource, nameLimit: Int = ReadLimits().keyBytes) throws(Failure) {
    let header = try Self.header(of: source)
    let document: JSONDocument
    do { document = try JSONParser.document(header) } catch {
      throw Self.refusal(of: error, in: source)
    }
    guard document.kind(document.root) == .object else {
      throw .safetensors(
        source.name, at: Self.lengthSize,
        "the header is \(document.value(document.root).kind), not a JSON object")
    }

    var metadata: [(key: String, value: String)] = []
    var entries: [SafetensorsEntry] = []
    entries.reserveCapacity(document.count(document.root))
    // Most writers put them in the order of their data.
    var isInOrder = true
    var repeated = RepeatedFields()
    try document.forEachMember(document.root) { (key, value) throws(Failure) in
      if document.string(key, is: Self.metadataKey) {
        metadata = try Self.metadata(document.value(value), in: source)
      } else {
        let name = document.string(key) ?? ""
        guard name.utf8.count <= nameLimit else {
          throw .safetensors(
            source.name, "the name of a tensor has \(name.utf8.count) bytes",
            remedies: [.setting("limit", value: "key-bytes=N", "allows more than \(nameLimit)")])
        }
        let entry = try SafetensorsEntry(
          name, value, in: document, &repeated, order: entries.count, source: source.name)
        if let last = entries.indices.last, !entries[last].precedes(entry) { isInOrder = false }
        entries.append(entry)
      }
    }
    if !isInOrder { entries.sort { $0.precedes($1) } }

    let dataOffset = Self.lengthSize + header.count
    try Self.checkCover(entries, dataOffset: dataOffset, source: source)
    var stateDict = StateDict(capacity: entries.count)
    stateDict.metadata = metadata
    for index in entries.indices {
      let (name, shape, begin) = (entries[index].name, entries[index].shape, entries[index].begin)
      let storage = Storage(
        source, offset: dataOffset + begin, byteCount: entries[index].end - begin, label: name)
      let tensor: Tensor
      do {
        tensor = try Tensor(
          storage, dtype: entries[index].dtype, shape: shape, packedShape: entries[index].packedShape)
      } catch {
        // The entry was checked; what remains are the strides of an empty tensor.
        throw .overflow(source.name, name, shape)
      }
      do { try stateDict.append(name, tensor) } catch {
        throw .safetensors(source.name, tensor: name, "the header has this name twice")
      }
    }
    restoredNames = try SharedTensors.restore(&stateDict, source: source.name)
    provenance = stateDict.takeProvenance()
    self.stateDict = stateDict
  }

  /// The bytes of the header, without those of its length.
  private static func header(of source: any ByteSource) throws(Failure) -> [UInt8] {
    let available = source.byteCount - lengthSize
    guard available >= 0 else {
      throw incomplete(source, "the file has \(source.byteCount) bytes, and the length of a header takes 8")
    }
    func bytes(_ range: Range<Int>) throws(Failure) -> [UInt8] {
      do { return try source.bytes(range) } catch {
        throw .safetensors(source.name, "\(error)", remedies: [])
      }
    }
    let declared = try bytes(0..<lengthSize).integer(at: 0, UInt64.self)
    guard let count = Int(exactly: declared), count <= headerLimit else {
      throw .safetensors(
        source.name, "the header is said to have \(declared) bytes, and the format allows \(headerLimit)",
        remedies: ["the file is no safetensors file, or no reader of the format accepts it"])
    }
    guard count <= available else {
      throw incomplete(source, "the header is said to have \(count) bytes, and \(available) follow")
    }
    return try bytes(lengthSize..<(lengthSize + count))
  }

  /// The file ends before what its header promises, as an interrupted download does.
  private static func incomplete(_ source: any ByteSource, _ reason: String) -> Failure {
    .safetensors(source.name, reason, remedies: ["the file is incomplete: download or copy it again"])
  }

  private static func refusal(of error: JSONError, in source: any ByteSource) -> Failure {
    let offset = lengthSize + error.offset
    // A key of the outermost object is a name; any other belongs to the entry of a tensor or to the metadata.
    if let name = error.duplicateMember {
      return .safetensors(source.name, tensor: name, at: offset, "the header has this name twice").of(
        .ambiguous)
    }
    return .safetensors(source.name, at: offset, "the header's JSON is refused: \(error.reason)")
  }

  private static func metadata(_ value: JSONValue, in source: any ByteSource) throws(Failure)
    -> [(key: String, value: String)]
  {
    // The library reads null as no metadata, and some writers put it there.
    if value == .null { return [] }
    guard let members = value.members else {
      throw .safetensors(source.name, "\"\(metadataKey)\" is \(value.kind), not an object of strings")
    }
    var metadata: [(key: String, value: String)] = []
    for (key, value) in members {
      guard let text = value.stringValue else {
        throw .safetensors(source.name, "the metadata's \(key.quoted()) is \(value.kind), not a string")
      }
      metadata.append((key: key, value: text))
    }
    return metadata
  }

  /// Throws unless `entries`, in the order of their data, cover the data from the first byte to the last.
  private static func checkCover(_ entries: [SafetensorsEntry], dataOffset: Int, source: any ByteSource)
    throws(Failure)
  {
    var end = 0
    // By their places: an entry taken out is a copy of its name and its shape.
    for index in entries.indices {
      let begin = entries[index].begin
      if begin != end {
        let name = entries[index].name
        // The header is at most 100 MB long, but an offset may be the largest number there is.
        let place = dataOffset.addingReportingOverflow(begin)
        let offset = place.overflow ? nil : place.partialValue
        throw .safetensors(
          source.name, tensor: name, at: offset,
          begin > end
            ? "\(begin - end) bytes before its data belong to no tensor"
            : "its data overlap those of the tensor before by \(end - begin) bytes"
        ).of(.bounds)
      }
      end = entries[index].end
    }
    let available = source.byteCount - dataOffset
    if end > available {
      throw incomplete(
        source, "the header describes \(end) bytes of tensors, and \(available) follow it"
      ).of(.bounds)
    }
    if end < available {
      throw .safetensors(
        source.name, at: dataOffset + end,
        "\(available - end) bytes after the last tensor belong to no tensor"
      ).of(.bounds)
    }
  }
}

extension SafetensorsFile: CheckpointFormat {
  static let suffixes = [".safetensors"]

  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard let file = input.file, looksLikeSafetensors(prefix: input.head, fileSize: file.byteCount) else {
      return nil
    }
    let contents = try SafetensorsFile(file, nameLimit: input.limits.keyBytes)
    try input.requireNoKey("a safetensors file")
    var checkpoint = Checkpoint(
      input, .safetensors, contents.stateDict, warnings: packed(contents.stateDict))
    (checkpoint.provenance, checkpoint.restoredNames) = (contents.provenance, contents.restoredNames)
    return checkpoint
  }

  /// A sentence for each dtype whose numbers share their bytes.
  private static func packed(_ stateDict: StateDict) -> [String] {
    let counts = Dictionary(grouping: stateDict.map(\.tensor.dtype)) { $0 }.mapValues(\.count)
    return DType.allCases.compactMap { dtype in
      guard let count = counts[dtype], let packing = dtype.packing else { return nil }
      return "\(Format.plural(count, "tensor")) of \(dtype): each element packs \(packing.numbers) numbers "
        + "of \(packing.bits) bits, and shapes count elements"
    }
  }

  /// Whether a file of `fileSize` bytes that begins with `prefix` is meant to be a safetensors file.
  ///
  /// True for truncated and otherwise broken ones too, so that the reader can say what is wrong with them. Some
  /// dozens of bytes are enough.
  public static func looksLikeSafetensors(prefix: [UInt8], fileSize: Int) -> Bool {
    guard prefix.count > lengthSize else { return false }
    // A header over the limit is believed only where the file is long enough for it.
    guard let count = Int(exactly: prefix.integer(at: 0, UInt64.self)), count >= 2,
      count <= headerLimit || count <= fileSize - lengthSize
    else { return false }
    let text = prefix[lengthSize...].prefix(count).filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard text.first == UInt8(ascii: "{") else { return false }
    return text.count == 1 || text[1] == UInt8(ascii: "\"") || text[1] == UInt8(ascii: "}")
  }
}

extension Checkpoint.Container {
  public static let safetensors = Self(rawValue: "safetensors")
}

extension StateDict {
  /// Takes the provenance out of the metadata, and puts the entries in the order that it knows.
  fileprivate mutating func takeProvenance() -> Provenance? {
    guard let place = metadata.firstIndex(where: { $0.key == Provenance.metadataKey }),
      let provenance = Provenance(metadata[place].value.utf8)
    else { return nil }
    metadata.remove(at: place)
    restoreOrder(provenance)
    return provenance
  }
}

extension Failure {
  /// What is wrong with a safetensors file, or with what is to be written to one, and with which of its tensors.
  static func safetensors(
    _ file: String, tensor: String? = nil, at offset: Int? = nil, _ reason: String,
    remedies: [Remedy] = [
      "the file is malformed: get it again, or write it anew with the program that made it"
    ], kind: FailureKind = .unreadable
  ) -> Failure {
    Failure(kind, at: FailurePlace(file: file, byteOffset: offset, path: tensor), reason, remedies: remedies)
  }

  /// A size in a safetensors file that no machine can count.
  static func overflow(_ file: String, _ tensor: String?, _ shape: [Int]) -> Failure {
    .safetensors(file, tensor: tensor, "the size of its shape \(shape) overflows 64 bits").of(.bounds)
  }
}
