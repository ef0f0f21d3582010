internal import Pickle

/// Spells pickled values as Python would, shortened.
struct PythonText {
  let graph: PickleGraph

  /// How a dict key appears in a dotted path.
  func key(_ id: PickleID) -> String {
    if case .string(let text) = graph[id] { return text }
    return brief(id)
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
    case .object(let object): return className(object)
    case .persistent: return "a storage"
    }
  }

  /// The class or function that an object names.
  func className(_ object: PickleObject) -> String { graph.globalName(object.callable) ?? "an object" }

  private func few(_ items: [PickleID], _ depth: Int) -> [String] {
    items.prefix(6).map { brief($0, depth: depth - 1) } + (items.count > 6 ? ["… \(items.count) in all"] : [])
  }

  private static func tuple(_ parts: [String]) -> String {
    parts.count == 1 ? "(\(parts[0]),)" : "(\(parts.joined(separator: ", ")))"
  }

  /// Python's repr of a float differs from Swift's in spelling only: 1e-05, inf, nan.
  private static func float(_ value: Double) -> String {
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
    text.unicodeScalars.map {
      $0.value < 32 || $0 == "'" || $0 == "\\" ? $0.escaped(asASCII: false) : String($0)
    }
    .joined()
  }
}
