internal import SutureText

/// One alternative of a pattern, which is matched without backtracking.
struct Glob {
  enum Piece: Equatable {
    case character(Unicode.Scalar)
    case any
    case digits
    case one
    case set(ranges: [ClosedRange<UInt32>], isNegated: Bool)
    /// A choice that has been made; its text is captured like a wildcard's.
    case chosen([Unicode.Scalar])

    var isCharacter: Bool { if case .character = self { true } else { false } }
  }

  /// The characters with which a name begins and ends, and what stands between them.
  private let head: String
  private let tail: String
  private let middle: [Piece]

  private init(_ pieces: [Piece]) {
    func text(_ pieces: some Sequence<Piece>) -> String {
      var text = ""
      for case .character(let scalar) in pieces { text.unicodeScalars.append(scalar) }
      return text
    }
    let head = pieces.prefix { $0.isCharacter }
    let tail = pieces.dropFirst(head.count).reversed().prefix { $0.isCharacter }.reversed()
    (self.head, self.tail) = (text(head), text(tail))
    middle = Array(pieces.dropFirst(head.count).dropLast(tail.count))
  }

  /// Every alternative that the braces of a pattern give, as a sequence of pieces; the first braces vary slowest, as in
  /// a template.
  static func alternatives(_ syntax: PatternSyntax) -> [Glob] {
    let alternatives: [[Piece]] = syntax.pieces.reduce([[]]) { alternatives, piece in
      let pieces: [Piece] =
        switch piece {
        case .literal(let scalar): [.character(scalar)]
        case .digits: [.digits]
        case .one: [.one]
        case .set(let ranges, let isNegated): [.set(ranges: ranges, isNegated: isNegated)]
        case .choices(let choices, _): choices.map { .chosen(Array($0.unicodeScalars)) }
        case .any, .capture, .sum, .whole: [.any]
        }
      return alternatives.flatMap { start in pieces.map { start + [$0] } }
    }
    return alternatives.map { Glob($0) }
  }

  /// Whether the whole name fits.
  func fits(_ name: String) -> Bool {
    guard let rest = rest(of: name) else { return false }
    return switch middle {
    case []: rest.isEmpty
    case [.any]: true
    default: Self.table(middle, Array(rest.unicodeScalars)) != nil
    }
  }

  /// What each wildcard stands for, the first taking as much as it can; `nil` where the whole name does not fit.
  ///
  /// - Complexity: O(*p* · *n*) for *p* pieces and *n* characters.
  func captures(_ name: String) -> [String]? {
    guard let rest = rest(of: name) else { return nil }
    if middle.isEmpty { return rest.isEmpty ? [] : nil }
    if middle == [.any] { return [String(rest)] }
    let scalars = Array(rest.unicodeScalars)
    return Self.table(middle, scalars).map { Self.walk(middle, scalars, $0) }
  }

  /// A name without its head and its tail; `nil` where it has others.
  private func rest(of name: String) -> Substring? {
    // By bytes, which are the same where the characters are; most names of a file end here.
    let (bytes, head, tail) = (name.utf8, head.utf8, tail.utf8)
    guard bytes.count >= head.count + tail.count, bytes.starts(with: head),
      tail.isEmpty || bytes.suffix(tail.count).elementsEqual(tail)
    else { return nil }
    return Substring(bytes.dropFirst(head.count).dropLast(tail.count))
  }

  /// Which rests fit: at p · (n + 1) + m, whether the pieces from p on fit the name from m on; `nil` where it does not fit.
  private static func table(_ pieces: [Piece], _ name: [Unicode.Scalar]) -> [Bool]? {
    let width = name.count + 1
    var fits = [Bool](repeating: false, count: (pieces.count + 1) * width)
    fits[pieces.count * width + name.count] = true
    for index in pieces.indices.reversed() {
      for start in stride(from: name.count, through: 0, by: -1) {
        fits[index * width + start] = fit(pieces[index], name, start, index, width, fits)
      }
    }
    return fits[0] ? fits : nil
  }

  /// How many characters from `start` on a piece that is no run takes; `nil` where it does not fit there.
  private static func length(_ piece: Piece, _ name: [Unicode.Scalar], _ start: Int) -> Int? {
    switch piece {
    case .character(let scalar): start < name.count && name[start] == scalar ? 1 : nil
    case .one: start < name.count ? 1 : nil
    case .set(let ranges, let isNegated):
      start < name.count && ranges.contains { $0.contains(name[start].value) } != isNegated ? 1 : nil
    case .chosen(let text): name[start...].starts(with: text) ? text.count : nil
    case .any, .digits: nil
    }
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func fit(
    _ piece: Piece, _ name: [Unicode.Scalar], _ start: Int, _ index: Int, _ width: Int, _ fits: [Bool]
  ) -> Bool {
    let next = (index + 1) * width
    switch piece {
    case .any: return fits[next + start] || (start < name.count && fits[index * width + start + 1])
    case .digits:
      guard start < name.count, isDigit(name[start]) else { return false }
      return fits[next + start + 1] || fits[index * width + start + 1]
    default: return length(piece, name, start).map { fits[next + start + $0] } ?? false
    }
  }

  private static func walk(_ pieces: [Piece], _ name: [Unicode.Scalar], _ fits: [Bool]) -> [String] {
    let width = name.count + 1
    var captures: [String] = []
    var start = 0
    for (index, piece) in pieces.enumerated() {
      var end = start
      switch piece {
      case .any:
        end = name.count
        while !fits[(index + 1) * width + end] { end -= 1 }
      case .digits:
        while end < name.count, isDigit(name[end]) { end += 1 }
        while !fits[(index + 1) * width + end] { end -= 1 }
      default: end += length(piece, name, start) ?? 0
      }
      if !piece.isCharacter { captures.append(String(name[start..<end])) }
      start = end
    }
    return captures
  }
}
