/// How a new name is made.
///
///     {&}          the whole old name
///     {1} {2}      what the first, the second wildcard of the pattern stands for
///     {1+2} {n-1}  the number that the first, the next wildcard stands for, and two more, one less
///     *            what the next wildcard stands for
///     {0..3} {a,b} several names
///     \# \?        the character itself: without the \ it would be taken for the pattern's wildcard
struct Template {
  private let text: String
  /// Choices stand alone in each.
  private let alternatives: [[PatternSyntax.Piece]]

  init(_ text: String) throws(PatternError) {
    self.text = text
    // The first brace varies slowest, as a shell expands it.
    alternatives = try PatternSyntax(text, as: .template).pieces.reduce([[]]) { starts, piece in
      guard case .choices(let choices, let written) = piece else { return starts.map { $0 + [piece] } }
      return starts.flatMap { start in choices.map { start + [.choices([$0], written: written)] } }
    }
  }

  /// A template that must make one name of one.
  ///
  /// - Parameter what: how the error ends: "names for one key".
  init(_ text: String, one what: String) throws(PatternError) {
    try self.init(text)
    if count != 1 { throw PatternError(text, column: 1, "it gives \(count) \(what)") }
  }

  /// Whether the names tell what a wildcard stands for, counted from 0.
  func holds(_ wildcard: Int) -> Bool {
    var next = 0
    return (alternatives.first ?? []).contains { piece in
      switch piece {
      case .whole: return true
      case .capture(let number), .sum(.some(let number), _): return number == wildcard + 1
      case .any, .sum(nil, _):
        next += 1
        return next == wildcard + 1
      default: return false
      }
    }
  }

  /// How many names it makes of one.
  var count: Int { alternatives.count }

  /// A number in a name and `amount`; as many digits as it had where it began with 0.
  private func sum(_ digits: String, _ amount: Int, in name: String) throws(PatternError) -> String {
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits) else {
      throw PatternError(text, column: 1, "it adds to \"\(digits)\" of \(name), which is no number")
    }
    let (sum, overflow) = number.addingReportingOverflow(amount)
    guard !overflow, sum >= 0 else {
      let what = overflow ? "beyond 64 bits" : "below 0"
      throw PatternError(text, column: 1, "it makes a number \(what) of the \(digits) of \(name)")
    }
    let isPadded = digits.utf8.count > 1 && digits.utf8.first == 48
    return String(repeating: "0", count: isPadded ? max(0, digits.utf8.count - "\(sum)".utf8.count) : 0)
      + "\(sum)"
  }

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
        case .literal(let scalar): result.unicodeScalars.append(scalar)
        case .choices(let choice, _): result += choice[0]
        case .whole: result += name
        case .capture(let number): result += try capture(number)
        case .any:
          next += 1
          result += try capture(next)
        case .sum(let number, let amount):
          if number == nil { next += 1 }
          result += try sum(try capture(number ?? next), amount, in: name)
        case .digits, .one, .set: break
        }
      }
      names.append(result)
    }
    return names
  }
}
