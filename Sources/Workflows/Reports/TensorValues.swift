internal import SutureBytes
public import SutureCheckpoints
internal import SutureJSON
internal import SutureNumbers
public import SutureTensors
internal import SutureText

/// The elements of tensors as numbers: what `print` tells programs.
public struct TensorValues: Sendable {
  /// How many elements a report may have: whoever wants more wants a file of numbers.
  public static let mostElements = 1_000_000

  private let checkpoint: Checkpoint
  private let entries: [StateDict.Entry]

  /// - Throws: `Failure` where there are more elements than a report may have.
  public init(of checkpoint: Checkpoint, _ entries: [StateDict.Entry]) throws {
    (self.checkpoint, self.entries) = (checkpoint, entries)
    let count = entries.reduce(0) { $0.adding(saturating: $1.tensor.elementCount) }
    guard count <= Self.mostElements else {
      throw Failure(
        in: checkpoint.path,
        "\(Format.plural(entries.count, "tensor")) with \(Format.plural(count, "element")) are asked for, and JSON takes up to "
          + Format.count(Self.mostElements),
        remedies: ["name fewer tensors", "convert writes them as numbers: a file that ends in .npz"],
        kind: .refused)
    }
  }

  /// The schema `suture.print/1`.
  ///
  /// - Throws: `Failure` for a tensor whose elements are no numbers, and what reading throws.
  public var json: JSONReport {
    get throws {
      JSONReport(
        "suture.print/1",
        [
          "path": checkpoint.path,
          "tensors": try entries.map { entry -> JSONObject in
            [
              "name": entry.name, "dtype": entry.tensor.dtype, "shape": entry.tensor.shape,
              "values": JSONValue.array(try values(entry)),
            ]
          },
        ])
    }
  }

  private func values(_ entry: StateDict.Entry) throws -> [JSONValue] {
    let tensor = entry.tensor
    do {
      try tensor.requirePlain()
      guard let codec = tensor.dtype.codec else { throw TensorError.noElements(tensor.dtype.rawValue) }
      let bytes = try tensor.contiguousBytes()
      let numbers = codec.values(bytes)
      if codec.width == 1 { return numbers }
      return stride(from: 0, to: numbers.count, by: 2).map { .array([numbers[$0], numbers[$0 + 1]]) }
    } catch let error as TensorError {
      throw Failure(in: checkpoint.path, "\(entry.name.visible): \(error.reason)")
    }
  }
}

extension ElementCodec {
  /// Each number of all elements, exactly: what JSON has no number for is a text.
  fileprivate func values(_ bytes: [UInt8]) -> [JSONValue] {
    switch number {
    case .bool: return decode(bytes).map { .bool($0 != 0) }
    case .float:
      return decode(bytes).map { value in
        if value.isFinite { return .double(value) }
        return .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
      }
    case .signed: return (integers(bytes) ?? []).map { .integer($0) }
    case .unsigned:
      return (unsignedIntegers(bytes) ?? []).map { value in
        Int(exactly: value).map { .integer($0) } ?? .number(JSONNumber(value))
      }
    }
  }
}
