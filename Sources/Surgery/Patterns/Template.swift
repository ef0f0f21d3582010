/// How a new name is made.
///
///     {&}          the whole old name
///     {1} {2}      what the first, the second wildcard of the pattern stands for
///     *            what the next wildcard stands for
///     {0..3} {a,b} several names
struct Template {
  private enum Piece {
    case text(String)
    case whole
    case capture(Int)
    case nextCapture
  }

  private let text: String
  private let alternatives: [[Piece]]

  init(_ text: String) throws(PatternError) {
    self.text = text
    let scalars = Array(text.unicodeScalars)
    var alternatives: [[Piece]] = [[]]
    var position = 0
    while position < scalars.count {
      var pieces: [Piece]
      switch scalars[position] {
      case "*": pieces = [.nextCapture]
      case "{":
        let start = position
        guard let end = scalars[start...].firstIndex(of: "}") else {
          throw PatternError(text, column: start + 1, "the { is never closed")
        }
        let inside = scalars[(start + 1)..<end].reduce(into: "") { $0.unicodeScalars.append($1) }
        if inside == "&" {
          (pieces, position) = ([.whole], end)
        } else if let number = Int(inside) {
          guard number > 0 else {
            throw PatternError(text, column: start + 1, "wildcards are counted from 1")
          }
          (pieces, position) = ([.capture(number)], end)
        } else {
          do { pieces = try Glob.choices(scalars, &position).map { .text($0) } } catch {
            throw PatternError(text, column: error.column, error.reason)
          }
        }
      case "}": throw PatternError(text, column: position + 1, "the } closes nothing")
      default: pieces = [.text(String(scalars[position]))]
      }
      position += 1
      if alternatives.count * pieces.count > 10_000 {
        throw PatternError(text, column: position, "the braces give more than 10000 names")
      }
      // The first brace varies slowest, as a shell expands it.
      alternatives = alternatives.flatMap { start in pieces.map { start + [$0] } }
    }
    self.alternatives = alternatives
  }

  /// How many names it makes of one.
  var count: Int { alternatives.count }

  /// The names for one old name.
  ///
  /// - Throws: ``PatternError`` where it asks for a wildcard that the pattern does not have.
  func names(for name: String, captures: [String]) throws(PatternError) -> [String] {
    var names: [String] = []
    for pieces in alternatives {
      var result = ""
      var next = 0
      for piece in pieces {
        switch piece {
        case .text(let text): result += text
        case .whole: result += name
        case .capture(let number):
          guard number <= captures.count else { throw missing(number, captures.count) }
          result += captures[number - 1]
        case .nextCapture:
          guard next < captures.count else { throw missing(next + 1, captures.count) }
          result += captures[next]
          next += 1
        }
      }
      names.append(result)
    }
    return names
  }

  private func missing(_ number: Int, _ count: Int) -> PatternError {
    PatternError(text, column: 1, "it asks for wildcard \(number), but the pattern has \(count)")
  }
}
