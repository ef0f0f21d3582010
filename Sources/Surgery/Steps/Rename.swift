/// Gives the entries that fit a pattern new names, made from what its wildcards stand for.
public struct Rename: Step {
  let pattern: String
  let template: String

  public init(_ pattern: String, to template: String) { (self.pattern, self.template) = (pattern, template) }

  public var summary: String { "rename \"\(pattern)\" to \"\(template)\"" }

  public func apply(to draft: inout Draft) throws -> Int {
    let pattern = try Pattern(pattern)
    let template = try Template(template)
    guard template.count == 1 else {
      throw PatternError(
        self.template, column: 1, "it gives \(template.count) names for one key; replicate makes copies")
    }
    var touched = 0
    for index in draft.entries.indices {
      guard let captures = pattern.captures(draft.entries[index].name) else { continue }
      draft.entries[index].name = try template.names(for: draft.entries[index].name, captures: captures)[0]
      touched += 1
    }
    if touched == 0 { throw noMatch(self.pattern, draft) }
    return touched
  }
}
