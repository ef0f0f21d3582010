/// Leaves out the entries whose names fit one of the patterns.
public struct Drop: Step {
  let patterns: [String]

  public init(_ patterns: String...) { self.patterns = patterns }

  public var summary: String { "drop \(patterns.map { "\"\($0)\"" }.joined(separator: ", "))" }

  public func apply(to draft: inout Draft) throws -> Int {
    let hits = try match(patterns, draft)
    let kept = zip(draft.entries, hits).filter { !$0.1 }.map(\.0)
    let touched = draft.entries.count - kept.count
    draft.entries = kept
    for text in patterns {
      // norm* and *norm* are easily confused: say what stayed.
      guard let prefix = try Pattern(text).literalPrefix else { continue }
      let near = kept.map(\.name).filter { $0.contains(prefix) }
      if !near.isEmpty {
        draft.notes.append(
          "kept \(near.count) keys that contain \"\(prefix)\" but do not start with it, such as \(near[0])")
      }
    }
    return touched
  }
}
