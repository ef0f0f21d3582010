extension Template {
  /// The pattern and the template that turn the names of a rename back into what they were.
  ///
  /// Each wildcard of the pattern must stand in the template exactly once, and the template must give one name.
  ///
  /// - Throws: ``PatternError`` where nobody could tell what a name was.
  static func reversing(_ template: String, of pattern: String) throws(PatternError) -> (
    pattern: String, template: String
  ) {
    guard !pattern.hasPrefix("re:/"), !pattern.hasPrefix("!") else {
      throw PatternError(pattern, column: 1, "a regular expression or a negation cannot be read backwards")
    }
    let sources = try pieces(of: pattern)
    let wildcards = sources.filter(\.isWildcard)
    var order: [Int] = []
    var reversed = ""
    for piece in try pieces(of: template, isTemplate: true) {
      switch piece {
      case .literal(let text): reversed += text
      case .whole:
        for source in sources { reversed += source.text }
        order += wildcards.indices
      case .capture(let number):
        let index = number ?? order.count
        guard wildcards.indices.contains(index) else {
          throw PatternError(
            template, column: 1, "it asks for wildcard \(index &+ 1), but the pattern has \(wildcards.count)")
        }
        reversed += wildcards[index].text
        order.append(index)
      case .wildcard: break
      }
    }
    guard order.sorted() == Array(wildcards.indices) else {
      throw PatternError(
        template, column: 1, "read backwards each wildcard of \"\(pattern)\" must stand in it exactly once")
    }
    var next = 0
    let back = sources.reduce(into: "") { text, source in
      guard source.isWildcard else { return text += source.unescaped }
      text += "{\((order.firstIndex(of: next) ?? 0) + 1)}"
      next += 1
    }
    return (reversed, back)
  }

  private enum Piece {
    /// As it is written in a pattern: special characters have a `\` before them.
    case literal(String)
    case wildcard(String)
    case whole
    /// Counted from 0; `nil` for the next one.
    case capture(Int?)

    var isWildcard: Bool { if case .wildcard = self { true } else { false } }

    var text: String {
      switch self {
      case .literal(let text), .wildcard(let text): text
      case .whole, .capture: ""
      }
    }

    /// A template knows no escapes: what it cannot say is refused where the text is read.
    var unescaped: String {
      var result = ""
      var isEscaped = false
      for scalar in text.unicodeScalars {
        if scalar == "\\", !isEscaped {
          isEscaped = true
          continue
        }
        result.unicodeScalars.append(scalar)
        isEscaped = false
      }
      return result
    }
  }

  private static func pieces(of text: String, isTemplate: Bool = false) throws(PatternError) -> [Piece] {
    let scalars = Array(text.unicodeScalars)
    var pieces: [Piece] = []
    var position = 0
    func slice(_ range: ClosedRange<Int>) -> String {
      scalars[range].reduce(into: "") { $0.unicodeScalars.append($1) }
    }
    while position < scalars.count {
      let start = position
      switch scalars[position] {
      case "*" where isTemplate: pieces.append(.capture(nil))
      case "{":
        guard let end = scalars[start...].firstIndex(of: "}") else {
          throw PatternError(text, column: start + 1, "the { is never closed")
        }
        position = end
        let inside = start + 1 < end ? slice((start + 1)...(end - 1)) : ""
        if !isTemplate {
          pieces.append(.wildcard(slice(start...end)))
        } else if inside == "&" {
          pieces.append(.whole)
        } else if let number = Int(inside), number > 0 {
          pieces.append(.capture(number - 1))
        } else {
          throw PatternError(text, column: start + 1, "several names cannot be read backwards")
        }
      case "*", "#", "?":
        pieces.append(isTemplate ? .literal("\\" + slice(start...start)) : .wildcard(slice(start...start)))
      case "[" where !isTemplate:
        guard let end = scalars[start...].firstIndex(of: "]") else {
          throw PatternError(text, column: start + 1, "the [ is never closed; \\[ is the character")
        }
        position = end
        pieces.append(.wildcard(slice(start...end)))
      case "\\" where !isTemplate:
        guard start + 1 < scalars.count else {
          throw PatternError(text, column: start + 1, "nothing follows the \\")
        }
        position = start + 1
        if "*{}".unicodeScalars.contains(scalars[position]) {
          throw PatternError(
            text, column: start + 1, "a name with \(scalars[position]) cannot be made when read backwards")
        }
        pieces.append(.literal(slice(start...position)))
      case let scalar where isTemplate && "[]\\!".unicodeScalars.contains(scalar):
        pieces.append(.literal("\\" + slice(start...start)))
      default: pieces.append(.literal(slice(start...start)))
      }
      position += 1
    }
    return pieces
  }
}
