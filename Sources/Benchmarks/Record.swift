internal import SutureBytes
internal import SutureJSON

/// What has been measured, to be saved and to be held against what was saved before.
final class Record {
  private struct Key: Hashable {
    let title: String
    let name: String
  }

  /// How much worse a figure may be before it is marked: a machine that others share is no steadier.
  private static let tolerance = 1.05

  private var figures: [(key: Key, value: Double)] = []
  private var base: [Key: Double] = [:]
  private(set) var regressions: [String] = []

  /// - Parameter base: a saved run, where there is one to compare with.
  init(comparedWith base: String?) throws {
    guard let base else { return }
    let file = try FileSource(base)
    for row in try JSONParser.parse(file.bytes(0..<file.byteCount))["rows"]?.arrayValue ?? [] {
      guard let title = row["title"]?.stringValue, let name = row["way"]?.stringValue,
        let value = row["figure"]?.doubleValue
      else { throw ChildProcess.Failure(description: "\(base) is no saved run") }
      self.base[Key(title: title, name: name)] = value
    }
  }

  /// Notes a figure, of which less is better.
  ///
  /// - Returns: what stands behind it: how it is to the saved one, where there is one.
  func add(_ title: String, _ name: String, _ value: Double, isRatio: Bool = false) -> String {
    let key = Key(title: title, name: name)
    figures.append((key, value))
    guard let before = base[key], before > 0 else { return "" }
    let change = value / before
    let isWorse = change > Self.tolerance
    if isWorse { regressions.append("\(title): \(name) \(Comparison.rounded(change, 2)) ×") }
    return
      "  [\(Comparison.rounded(change, 2)) × \(isRatio ? "that ratio" : "that") before\(isWorse ? ", WORSE" : "")]"
  }

  /// Writes all figures as JSON.
  func save(to path: String) throws {
    let rows = figures.map { key, value in
      JSONValue.object([
        ("title", .string(key.title)), ("way", .string(key.name)), ("figure", .double(value)),
      ])
    }
    let document = JSONValue.object([("schema", .string("suture.benchmarks/1")), ("rows", .array(rows))])
    try OutputFile.write(JSONWriter.bytes(document) + [UInt8(ascii: "\n")], to: path)
    print("saved in \(path)")
  }

  /// Says which figures are worse.
  func conclude() {
    if base.isEmpty { return }
    print(regressions.isEmpty ? "nothing is more than 5 % worse" : "more than 5 % worse:")
    for line in regressions { print("  " + line) }
  }
}
