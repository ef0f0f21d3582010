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
    alternatives = try PatternSyntax(text, as: .template).pieces.reduce([[]]) { starts, piece in
      let pieces: [Piece] =
        switch piece {
        case .any: [.nextCapture]
        case .whole: [.whole]
        case .capture(let number): [.capture(number)]
        case .choices(let choices, _): choices.map { .text($0) }
        case .literal(let scalar): [.text(String(scalar))]
        case .digits, .one, .set: []
        }
      // The first brace varies slowest, as a shell expands it.
      return starts.flatMap { start in pieces.map { start + [$0] } }
    }
  }

  /// A template that must make one name of one.
  ///
  /// - Parameter what: how the error ends: "names for one key".
  init(_ text: String, one what: String) throws(PatternError) {
    try self.init(text)
    if count != 1 { throw PatternError(text, column: 1, "it gives \(count) \(what)") }
  }

  /// How many names it makes of one.
  var count: Int { alternatives.count }

  /// The names for one old name.
  ///
  /// - Throws: ``PatternError`` where it asks for a wildcard that the pattern does not have.
  func names(for name: String, captures: [String]) throws(PatternError) -> [String] {
    var names: [String] = []
    for pieces in alternatives {
      var (result, next) = ("", 0)
      func capture(_ number: Int) throws(PatternError) -> String {
        guard number <= captures.count else {
          throw PatternError(
            text, column: 1, "it asks for wildcard \(number), but the pattern has \(captures.count)")
        }
        return captures[number - 1]
      }
      for piece in pieces {
        switch piece {
        case .text(let text): result += text
        case .whole: result += name
        case .capture(let number): result += try capture(number)
        case .nextCapture:
          next += 1
          result += try capture(next)
        }
      }
      names.append(result)
    }
    return names
  }
}
