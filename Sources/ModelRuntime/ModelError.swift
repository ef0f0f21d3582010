/// Why a network cannot be built from a state dict, or not run on an input.
public enum ModelError: Error, CustomStringConvertible {
  case missing(key: String)
  case wrongShape(key: String, expected: [Int], found: [Int])
  /// It is another network, or ConvNeXt under other names.
  case notSupported(String)
  case wrongInput(String)
  case tooLarge(String)
  case engine(String)

  public var description: String {
    switch self {
    case .missing(let key): "the tensor \(key) is missing"
    case .wrongShape(let key, let expected, let found):
      "size mismatch for \(key): the shape is \(found), \(expected) is needed"
    case .notSupported(let what), .wrongInput(let what), .tooLarge(let what): what
    case .engine(let what): "oneDNN failed: \(what)"
    }
  }
}
