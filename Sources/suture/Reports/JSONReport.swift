internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// What a report for programs can hold.
protocol JSONRepresentable {
  var json: JSONValue { get }
}

extension JSONValue: JSONRepresentable { var json: JSONValue { self } }
extension String: JSONRepresentable { var json: JSONValue { .string(self) } }
extension Int: JSONRepresentable { var json: JSONValue { .integer(self) } }
extension Bool: JSONRepresentable { var json: JSONValue { .bool(self) } }
/// Null where it is not finite.
extension Double: JSONRepresentable { var json: JSONValue { .double(self) } }
extension DType: JSONRepresentable { var json: JSONValue { .string(rawValue) } }
extension Array: JSONRepresentable where Element: JSONRepresentable {
  var json: JSONValue { .array(map(\.json)) }
}

extension Optional where Wrapped: JSONRepresentable {
  /// Null where there is nothing; in an object a member that is `nil` is left out.
  var json: JSONValue { self?.json ?? .null }
}

/// An object of a report, its members in their order; a member that is `nil` is left out.
struct JSONObject: JSONRepresentable, ExpressibleByDictionaryLiteral {
  private(set) var members: [(key: String, value: JSONValue)] = []

  init(dictionaryLiteral elements: (String, (any JSONRepresentable)?)...) {
    for (key, value) in elements { self[key] = value }
  }

  /// Sets a member behind all others.
  subscript(key: String) -> (any JSONRepresentable)? {
    get { members.first { $0.key == key }?.value }
    set {
      assert(key.allSatisfy { $0 == "_" || $0.isLowercase || $0.isNumber }, "\(key) is no snake_case")
      members.removeAll { $0.key == key }
      if let newValue { members.append((key, newValue.json)) }
    }
  }

  static func + (one: Self, other: Self) -> Self {
    var both = one
    for (key, value) in other.members { both[key] = value }
    return both
  }

  var json: JSONValue { .object(members) }
}

/// What a command tells a program: an object that begins with the name and number of its schema.
///
/// The documentation's page JSONReports describes each schema, and a test holds every report to it.
struct JSONReport {
  let object: JSONObject

  init(_ schema: String, _ object: JSONObject) { self.object = ["schema": schema] + object }

  /// The report as it is printed, with a newline.
  ///
  /// JSON lets characters stand in strings that a terminal would act on; here they are escaped.
  ///
  /// - Parameter isLine: whether it is one line, for reports that come one after another.
  func text(isLine: Bool) -> String {
    let text = JSONWriter.text(object.json, style: isLine ? .compact : .pretty) + "\n"
    if text.utf8.allSatisfy({ $0 < 127 }) { return text }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
          if scalar.value < 127 || String(scalar).visible == String(scalar) { return [scalar] }
          let digits = String(scalar.value, radix: 16)
          return Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".unicodeScalars)
        }))
  }
}

extension Console {
  /// Prints a report for programs.
  static func print(_ report: JSONReport, isLine: Bool = false) throws {
    try print(report.text(isLine: isLine))
  }
}
