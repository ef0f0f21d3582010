internal import Glibc
internal import SutureBytes
internal import SutureJSON
public import SutureModelRuntime
internal import SutureText

/// A class with its probability.
public struct ClassScore: Sendable {
  /// The number of the class.
  public let index: Int
  /// What the class is called, where that is known.
  public let name: String?
  /// Of the softmax over all classes.
  public let probability: Double

  /// The likeliest classes of the first image, the likeliest first.
  ///
  /// - Throws: an error of the kind ``FailureKind/usage`` where there are not as many labels as classes.
  public static func likeliest(
    _ count: Int = 5, of logits: NetworkOutput, labels: ClassLabels? = nil
  ) throws -> [ClassScore] {
    let scores = logits.values.prefix(logits.shape.last ?? 0).map { Double($0) }
    let names = try labels?.names(ofClasses: scores.count)
    let peak = scores.max() ?? 0
    let weights = scores.map { exp($0 - peak) }
    let sum = weights.reduce(0, +)
    return weights.indices.sorted { weights[$0] > weights[$1] }.prefix(count).map {
      ClassScore(index: $0, name: names?[$0], probability: weights[$0] / sum)
    }
  }
}

/// The names of the classes that a network tells apart.
public struct ClassLabels: Sendable {
  /// By the number of the class, as text.
  private let labels: [(key: String, name: String)]
  private let path: String

  /// The names in a text file of a line each, or in JSON: a list, or an object as Keras' imagenet_class_index.json.
  public init(path: String) throws {
    self.path = path
    let source = try openInput(path)
    guard source.byteCount <= 10_000_000 else {
      throw Self.failure(path, "it has \(source.byteCount) bytes; the names of classes are a short text file")
    }
    let bytes = try source.bytes(0..<source.byteCount)
    guard let first = bytes.first(where: { $0 > 32 }), [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(first)
    else {
      var names = String(decoding: bytes, as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false
      ).map { String($0.hasSuffix("\r") ? $0.dropLast() : $0) }
      while names.last?.isEmpty == true { names.removeLast() }
      labels = Self.numbered(names)
      return
    }
    let json = try JSONParser.parse(bytes)
    if let list = json.arrayValue {
      labels = Self.numbered(list.map { $0.stringValue ?? "" })
    } else {
      labels = (json.members ?? []).map { member in
        (member.key, member.value.stringValue ?? member.value.arrayValue?.last?.stringValue ?? "")
      }
    }
  }

  private static func numbered(_ names: [String]) -> [(key: String, name: String)] {
    names.enumerated().map { ("\($0.offset)", $0.element) }
  }

  /// The names in the order of the classes.
  func names(ofClasses count: Int) throws -> [String] {
    guard labels.count == count else {
      throw Self.failure(path, "it names \(labels.count) classes, the network tells \(count) apart")
    }
    var names = [String](repeating: "", count: count)
    for (key, name) in labels {
      guard let index = Int(key), names.indices.contains(index) else {
        throw Self.failure(path, "\"\(key)\" is no number of a class")
      }
      names[index] = name
    }
    return names
  }

  private static func failure(_ path: String, _ reason: String) -> Failure {
    Failure(.usage, at: FailurePlace(file: path), reason)
  }
}
