public import SutureJSON
package import SutureTensors
internal import SutureBytes
internal import SutureText

/// What a report tells programs: an object that begins with the name and number of its schema.
///
/// The documentation's page JSONReports describes each schema, and a test holds every report to it.
public struct JSONReport: Sendable {
  package private(set) var object: JSONObject

  package init(_ schema: String, _ object: JSONObject) { self.object = ["schema": schema] + object }

  public var value: JSONValue { object.json }

  /// The same with `requests` and `bytes_read`, what servers were asked for up to now, where one was asked.
  package var withTraffic: JSONReport {
    var report = self
    if Traffic.requests > 0 {
      report.object["requests"] = Traffic.requests
      report.object["bytes_read"] = Traffic.bytesRead
    }
    return report
  }

  /// The report as text, with a newline at its end.
  ///
  /// JSON lets characters stand in strings that a terminal would act on; here they are escaped.
  ///
  /// - Parameter isLine: whether it is one line, for reports that come one after another.
  public func text(isLine: Bool = false) -> String { value.inertText(style: isLine ? .compact : .pretty) }
}

extension JSONValue {
  /// The document with a newline at its end, and nothing in it that a terminal acts on.
  func inertText(style: JSONWriter.Style) -> String {
    let text = JSONWriter.text(self, style: style) + "\n"
    if text.utf8.allSatisfy({ $0 < 127 }) { return text }
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if scalar.value >= 127, scalar.actsOnTerminals {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)"
        }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// An object of a report, its members in their order; a member that is `nil` is left out.
package struct JSONObject: JSONRepresentable, ExpressibleByDictionaryLiteral, Sendable {
  package private(set) var members: [(key: String, value: JSONValue)] = []

  package init(dictionaryLiteral elements: (String, (any JSONRepresentable)?)...) {
    for (key, value) in elements { self[key] = value }
  }

  /// Sets a member behind all others.
  package subscript(key: String) -> (any JSONRepresentable)? {
    get { members.first { $0.key == key }?.value }
    set {
      assert(key.allSatisfy { $0 == "_" || $0.isLowercase || $0.isNumber }, "\(key) is no snake_case")
      members.removeAll { $0.key == key }
      if let newValue { members.append((key, newValue.json)) }
    }
  }

  package static func + (one: Self, other: Self) -> Self {
    var both = one
    for (key, value) in other.members { both[key] = value }
    return both
  }

  package var json: JSONValue { .object(members) }
}

/// What a report can hold.
package protocol JSONRepresentable {
  var json: JSONValue { get }
}

extension JSONValue: JSONRepresentable { package var json: JSONValue { self } }
extension String: JSONRepresentable { package var json: JSONValue { .string(self) } }
extension Int: JSONRepresentable { package var json: JSONValue { .integer(self) } }
extension Bool: JSONRepresentable { package var json: JSONValue { .bool(self) } }
/// Null where it is not finite.
extension Double: JSONRepresentable { package var json: JSONValue { .double(self) } }
extension DType: JSONRepresentable { package var json: JSONValue { .string(rawValue) } }
extension Array: JSONRepresentable where Element: JSONRepresentable {
  package var json: JSONValue { .array(map(\.json)) }
}

extension Optional where Wrapped: JSONRepresentable {
  /// Null where there is nothing; in an object a member that is `nil` is left out.
  package var json: JSONValue { self?.json ?? .null }
}
