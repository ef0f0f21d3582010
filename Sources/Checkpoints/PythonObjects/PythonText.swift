internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// Spells pickled values as Python would, shortened.
struct PythonText {
  let graph: PickleGraph
  /// Knows which calls are tensors.
  var tensors: TensorBuilder?

  /// How a dict key appears in a dotted path.
  func key(_ id: PickleID) -> String {
    switch graph[id] {
    case .string(let text): return text
    case .bytes(let bytes) where bytes.count <= Self.longestKey: return Self.bytes(bytes)
    default:
      // No bytes are made of a text that may be megabytes long, and be a key a million times.
      guard case .object(let object) = graph[id], graph.byteCountLimit(of: object) <= Self.longestKey,
        let bytes = graph.bytesOf(object)
      else { return brief(id) }
      return Self.bytes(bytes)
    }
  }

  /// As many bytes as a key may have that is shown as it is.
  private static let longestKey = 120

  /// Bytes as Python spells them: b'conv'.
  private static func bytes(_ bytes: [UInt8]) -> String {
    let letters = bytes.map { byte -> String in
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\\"): "\\\(Character(Unicode.Scalar(byte)))"
      case 32..<127: "\(Character(Unicode.Scalar(byte)))"
      default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return "b'\(letters.joined())'"
  }

  /// A value in at most a line.
  func brief(_ id: PickleID, depth: Int = 3) -> String {
    switch graph[id] {
    case .none: return "None"
    case .bool(let value): return value ? "True" : "False"
    case .int(let value): return String(value)
    case .bigInt(let bytes): return Self.hexadecimal(bytes)
    case .float(let value): return Self.float(value)
    case .string(let text):
      // No count of a text that may be megabytes long, and be asked for on every path.
      let head = text.prefix(60)
      return "'\(Self.escaped(head.endIndex < text.endIndex ? head + "…" : head))'"
    case .bytes(let bytes): return "\(bytes.count) bytes"
    case .tuple(let items): return depth == 0 ? "(…)" : Self.tuple(few(items, depth))
    case .list(let items): return depth == 0 ? "[…]" : "[\(few(items, depth).joined(separator: ", "))]"
    case .set(let items): return depth == 0 ? "{…}" : "{\(few(items, depth).joined(separator: ", "))}"
    case .dict(let items): return "{\(items.count) items}"
    case .global(let module, let name): return "\(module).\(name)"
    case .object(let object):
      if let tensor = tensors.flatMap({ $0.isTensor(id) ? try? $0.tensor(id) : nil }) {
        return "tensor \(tensor.dtype) \(tensor.shape)"
      }
      return depth == 0 ? className(object) : value(object, depth: depth - 1, named: true)
    case .persistent(let inner):
      guard let parts = graph.items(inner), parts.count >= 5, let type = graph.globalName(parts[1]),
        let key = graph.key(parts[2]), let count = graph.int(parts[4])
      else { return graph.callableName(id) ?? "a reference" }
      return "storage \(key): \(count) elements of \(type)"
    }
  }

  /// What sort of thing an object is: Python's word where it is one of Python's own, else its class.
  func kind(_ object: PickleObject) -> String {
    let name = className(object)
    if bytes(object) != nil { return "bytes" }
    if NumpyArray.isReconstructor(name) { return "numpy.ndarray" }
    if NumpyScalar.names.contains(name) { return "numpy scalar" }
    return name.dropPythonModule
  }

  /// An object's value in at most a line: what it was made from.
  ///
  /// - Parameter named: whether to begin with its class.
  func value(_ object: PickleObject, depth: Int = 1, named: Bool = false) -> String {
    if let bytes = bytes(object) { return bytes }
    if let scalar = NumpyScalar(object, graph) { return scalar.text }
    let name = className(object)
    if NumpyArray.isReconstructor(name) { return "array" }
    let start = named ? name.dropPythonModule : ""
    if object.arguments.isEmpty { return named ? start + "()" : "" }
    let arguments = object.arguments.prefix(4).map { brief($0, depth: depth) }
    return start + "(" + arguments.joined(separator: ", ") + (object.arguments.count > 4 ? ", …" : "") + ")"
  }

  /// What is said of bytes; `nil` of any other object.
  private func bytes(_ object: PickleObject) -> String? {
    let most = graph.byteCountLimit(of: object)
    // Megabytes are not to be counted on every path that leads to them.
    if most > Self.mostCounted, className(object) == "_codecs.encode" { return "up to \(most) bytes" }
    return graph.bytesOf(object).map { "\($0.count) bytes" }
  }

  private static let mostCounted = 1 << 14

  /// The class or function that an object names.
  func className(_ object: PickleObject) -> String {
    graph.callableName(object.callable) ?? "an object"
  }

  private func few(_ items: [PickleID], _ depth: Int) -> [String] {
    items.prefix(6).map { brief($0, depth: depth - 1) } + (items.count > 6 ? ["… \(items.count) in all"] : [])
  }

  private static func tuple(_ parts: [String]) -> String {
    parts.count == 1 ? "(\(parts[0]),)" : "(\(parts.joined(separator: ", ")))"
  }

  /// Python's repr of a float differs from Swift's in spelling only: 1e-05, inf, nan.
  static func float(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let text = value.description
    guard let e = text.firstIndex(of: "e") else { return text }
    var (mantissa, exponent) = (String(text[..<e]), String(text[text.index(after: e)...]))
    if mantissa.hasSuffix(".0") { mantissa.removeLast(2) }
    let negative = exponent.hasPrefix("-")
    let digits = exponent.drop { $0 == "-" || $0 == "+" }
    exponent = (negative ? "-" : "+") + (digits.count < 2 ? "0" : "") + digits
    return "\(mantissa)e\(exponent)"
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = bytes.suffix(16).reversed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return "0x\(bytes.count > 16 ? "…" : "")\(digits) (\(bytes.count * 8) bits)"
  }

  private static func escaped(_ text: Substring) -> String {
    text.unicodeScalars.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined().visible
  }
}

extension String {
  /// A name out of a file as sentences show it.
  var shownName: String { isEmpty ? "(empty)" : visible(atMost: 80) }
}

extension String {
  /// `set` for `builtins.set` and for Python 2's `__builtin__.set`.
  fileprivate var dropPythonModule: String {
    for module in ["builtins.", "__builtin__."] where hasPrefix(module) {
      return String(dropFirst(module.count))
    }
    return self
  }
}
