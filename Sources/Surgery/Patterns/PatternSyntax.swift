/// The one grammar of patterns and templates: what ``Pattern`` matches, ``Template`` makes, and both read backwards.
///
/// Parsing what ``text`` gives is the same syntax again.
struct PatternSyntax: Equatable {
  enum Piece: Equatable {
    case literal(Unicode.Scalar)
    /// `*`, of a pattern; in a template it stands for what the next wildcard does.
    case any
    /// `#`
    case digits
    /// `?`
    case one
    /// `[a-c]`, `[!ab]`
    case set([ClosedRange<UInt32>], isNegated: Bool)
    /// `{a,b}`, `{0..3}`; what stands between the braces is kept as it is written.
    case choices([String], written: String)
    /// `{1}` of a template, counted from 1.
    case capture(Int)
    /// `{1+2}` of a template, and `{n-1}`, where *n* is what the next wildcard stands for: a number and what is added to it.
    case sum(capture: Int?, Int)
    /// `{&}` of a template.
    case whole

    var isWildcard: Bool { if case .literal = self { false } else { true } }
  }

  enum Kind { case pattern, template }

  let kind: Kind
  let pieces: [Piece]

  init(_ kind: Kind, _ pieces: [Piece]) { (self.kind, self.pieces) = (kind, pieces) }

  /// Wildcards that a template may not hold as they are.
  private static let patternOnly: [Unicode.Scalar] = ["#", "?"]

  /// More choices than this are a mistake.
  static let maximumAlternatives = 10_000

  // MARK: Parsing

  /// - Throws: ``PatternError`` with the column of the mistake.
  init(_ text: String, as kind: Kind) throws(PatternError) {
    if kind == .pattern, text.isEmpty {
      throw PatternError(text, column: 1, "it is empty and fits nothing; * fits everything")
    }
    var reader = Reader(text: text, scalars: Array(text.unicodeScalars))
    var (pieces, alternatives): ([Piece], Int) = ([], 1)
    while let piece = try reader.next(kind) {
      if case .choices(let choices, _) = piece {
        alternatives *= choices.count
        if alternatives > Self.maximumAlternatives {
          throw reader.error(
            at: reader.position,
            "the braces give more than \(Self.maximumAlternatives) \(kind == .pattern ? "choices" : "names")")
        }
      }
      pieces.append(piece)
    }
    self.init(kind, pieces)
  }

  private struct Reader {
    let text: String
    let scalars: [Unicode.Scalar]
    var position = 0

    /// - Parameter place: counted from 1.
    func error(at place: Int, _ reason: String) -> PatternError { PatternError(text, column: place, reason) }

    mutating func next(_ kind: Kind) throws(PatternError) -> Piece? {
      guard position < scalars.count else { return nil }
      let (scalar, column) = (scalars[position], position + 1)
      defer { position += 1 }
      switch scalar {
      case "*": return .any
      case "{": return try braces(kind)
      case "}":
        throw error(
          at: column, kind == .pattern ? "} closes nothing; \\} is the character" : "the } closes nothing")
      default: break
      }
      // The rest are characters of a template, but for the wildcards that stand for something in a pattern alone.
      if kind == .template { return .literal(try ofTemplate(scalar, column)) }
      switch scalar {
      case "#": return .digits
      case "?": return .one
      case "[": return try set()
      case "]": throw error(at: column, "] closes nothing; \\] is the character")
      case "\\":
        guard position + 1 < scalars.count else { throw error(at: column, "nothing follows the \\") }
        position += 1
        return .literal(scalars[position])
      default: return .literal(scalar)
      }
    }

    /// A `#` or `?` is most often meant to be what the pattern's stood for, so the character is written `\\#`.
    private mutating func ofTemplate(_ scalar: Unicode.Scalar, _ column: Int) throws(PatternError)
      -> Unicode.Scalar
    {
      if scalar == "\\", position + 1 < scalars.count,
        PatternSyntax.patternOnly.contains(scalars[position + 1])
      {
        position += 1
        return scalars[position]
      }
      if PatternSyntax.patternOnly.contains(scalar) {
        throw error(
          at: column,
          "\(scalar) is a wildcard of patterns: in a name * or {1} is what one stood for, "
            + "and \\\(scalar) the character")
      }
      return scalar
    }

    /// What stands between the opening bracket here and the next closing one, to which it goes.
    private mutating func inside(_ closing: Unicode.Scalar, _ unclosed: String) throws(PatternError)
      -> [Unicode.Scalar]
    {
      let start = position
      guard let end = scalars[(start + 1)...].firstIndex(of: closing) else {
        throw error(at: start + 1, unclosed)
      }
      position = end
      return Array(scalars[(start + 1)..<end])
    }

    private mutating func braces(_ kind: Kind) throws(PatternError) -> Piece {
      let column = position + 1
      let inside = String(try inside("}", "the { is never closed"))
      if kind == .template {
        if inside == "&" { return .whole }
        if let number = Int(inside) {
          if number < 1 { throw error(at: column, "wildcards are counted from 1") }
          return .capture(number)
        }
        if let sum = try sum(inside, column) { return sum }
      }
      if inside.contains("{") { throw error(at: column, "braces do not nest") }
      guard let range = inside.firstRange(of: "..") else {
        let parts = inside.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        if parts.count < 2 { throw error(at: column, "braces hold choices, such as {a,b} or {0..3}") }
        return .choices(parts, written: inside)
      }
      guard let first = Int(inside[..<range.lowerBound]), let last = Int(inside[range.upperBound...]) else {
        throw error(at: column, "a range is two whole numbers, such as {0..3}")
      }
      let (span, overflow) = max(first, last).subtractingReportingOverflow(min(first, last))
      guard !overflow, span < PatternSyntax.maximumAlternatives else {
        throw error(at: column, "the range has more than \(PatternSyntax.maximumAlternatives) numbers")
      }
      let numbers = stride(from: first, through: last, by: first <= last ? 1 : -1)
      return .choices(numbers.map(String.init), written: inside)
    }

    /// A wildcard with a number added or taken away; `nil` where the text is something else.
    private func sum(_ text: String, _ column: Int) throws(PatternError) -> Piece? {
      guard let sign = text.firstIndex(where: { $0 == "+" || $0 == "-" }), sign != text.startIndex,
        text[text.index(after: sign)...].utf8.allSatisfy({ (48...57).contains($0) }),
        let amount = Int(text[sign...])
      else { return nil }
      let name = text[..<sign]
      if name == "n" { return .sum(capture: nil, amount) }
      guard let number = Int(name) else { return nil }
      if number < 1 { throw error(at: column, "wildcards are counted from 1") }
      return .sum(capture: number, amount)
    }

    private mutating func set() throws(PatternError) -> Piece {
      let column = position + 1
      let unclosed = "the [ is never closed; \\[ is the character"
      var inside = try inside("]", unclosed)[...]
      if inside.isEmpty { throw error(at: column, unclosed) }
      let isNegated = inside.first == "!"
      if isNegated { inside.removeFirst() }
      if inside.isEmpty { throw error(at: column, "the set is empty") }
      var ranges: [ClosedRange<UInt32>] = []
      while let first = inside.popFirst() {
        guard inside.count > 1, inside.first == "-" else {
          ranges.append(first.value...first.value)
          continue
        }
        let last = inside[inside.startIndex + 1]
        guard first.value <= last.value else { throw error(at: column + 1, "the range runs backwards") }
        ranges.append(first.value...last.value)
        inside.removeFirst(2)
      }
      return .set(ranges, isNegated: isNegated)
    }
  }

  // MARK: Printing

  /// The syntax as it is written.
  var text: String { pieces.map(spell).joined() }

  private func spell(_ piece: Piece) -> String {
    switch piece {
    case .literal(let scalar):
      isEscaped(scalar) ? "\\\(scalar)" : String(scalar)
    case .any: "*"
    case .digits: "#"
    case .one: "?"
    case .set(let ranges, let isNegated):
      "[\(isNegated ? "!" : "")\(ranges.map(Self.spell).joined())]"
    case .choices(_, let written): "{\(written)}"
    case .capture(let number): "{\(number)}"
    case .sum(let number, let amount):
      "{\(number.map(String.init) ?? "n")\(amount < 0 ? "" : "+")\(amount)}"
    case .whole: "{&}"
    }
  }

  private func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
    kind == .pattern
      ? "*#?[]{}\\".unicodeScalars.contains(scalar) : Self.patternOnly.contains(scalar)
  }

  private static func spell(_ range: ClosedRange<UInt32>) -> String {
    let ends = [range.lowerBound, range.upperBound].compactMap(Unicode.Scalar.init).map { String($0) }
    return ends[0] == ends[1] ? ends[0] : "\(ends[0])-\(ends[1])"
  }

  // MARK: Reading backwards

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
    let sources = try PatternSyntax(pattern, as: .pattern).pieces
    for case .literal(let scalar) in sources where "*{}".unicodeScalars.contains(scalar) {
      throw PatternError(pattern, column: 1, "a name with \(scalar) cannot be made when read backwards")
    }
    let wildcards = sources.filter(\.isWildcard)
    var order: [Int] = []
    var fitting: [Piece] = []
    for piece in try PatternSyntax(template, as: .template).pieces {
      switch piece {
      case .choices: throw PatternError(template, column: 1, "several names cannot be read backwards")
      case .sum: throw PatternError(template, column: 1, "a sum cannot be read backwards")
      case .whole:
        fitting += sources
        order += wildcards.indices
      case .any, .capture:
        let index = if case .capture(let number) = piece { number - 1 } else { order.count }
        guard wildcards.indices.contains(index) else {
          throw PatternError(
            template, column: 1, "it asks for wildcard \(index &+ 1), but the pattern has \(wildcards.count)")
        }
        fitting.append(wildcards[index])
        order.append(index)
      default: fitting.append(piece)
      }
    }
    guard order.sorted() == Array(wildcards.indices) else {
      throw PatternError(
        template, column: 1, "read backwards each wildcard of \"\(pattern)\" must stand in it exactly once")
    }
    var next = 0
    let back = sources.map { piece in
      guard piece.isWildcard else { return piece }
      defer { next += 1 }
      return .capture((order.firstIndex(of: next) ?? 0) + 1)
    }
    return (PatternSyntax(.pattern, fitting).text, PatternSyntax(.template, back).text)
  }
}

extension String {
  init(_ scalars: some Sequence<Unicode.Scalar>) {
    self = scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
  }
}
