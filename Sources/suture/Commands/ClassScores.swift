internal import SutureBytes
internal import SutureJSON
internal import SutureModelRuntime

/// A class with its probability.
struct ClassScores {
  let index: Int
  let name: String?
  /// Of the softmax over all classes.
  let probability: Double

  /// The five likeliest classes of the first image.
  ///
  /// - Parameter labels: a text file with a line for each class.
  static func likeliest(_ logits: NetworkOutput, labels path: String?) throws -> [ClassScores] {
    let count = logits.shape.last ?? 0
    let scores = logits.values.prefix(count).map { Double($0) }
    let peak = scores.max() ?? 0
    let weights = scores.map { Exponential.value(of: $0 - peak) }
    let sum = weights.reduce(0, +)
    let names = try path.map { try Self.lines(of: $0, count) }
    return weights.indices.sorted { weights[$0] > weights[$1] }.prefix(5).map {
      ClassScores(index: $0, name: names?[$0], probability: weights[$0] / sum)
    }
  }

  /// The names in a text file of a line each, or in JSON: a list, or an object as Keras' imagenet_class_index.json.
  private static func lines(of path: String, _ count: Int) throws -> [String] {
    let source = try FileSource(path)
    guard source.byteCount <= 10_000_000 else {
      throw UsageError("\(path) has \(source.byteCount) bytes; --labels takes a short text file")
    }
    let bytes = try source.bytes(0..<source.byteCount)
    var names: [String]
    if let first = bytes.first(where: { $0 > 32 }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      names = try Self.names(in: try JSONParser.parse(bytes), path, count)
    } else {
      names = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        .map { String($0.hasSuffix("\r") ? $0.dropLast() : $0) }
      while names.last?.isEmpty == true { names.removeLast() }
    }
    guard names.count == count else {
      throw UsageError("\(path) names \(names.count) classes, the network tells \(count) apart")
    }
    return names.map { Format.name($0) }
  }

  private static func names(in json: JSONValue, _ path: String, _ count: Int) throws -> [String] {
    if let list = json.arrayValue { return list.map { $0.stringValue ?? "" } }
    guard let members = json.members, members.count == count else {
      throw UsageError(
        "\(path) names \(json.members?.count ?? 0) classes, the network tells \(count) apart")
    }
    var names = [String](repeating: "", count: count)
    for (key, value) in members {
      guard let index = Int(key), names.indices.contains(index) else {
        throw UsageError("\(path): \"\(key)\" is no number of a class")
      }
      names[index] = value.stringValue ?? value.arrayValue?.last?.stringValue ?? ""
    }
    return names
  }

  static func text(_ classes: [ClassScores]) -> String {
    var table = Table([("CLASS", .right), ("PROBABILITY", .right), ("NAME", .left)])
    for score in classes {
      table.add(["\(score.index)", Format.decimal(score.probability, places: 4), score.name ?? ""])
    }
    return table.text
  }

  var json: JSONValue {
    [
      "index": .integer(index), "probability": .double(probability),
      "name": name.map { .string($0) } ?? .null,
    ]
  }
}
