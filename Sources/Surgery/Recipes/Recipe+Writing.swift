internal import SutureJSON

extension Recipe {
  /// The recipe as JSON.
  public func json() -> String {
    JSONWriter.text(.object(document()), style: .pretty) + "\n"
  }

  /// The recipe as YAML: all texts stand in quotes.
  public func yaml() -> String {
    var lines: [String] = []
    for (key, value) in document() {
      guard key == "steps", let steps = value.arrayValue else {
        lines.append("\(key): \(Self.flow(value))")
        continue
      }
      lines.append(steps.isEmpty ? "steps: []" : "steps:")
      for step in steps {
        for (index, member) in (step.members ?? []).enumerated() {
          lines.append("\(index == 0 ? "  - " : "    ")\(member.key):\(Self.block(member.value))")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A table has a row on each line, whatever else stands on one.
  private static func block(_ value: JSONValue) -> String {
    guard let rows = value.members, rows.allSatisfy({ $0.value.stringValue != nil }) else {
      return " " + flow(value)
    }
    return rows.map { "\n        \(flow(.string($0.key))): \(flow($0.value))" }.joined()
  }

  private static func flow(_ value: JSONValue) -> String {
    switch value {
    case .array(let elements): "[\(elements.map(flow).joined(separator: ", "))]"
    case .object(let members):
      "{\(members.map { "\(isWord($0.key) ? $0.key : flow(.string($0.key))): \(flow($0.value))" }.joined(separator: ", "))}"
    default: JSONWriter.text(value)
    }
  }

  private static func isWord(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "-") }
  }

  private func document() -> [(key: String, value: JSONValue)] {
    var members: [(key: String, value: JSONValue)] = [("recipe", 1)]
    if let description { members.append(("description", .string(description))) }
    if let key { members.append(("input", ["key": .string(key)])) }
    members.append(("steps", .array(steps.map(\.record.json))))
    let counts = PlanExpectation.counts.compactMap { key, path in
      expectation[keyPath: path].map { (key: key, value: JSONValue.integer($0)) }
    }
    let has = expectation.has.isEmpty ? [] : [(key: "has", value: JSONValue.strings(expectation.has))]
    if !(counts + has).isEmpty { members.append(("expect", .object(counts + has))) }
    if !output.isEmpty { members.append(("output", output.json)) }
    return members
  }
}
