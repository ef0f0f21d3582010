internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// What becomes of names that share storage in a format that cannot share.
public enum SharedPolicy: String, Sendable, CaseIterable {
  /// Each name is written in full.
  case copy
  /// One name of a group is written; the metadata say which names are the same.
  case alias
  /// Nothing is written.
  case error
}

// How names that are the same tensor are recorded in the metadata of a safetensors file:
//
//   "lm_head.weight": "embed.weight"     the first is not stored; it is the second. This is what the Hugging Face
//                                        converter and save_model of the safetensors library write.
//   "suture.views": {"w.T": {"shape": [3, 2], "strides": [1, 3], "offset": 0}}
//                                        the first is another view of what the second stores: ours, since the record
//                                        above does not tell. "dtype" where it differs; {} is the same view, for names
//                                        that do not show by themselves that they are names of tensors.

/// A state dict in which every group of names that share storage has one that is stored.
struct SharedTensors {
  /// The names that are stored.
  private(set) var stored: StateDict
  /// What the metadata say of the others.
  private(set) var metadata: [(key: String, value: String)] = []
  /// Names that share bytes with others in a way that no record tells: they are stored in full.
  private(set) var copied: [String] = []

  static let viewsKey = "suture.views"

  init(_ stateDict: StateDict) throws {
    let keys = stateDict.metadata.map(\.key) + ["format", Provenance.metadataKey, Self.viewsKey]
    let reserved = Set(keys.map(ExactString.init))
    var aliases: [ExactString: (kept: String, view: JSONValue?)] = [:]
    for group in stateDict.sharing where group.isAliasing {
      let members = group.names.compactMap { name in stateDict[name].map { (name: name, tensor: $0) } }
      // As the converter chooses: of the names that have everything, the first in the order of the alphabet.
      guard
        let kept = members.filter({ Self.covers($0.tensor, members.map(\.tensor)) }).min(by: {
          ExactString($0.name) < ExactString($1.name)
        })
      else {
        copied += group.names
        continue
      }
      for member in members where ExactString(member.name) != ExactString(kept.name) {
        if reserved.contains(ExactString(member.name)) || !Self.isRecordable(member.tensor, in: kept.tensor) {
          copied.append(member.name)
        } else {
          var view = Self.view(member.tensor, of: kept.tensor)
          if view == nil, !Self.areNamesOfTensors(member.name, kept.name) { view = .object([]) }
          aliases[ExactString(member.name)] = (kept.name, view)
        }
      }
    }
    stored = StateDict()
    stored.metadata = stateDict.metadata
    var views: [(key: String, value: JSONValue)] = []
    for entry in stateDict.entries {
      guard let alias = aliases[ExactString(entry.name)] else {
        try stored.append(entry.name, entry.tensor)
        continue
      }
      metadata.append((entry.name, alias.kept))
      if let view = alias.view { views.append((entry.name, view)) }
    }
    if !views.isEmpty { metadata.append((Self.viewsKey, JSONWriter.text(.object(views)))) }
  }

  /// Whether an entry of the metadata is a record of the Hugging Face converter's: names of parameters that end alike.
  ///
  /// Any other text may name a tensor by chance: `"best_layer": "layer_15"`.
  private static func areNamesOfTensors(_ name: String, _ kept: String) -> Bool {
    let (parts, others) = (name.split(separator: "."), kept.split(separator: "."))
    return parts.count > 1 && others.count > 1 && parts.last == others.last
  }

  private static func covers(_ tensor: Tensor, _ others: [Tensor]) -> Bool {
    let extent = tensor.extentInWhole
    return tensor.isContiguous && tensor.layout.name == nil
      && others.allSatisfy {
        extent.lowerBound <= $0.extentInWhole.lowerBound
          && $0.extentInWhole.upperBound <= extent.upperBound
      }
  }

  private static func isRecordable(_ tensor: Tensor, in kept: Tensor) -> Bool {
    let distance = tensor.extentInWhole.lowerBound - kept.extentInWhole.lowerBound
    // Bits that are resolved when the kept tensor is written would be resolved twice.
    return tensor.layout.name == nil && tensor.lazyBits == kept.lazyBits
      && (tensor.lazyBits.isEmpty || ViewIdentity(tensor) == ViewIdentity(kept))
      && distance % tensor.dtype.byteCount == 0
      && tensor.dtype.safetensorsName != nil
  }

  /// What tells a view from the tensor that is stored; `nil` where it is the same.
  private static func view(_ tensor: Tensor, of kept: Tensor) -> JSONValue? {
    if ViewIdentity(tensor) == ViewIdentity(kept) { return nil }
    let distance = tensor.extentInWhole.lowerBound - kept.extentInWhole.lowerBound
    var members: [(key: String, value: JSONValue)] = [
      ("shape", .array(tensor.shape.map { .integer($0) })),
      ("strides", .array(tensor.strides.map { .integer($0) })),
      ("offset", .integer(distance / tensor.dtype.byteCount)),
    ]
    if tensor.dtype != kept.dtype, let name = tensor.dtype.safetensorsName {
      members.append(("dtype", .string(name)))
    }
    return .object(members)
  }

  /// The names of `stateDict` that are not stored, in the order in which they will come back: that of the metadata, whose
  /// keys are sorted.
  static func recorded(_ stateDict: StateDict, _ stored: StateDict) -> [String] {
    stateDict.names.filter { stored[$0] == nil }.map(ExactString.init).sorted().map(\.string)
  }

  // MARK: Reading

  /// Gives back the names that the metadata of `stateDict` record, and takes the records out of it.
  ///
  /// - Returns: the names that came back.
  /// - Throws: `Failure` where a record describes a view that does not lie within what it is a view of.
  static func restore(_ stateDict: inout StateDict, source: String) throws(Failure) -> [String] {
    let views = try views(stateDict.metadata, source: source)
    var restored: [String] = []
    var rest: [(key: String, value: String)] = []
    let stored = stateDict
    for (key, value) in stored.metadata {
      if key == viewsKey { continue }
      guard key != "format", stored[key] == nil, let kept = stored[value],
        views[ExactString(key)] != nil || areNamesOfTensors(key, value)
      else {
        rest.append((key, value))
        continue
      }
      var tensor = kept
      if let view = views[ExactString(key)] { tensor = try self.view(key, view, of: kept, source: source) }
      do { try stateDict.append(key, tensor) } catch { continue }
      restored.append(key)
    }
    stateDict.metadata = rest
    return restored
  }

  private static func views(_ metadata: [(key: String, value: String)], source: String)
    throws(Failure) -> [ExactString: JSONValue]
  {
    guard let text = metadata.first(where: { $0.key == viewsKey })?.value else { return [:] }
    guard let members = try? JSONParser.parse(Array(text.utf8)).members else {
      throw .safetensors(
        source, "the metadata's \(viewsKey.quoted()) is a text that is no JSON object, not a string")
    }
    return Dictionary(members.map { (ExactString($0.key), $0.value) }) { $1 }
  }

  private static func view(_ name: String, _ view: JSONValue, of kept: Tensor, source: String)
    throws(Failure) -> Tensor
  {
    if view.members?.isEmpty == true { return kept }
    func sizes(_ key: String) -> [Int]? {
      guard let values = view[key]?.arrayValue else { return nil }
      let numbers = values.compactMap(\.integerValue)
      return numbers.count == values.count ? numbers : nil
    }
    let dtype = view["dtype"].map { $0.stringValue.flatMap { DType(safetensorsName: $0) } } ?? kept.dtype
    guard let shape = sizes("shape"), let strides = sizes("strides"), let dtype,
      let offset = view["offset"]?.integerValue,
      let tensor = try? Tensor(kept.storage, dtype: dtype, shape: shape, strides: strides, offset: offset)
    else {
      throw .safetensors(
        source, tensor: name,
        "the metadata describe it as a view that does not lie within the tensor it is to be a view of")
    }
    return tensor
  }
}
