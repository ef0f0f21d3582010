public import SutureArchitectures
public import SutureCheckpoints
internal import SutureJSON
internal import SutureText
internal import SutureYAML

extension Checkpoint {
  /// The YOLOv5 model file that lies in a model that was pickled whole; `nil` where there is none.
  ///
  /// - Parameters:
  ///   - classes: how many classes the model is to have, where that is not for the file to say.
  ///   - anchors: how many anchors each level is to have.
  /// - Throws: an error that says why the model cannot be built here.
  public func modelFile(classes: Int? = nil, anchors: Int? = nil) throws -> ModelFile? {
    guard let yaml = moduleFacts().first?["yaml"], case .dict = yaml, let json = yaml.json else { return nil }
    // JSON is YAML.
    return try ModelFile(
      JSONWriter.bytes(json), name: "the model file in \(path)", classes: classes, anchors: anchors)
  }
}

extension ModelFile {
  /// What the program keeps of the file in the model that it builds.
  var plain: PlainValue? {
    guard case .dict(var items)? = document.plain else { return nil }
    func set(_ name: String, _ value: PlainValue) {
      items.removeAll { if case .string(name) = $0.key { true } else { false } }
      items.append((.string(name), value))
    }
    set("nc", .int(header.classes))
    switch dialect {
    case .yolov5: set("ch", .int(header.inputChannels))
    case .ultralytics:
      set("channels", .int(header.inputChannels))
      // Without the file's name nothing else says it.
      if let scale = header.scale.name { set("scale", .string(scale)) }
    }
    if let anchors = header.askedAnchors { set("anchors", .int(anchors)) }
    return .dict(items)
  }
}

extension YAMLNode {
  /// The node as Python's `yaml.safe_load` reads it; `nil` for numbers that no model file has.
  fileprivate var plain: PlainValue? {
    switch content {
    case .sequence(let nodes):
      let items = nodes.compactMap(\.plain)
      return items.count == nodes.count ? .list(items) : nil
    case .mapping(let mapping):
      let items = mapping.pairs.compactMap { key, value in
        value.plain.map { (key: PlainValue.string(key.scalar?.text ?? ""), value: $0) }
      }
      return items.count == mapping.pairs.count ? .dict(items) : nil
    case .scalar(let scalar):
      switch scalar.resolved {
      case .null: return PlainValue.none
      case .bool(let value): return .bool(value)
      case .int(let value): return .int(value)
      case .float(let value): return .float(value)
      case .string(let value): return .string(value)
      case .hugeInt: return nil
      }
    }
  }
}

extension PlainValue {
  /// The value as JSON; `nil` for what JSON has not.
  fileprivate var json: JSONValue? {
    switch self {
    case .none: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .integer(value)
    case .float(let value): return value.isFinite ? .double(value) : nil
    case .string(let value): return .string(value)
    case .list(let items), .tuple(let items):
      let values = items.compactMap(\.json)
      return values.count == items.count ? .array(values) : nil
    case .dict(let items):
      var members: [(key: String, value: JSONValue)] = []
      for (key, value) in items {
        guard case .string(let name) = key, let json = value.json else { return nil }
        members.append((name, json))
      }
      return .object(members)
    default: return nil
    }
  }
}
