public import SutureText

/// A pattern that a whole name must fit.
///
///     *          any run of characters, dots too: norm* is startswith("norm")
///     #          a run of digits: stages.#.#.gamma
///     ?          one character
///     [ab] [a-c] [!ab]   one character of a set, or outside it
///     {a,b} {0..3}       choices, numbers from … to …; where order counts, the first braces vary slowest
///     re:/…/     a regular expression, for the whole name
///     !…         names that the rest does not fit
///     \*         the character itself
public struct Pattern {
  /// As it was written.
  public let text: String

  /// What it is made of; `nil` for a regular expression and for a negation.
  let pieces: [PatternSyntax.Piece]?

  private let isNegated: Bool
  private let alternatives: [Glob]
  private let regex: Regex<AnyRegexOutput>?

  /// Reads a pattern.
  ///
  /// - Throws: ``PatternError`` with the column of the mistake.
  public init(_ text: String) throws(PatternError) {
    self.text = text
    isNegated = text.hasPrefix("!")
    let rest = isNegated ? String(text.dropFirst()) : text
    if rest.hasPrefix("re:/"), rest.hasSuffix("/"), rest.count > 4 {
      (alternatives, pieces) = ([], nil)
      do {
        // By scalars, as the rest of a pattern is: to a Character two spellings of an accent are one.
        regex = try Regex(String(rest.dropFirst(4).dropLast())).matchingSemantics(.unicodeScalar)
      } catch {
        throw PatternError(text, column: 1, "the regular expression cannot be read: \(error)")
      }
    } else {
      regex = nil
      do {
        let syntax = try PatternSyntax(rest, as: .pattern)
        (alternatives, pieces) = (Glob.alternatives(syntax), isNegated ? nil : syntax.pieces)
      } catch {
        throw PatternError(text, column: error.column + (isNegated ? 1 : 0), error.detail)
      }
    }
  }

  /// What is written for a pattern that this name alone fits, which is not empty.
  package static func text(fitting name: String) -> String {
    let text = PatternSyntax(.pattern, name.unicodeScalars.map { .literal($0) }).text
    return name.hasPrefix("!") || name.hasPrefix("re:/") ? "\\" + text : text
  }

  /// Whether the whole of `name` fits.
  public func matches(_ name: String) -> Bool {
    let fits: Bool
    if let regex {
      fits = (try? regex.wholeMatch(in: name)) != nil
    } else {
      fits = alternatives.contains { $0.fits(name) }
    }
    return fits != isNegated
  }

  /// What each wildcard, choice or group of the pattern stands for in `name`, in order; `nil` where it does not fit.
  ///
  /// A negated pattern captures nothing.
  public func captures(_ name: String) -> [String]? {
    match(name)?.captures
  }

  /// What ``captures(_:)`` gives, and which of the choices in braces it was, counted as a shell expands them: those of
  /// the first braces vary slowest.
  func match(_ name: String) -> (alternative: Int, captures: [String])? {
    if isNegated { return matches(name) ? (0, []) : nil }
    if let regex {
      guard let match = try? regex.wholeMatch(in: name) else { return nil }
      return (0, match.output.dropFirst().map { $0.substring.map(String.init) ?? "" })
    }
    for (index, glob) in alternatives.enumerated() {
      if let found = glob.captures(name) { return (index, found) }
    }
    return nil
  }
}

extension Pattern {
  /// The name that has `captures` in the place of the wildcards; `nil` where ``pieces`` is.
  func name(_ captures: [String]) -> String? {
    var rest = captures[...]
    return pieces?.reduce(into: "") { name, piece in
      if case .literal(let scalar) = piece {
        name.unicodeScalars.append(scalar)
      } else {
        name += rest.popFirst() ?? ""
      }
    }
  }

  /// What is left of `name` without the groups of a regular expression for which `isTaken`, counted from 0; the whole
  /// name of a negation.
  func rest(of name: String, without isTaken: (Int) -> Bool) -> String {
    guard let match = regex.flatMap({ try? $0.wholeMatch(in: name) }) else { return name }
    let taken = match.output.dropFirst().enumerated().compactMap { isTaken($0) ? $1.range : nil }
    return String(
      name.unicodeScalars.indices.filter { place in !taken.contains { $0.contains(place) } }
        .map { name.unicodeScalars[$0] })
  }
}

/// A pattern or template that cannot be read.
public struct PatternError: SutureError, Equatable {
  public let text: String
  /// Counted from 1.
  public let column: Int
  /// What is wrong at the column.
  public let detail: String

  public init(_ text: String, column: Int, _ detail: String) {
    (self.text, self.column, self.detail) = (text, column, detail)
  }

  public var kind: FailureKind { .usage }
  public var reason: String { "the pattern \"\(text)\" cannot be read" }
  public var remedies: [Remedy] { [.advice("column \(column): \(detail)")] }
}

extension Pattern {
  /// Whether any of the patterns fits; `nil` where one of them cannot be read.
  static func fits(_ name: String, any texts: [String]) -> Bool? {
    var fits = false
    for text in texts {
      guard let pattern = try? Pattern(text) else { return nil }
      fits = fits || pattern.matches(name)
    }
    return fits
  }
}

extension Pattern {
  /// Of a pattern that fits some of `names`, the choices in its braces that fit none, in a sentence each.
  ///
  /// - Complexity: O(*n*) names for the pattern, and as many for each of the first choices that seem to fit none.
  func idleChoices(among names: [String]) -> [String] {
    guard let pieces, hasChoices else { return [] }
    let wildcards = pieces.indices.filter { pieces[$0].isWildcard }
    let captures = names.compactMap { self.captures($0) }
    return wildcards.enumerated().compactMap { wildcard, place -> String? in
      guard case .choices(let choices, let written) = pieces[place] else { return nil }
      let used = Set(captures.map { ExactString($0[wildcard]) })
      let seeming = choices.filter { !used.contains(ExactString($0)) }
      // A name that fits two choices counts for the first alone.
      let idle = seeming.enumerated().filter { index, choice in
        index >= Self.mostChecked || !isUsed(choice, at: place, among: names)
      }.map(\.element)
      return idle.isEmpty
        ? nil : "no key fits \(idle.map { "\"\($0)\"" }.summary) of {\(written)} in \"\(text)\""
    }
  }

  /// Whether there are braces in it.
  var hasChoices: Bool {
    pieces?.contains { if case .choices = $0 { true } else { false } } ?? false
  }

  private static let mostChecked = 32

  /// Whether a name fits that choice.
  private func isUsed(_ choice: String, at place: Int, among names: [String]) -> Bool {
    guard var pieces else { return false }
    pieces.replaceSubrange(
      place...place, with: choice.unicodeScalars.map { PatternSyntax.Piece.literal($0) })
    let alternatives = Glob.alternatives(PatternSyntax(.pattern, pieces))
    return names.contains { name in alternatives.contains { $0.fits(name) } }
  }
}
