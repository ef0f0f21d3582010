import SutureBytes
import SutureJSON
import TestSupport
import Testing

/// The folder of fixtures beside the tests.
let fixtures = projectFolder + "/Fixtures"

/// A file, and what must come of it.
struct Case: Sendable, CustomTestStringConvertible {
  let path: String
  let verdict: String
  let because: String
  let tensors: [JSONValue]

  var testDescription: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// The cases of a folder of fixtures.
  static func all(in folder: String) -> [Case] {
    guard let file = try? FileSource("\(fixtures)/\(folder)/verdicts.json"),
      let bytes = try? file.bytes(0..<file.byteCount), let document = try? JSONParser.parse(bytes)
    else { return [] }
    return document["cases"]?.arrayValue?.map { entry in
      Case(
        path: "\(fixtures)/\(folder)/\(entry["file"]?.stringValue ?? "")",
        verdict: entry["verdict"]?.stringValue ?? "", because: entry["because"]?.stringValue ?? "",
        tensors: entry["tensors"]?.arrayValue ?? [])
    } ?? []
  }
}
