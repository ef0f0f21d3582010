/// Leaves out all entries but those whose names fit one of the patterns.
public struct Keep: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.patterns = patterns }

  public var summary: String { "keep \(patterns.map { "\"\($0)\"" }.joined(separator: ", "))" }

  public func apply(to draft: inout Draft) throws -> Int {
    let hits = try match(patterns, draft)
    draft.entries = zip(draft.entries, hits).filter(\.1).map(\.0)
    return draft.entries.count
  }
}
