public import SutureText

/// Why a network cannot be built from a state dict, or not run on an input.
public enum ModelError: SutureError {
  case missing(key: String)
  case wrongShape(key: String, expected: [Int], found: [Int])
  /// A weight is NaN or infinite.
  case notFinite(key: String, index: Int, value: Float)
  /// It is another network, or an option that this processor cannot do.
  case notSupported(String)
  case wrongInput(String)
  case tooLarge(String)
  /// What computes has failed.
  case engine(String)
  /// This machine lacks what computes; the linker's words.
  case withoutOneDNN(String)

  public var kind: FailureKind { .doesNotFit }

  public var reason: String {
    switch self {
    case .missing(let key): "the tensor \(key) is missing"
    case .wrongShape(let key, let expected, let found):
      "size mismatch for \(key): the shape is \(found), \(expected) is needed"
    case .notFinite(let key, let index, let value):
      "\(key) holds \(value) at element \(index): nothing that a network computes from it means anything"
    case .notSupported(let what), .wrongInput(let what), .tooLarge(let what): what
    case .engine(let what): "oneDNN failed: \(what)"
    case .withoutOneDNN(let what): "a network cannot be run without oneDNN: \(what)"
    }
  }

  public var remedies: [Remedy] {
    guard case .withoutOneDNN = self else { return [] }
    return [
      "on Debian: apt-get install libdnnl2",
      .setting("engine", value: "reference", "computes with plain loops, which takes its time"),
    ]
  }
}
