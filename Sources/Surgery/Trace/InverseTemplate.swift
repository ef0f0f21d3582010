/// A template read backwards: which wildcard of the pattern stands where in a new name.
struct InverseTemplate {
  private enum Hole {
    case whole
    case capture(Int)
  }

  private let pattern: Pattern
  private let holes: [Hole]

  /// `nil` where the template cannot be read, or gives several names.
  init?(_ template: String) {
    var text = ""
    var holes: [Hole] = []
    var next = 1
    var rest = Array(template.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*":
        holes.append(.capture(next))
        next += 1
        text += "*"
      case "{":
        guard let end = rest.firstIndex(of: "}") else { return nil }
        let inside = rest[..<end].reduce(into: "") { $0.unicodeScalars.append($1) }
        if inside == "&" {
          holes.append(.whole)
        } else if let number = Int(inside) {
          holes.append(.capture(number))
        } else {
          return nil
        }
        rest = rest[(end + 1)...]
        text += "*"
      case "#", "?", "[", "]", "}", "\\", "!": text += "\\\(scalar)"
      default: text.unicodeScalars.append(scalar)
      }
    }
    guard let pattern = try? Pattern(text) else { return nil }
    (self.pattern, self.holes) = (pattern, holes)
  }

  /// What each wildcard of the pattern stood for, by its number from 1; `nil` where the template cannot give `name`.
  func captures(_ name: String) -> [Int: String]? {
    guard let found = pattern.captures(name) else { return nil }
    var captures: [Int: String] = [:]
    for (hole, text) in zip(holes, found) {
      if case .capture(let number) = hole {
        if let other = captures[number], other != text { return nil }
        captures[number] = text
      }
    }
    return captures
  }

  /// What the whole old name was, where the template says it.
  func whole(_ name: String) -> String? {
    guard let found = pattern.captures(name) else { return nil }
    return zip(holes, found).first { if case .whole = $0.0 { true } else { false } }?.1
  }

  /// The name that `pattern` fits with these wildcards; `nil` where one of them is not known, or it is no glob.
  static func fill(_ pattern: String, _ captures: [Int: String], whole: String?) -> String? {
    if let whole { return whole }
    if pattern.hasPrefix("re:") || pattern.hasPrefix("!") { return nil }
    var name = ""
    var number = 0
    var rest = Array(pattern.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      let closing: Unicode.Scalar
      switch scalar {
      case "*", "#", "?": closing = scalar
      case "[": closing = "]"
      case "{": closing = "}"
      case "\\":
        guard let literal = rest.popFirst() else { return nil }
        name.unicodeScalars.append(literal)
        continue
      default:
        name.unicodeScalars.append(scalar)
        continue
      }
      if closing != scalar {
        guard let end = rest.firstIndex(of: closing) else { return nil }
        rest = rest[(end + 1)...]
      }
      number += 1
      guard let text = captures[number] else { return nil }
      name += text
    }
    return name
  }
}
