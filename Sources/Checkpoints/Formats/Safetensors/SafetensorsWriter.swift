package import SutureBytes
internal import SutureJSON
package import SutureTensors
package import SutureText

/// Writes state dicts as the safetensors library does, to the byte.
package enum SafetensorsWriter {
  /// What a file will be, before a byte of it is written.
  public struct Layout: Sendable {
    /// All that precedes the data: the header's length, the header and its padding.
    public let header: [UInt8]

    /// The positions of the tensors among the entries of the state dict, in the order of their data.
    public let order: [Int]

    /// How many bytes the whole file takes.
    public let byteCount: Int
  }

  /// Lays a file out.
  ///
  /// Tensors come by dtype, the widest first, and then by name, byte by byte; metadata come by key. So the same
  /// tensors and metadata make the same file, whatever their order.
  ///
  /// - Parameters:
  ///   - name: what errors call the file.
  ///   - headerLimit: how long the header may become; beyond the default, readers refuse the file.
  /// - Throws: `Failure` where the format cannot hold a tensor or its name, where a key of the metadata
  ///   comes twice, and where the header is longer than readers accept.
  public static func layout(
    _ stateDict: StateDict, metadata: [(String, String)] = [], name: String = "safetensors",
    headerLimit: Int = SafetensorsFile.headerLimit
  ) throws(Failure) -> Layout {
    let entries = stateDict.entries
    let order = try order(of: stateDict, name: name)
    var members = try metadataMember(metadata, name: name)
    var end = 0
    members.reserveCapacity(members.count + order.count)
    for place in order {
      let entry = entries[place]
      let begin = end
      do { end = try begin.adding(checked: entry.tensor.byteCount) } catch {
        throw .overflow(name, entry.name, entry.tensor.shape)
      }
      let fields: JSONValue = [
        "dtype": .string(entry.tensor.dtype.safetensorsName ?? ""),
        "shape": .array(try shape(entry, name).map { .integer($0) }),
        "data_offsets": [.integer(begin), .integer(end)],
      ]
      members.append((key: entry.name, value: fields))
    }

    let header = try header(of: .object(members), name: name, limit: headerLimit)
    let (byteCount, overflow) = header.count.addingReportingOverflow(end)
    if overflow { throw .overflow(name, nil, [header.count, end]) }
    return Layout(header: header, order: order, byteCount: byteCount)
  }

  /// The positions of the tensors among the entries in the order of their data.
  ///
  /// - Throws: `Failure` where the format cannot hold a tensor or its name.
  private static func order(of stateDict: StateDict, name: String) throws(Failure) -> [Int] {
    let entries = stateDict.entries
    var ranks: [Int] = []
    ranks.reserveCapacity(entries.count)
    let reserved = SafetensorsFile.metadataKey.description
    for entry in entries {
      guard entry.name != reserved else {
        throw .safetensors(
          name, tensor: entry.name, "the format keeps this name for metadata",
          remedies: ["rename the tensor before it is written"], kind: .doesNotFit)
      }
      if let layout = entry.tensor.layout.name {
        throw .unwritable(name, entry, "\(layout) tensors", layoutRemedies(layout))
      }
      guard let rank = entry.tensor.dtype.safetensorsRank else {
        throw unwritableDType(name, entry)
      }
      ranks.append(rank)
    }
    return entries.indices.sorted { one, other in
      if ranks[one] != ranks[other] { return ranks[one] > ranks[other] }
      return ExactString(entries[one].name) < ExactString(entries[other].name)
    }
  }

  /// Plans a file; a tensor that shares its storage is written in full.
  ///
  /// - Throws: what ``layout(_:metadata:name:headerLimit:)`` throws.
  public static func plan(
    _ stateDict: StateDict, metadata: [(String, String)] = [], name: String = "safetensors"
  ) throws -> OutputPlan {
    let layout = try layout(stateDict, metadata: metadata, name: name)
    let header = OutputPlan.Piece(head: layout.header, MemoryPayload([]))
    var pieces = [header]
    pieces.reserveCapacity(layout.order.count + 1)
    for place in layout.order { pieces.append(.init(stateDict.entries[place].tensor)) }
    return try OutputPlan(pieces)
  }

  /// What a file will hold.
  struct Contents {
    let plan: OutputPlan
    /// The names that are stored, and those that are so though they share bytes with another.
    let stored: [String]
    let copied: [String]
    /// The names that are not, and are recorded as another's.
    let recorded: [String]
  }

  /// Plans a file with everything in its metadata that it is to say about itself.
  ///
  /// - Throws: `Failure` where names share storage and may not; what ``plan(_:metadata:name:)`` throws.
  static func contents(
    _ stateDict: StateDict, shared: SharedPolicy, provenance: Provenance?, name: String
  ) throws -> Contents {
    var metadata = stateDict.metadata.map { ($0.key, $0.value) }
    // The library writes this for PyTorch, and transformers refuses a file without it.
    if !metadata.contains(where: { $0.0 == "format" }) { metadata.append(("format", "pt")) }
    var stored = stateDict
    var copied: [String] = []
    switch shared {
    case .copy: copied = stateDict.aliases.flatMap { $0 }
    case .error:
      if let group = stateDict.aliases.first { throw Failure.sharedNames(name, group) }
    case .alias:
      let tensors = try SharedTensors(stateDict)
      (stored, copied) = (tensors.stored, tensors.copied)
      metadata += tensors.metadata.map { ($0.key, $0.value) }
    }
    if var provenance {
      provenance.order = try order(stateDict, stored, name: name)
      metadata.append((Provenance.metadataKey, provenance.text))
    }
    return Contents(
      plan: try plan(stored, metadata: metadata, name: name), stored: stored.names, copied: copied,
      recorded: SharedTensors.recorded(stateDict, stored))
  }

  /// For each entry its place in the order in which the file will be read: stored tensors by the layout, then the names
  /// that are recorded as another's; `nil` where that is the same order.
  private static func order(_ stateDict: StateDict, _ stored: StateDict, name: String) throws -> [Int]? {
    let names = try order(of: stored, name: name).map { stored.entries[$0].name }
    return Provenance.order(of: stateDict.names, readAs: names + SharedTensors.recorded(stateDict, stored))
  }

  private static func layoutRemedies(_ layout: String) -> [Remedy] {
    if layout == "meta" { return ["it has no elements: drop it"] }
    if layout.hasPrefix("sparse") {
      return [
        .setting("sparse", value: "dense", "writes its zeros out"), "drop it, or write a .pth file",
      ]
    }
    return [
      "its integers would lose their scale and zero point: dequantize() it in PyTorch, drop it, or write a .pth file"
    ]
  }

  private static func unwritableDType(_ file: String, _ entry: StateDict.Entry) -> Failure {
    let dtype = entry.tensor.dtype
    let cast =
      switch dtype {
      case .complex32: "cast it to complex64, "
      case _ where dtype.isComplex: "cast it to complex64 where that is precise enough, "
      default: ""
      }
    return .unwritable(file, entry, "\(dtype)", [.advice(cast + "drop it, or write a .pth file")])
  }

  /// The sizes as the format counts them.
  private static func shape(_ entry: StateDict.Entry, _ name: String) throws(Failure) -> [Int] {
    let tensor = entry.tensor
    guard let packing = tensor.dtype.packing else { return tensor.shape }
    guard let shape = tensor.packedShape else {
      throw unwritableDType(name, entry)
    }
    do { _ = try Shape.elementCount(tensor.shape).multiplied(checked: packing.numbers) } catch {
      throw .overflow(name, entry.name, tensor.shape)
    }
    return shape
  }

  private static func metadataMember(_ metadata: [(String, String)], name: String) throws(Failure)
    -> [(key: String, value: JSONValue)]
  {
    if metadata.isEmpty { return [] }
    // The library writes them in the order of a hash map, which differs from run to run.
    let sorted = metadata.sorted { ExactString($0.0) < ExactString($1.0) }
    for (one, next) in zip(sorted, sorted.dropFirst()) where ExactString(one.0) == ExactString(next.0) {
      throw .safetensors(
        name, "the metadata has the key \(one.0.quoted()) twice",
        remedies: ["give each entry of the metadata its own key"])
    }
    let members = sorted.map { (key: $0.0, value: JSONValue.string($0.1)) }
    return [(key: SafetensorsFile.metadataKey.description, value: .object(members))]
  }

  /// The length and the text of a header, padded so that the data begin at a multiple of 8.
  private static func header(of document: JSONValue, name: String, limit: Int) throws(Failure)
    -> [UInt8]
  {
    let text = JSONWriter.bytes(document)
    let padding = (8 - text.count % 8) % 8
    let count = text.count + padding
    guard count <= limit else {
      throw .safetensors(
        name, "the header would have \(count) bytes, and readers accept \(limit)",
        remedies: [
          .setting("max-shard-size", value: "SIZE", "writes several files, each with a header of its own")
        ])
    }
    var header: [UInt8] = []
    header.reserveCapacity(SafetensorsFile.lengthSize + count)
    header.append(littleEndian: UInt64(count))
    header += text
    header += repeatElement(UInt8(ascii: " "), count: padding)
    return header
  }
}

extension Failure {
  /// The format cannot hold a tensor.
  fileprivate static func unwritable(
    _ file: String, _ entry: StateDict.Entry, _ what: String, _ remedies: [Remedy]
  ) -> Failure {
    .safetensors(
      file, tensor: entry.name, "the format has no \(what)", remedies: remedies, kind: .doesNotFit)
  }

  /// Names share storage, which was not to be.
  fileprivate static func sharedNames(_ path: String, _ names: [String]) -> Failure {
    let shown = names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
    return Failure(
      in: path, "\(shown) share storage, which safetensors cannot hold",
      remedies: [
        .setting("shared", value: "copy", "writes each in full"),
        .setting("shared", value: "alias", "writes one of them and the others' names"), "a .pth shares",
      ], kind: .refused)
  }
}
