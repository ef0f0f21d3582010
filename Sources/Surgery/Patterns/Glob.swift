/// Globs: how they are read, and how they are matched without backtracking.
enum Glob {
  enum Piece: Equatable {
    case character(Unicode.Scalar)
    case any
    case digits
    case one
    case set(ranges: [ClosedRange<UInt32>], isNegated: Bool)
    /// A choice that has been made; its text is captured like a wildcard's.
    case chosen([Unicode.Scalar])
  }

  struct Fault: Error {
    let column: Int
    let reason: String
  }

  /// More choices than this are a mistake.
  private static let maximumAlternatives = 10_000

  /// Every alternative that the braces give, as a sequence of pieces.
  static func parse(_ text: String) throws(Fault) -> [[Piece]] {
    if text.isEmpty { throw Fault(column: 1, reason: "it is empty and fits nothing; * fits everything") }
    let scalars = Array(text.unicodeScalars)
    var alternatives: [[Piece]] = [[]]
    var position = 0
    while position < scalars.count {
      let scalar = scalars[position]
      var pieces: [Piece]
      switch scalar {
      case "*": pieces = [.any]
      case "#": pieces = [.digits]
      case "?": pieces = [.one]
      case "\\":
        guard position + 1 < scalars.count else {
          throw Fault(column: position + 1, reason: "nothing follows the \\")
        }
        position += 1
        pieces = [.character(scalars[position])]
      case "[": pieces = [try set(scalars, &position)]
      case "{": pieces = try choices(scalars, &position).map { .chosen(Array($0.unicodeScalars)) }
      case "}", "]":
        throw Fault(column: position + 1, reason: "\(scalar) closes nothing; \\\(scalar) is the character")
      default: pieces = [.character(scalar)]
      }
      position += 1
      if alternatives.count * pieces.count > maximumAlternatives {
        throw Fault(column: position, reason: "the braces give more than \(maximumAlternatives) choices")
      }
      alternatives = pieces.flatMap { piece in alternatives.map { $0 + [piece] } }
    }
    return alternatives
  }

  /// What stands between braces, such as `a,b` or `0..3`.
  ///
  /// `position` is at the opening brace, and then at the closing one.
  static func choices(_ scalars: [Unicode.Scalar], _ position: inout Int) throws(Fault) -> [String] {
    let start = position
    guard let end = scalars[start...].firstIndex(of: "}") else {
      throw Fault(column: start + 1, reason: "the { is never closed")
    }
    position = end
    let inside = scalars[(start + 1)..<end].reduce(into: "") { $0.unicodeScalars.append($1) }
    if inside.contains("{") { throw Fault(column: start + 1, reason: "braces do not nest") }
    if let range = inside.firstRange(of: "..") {
      guard let first = Int(inside[..<range.lowerBound]), let last = Int(inside[range.upperBound...]) else {
        throw Fault(column: start + 1, reason: "a range is two whole numbers, such as {0..3}")
      }
      let (span, overflow) = max(first, last).subtractingReportingOverflow(min(first, last))
      guard !overflow, span < maximumAlternatives else {
        throw Fault(column: start + 1, reason: "the range has more than \(maximumAlternatives) numbers")
      }
      return stride(from: first, through: last, by: first <= last ? 1 : -1).map(String.init)
    }
    let parts = inside.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1 else {
      throw Fault(column: start + 1, reason: "braces hold choices, such as {a,b} or {0..3}")
    }
    return parts
  }

  private static func set(_ scalars: [Unicode.Scalar], _ position: inout Int) throws(Fault) -> Piece {
    let start = position
    guard let end = scalars[(start + 1)...].firstIndex(of: "]"), end > start + 1 else {
      throw Fault(column: start + 1, reason: "the [ is never closed; \\[ is the character")
    }
    position = end
    var inside = Array(scalars[(start + 1)..<end])
    let isNegated = inside.first == "!"
    if isNegated { inside.removeFirst() }
    if inside.isEmpty { throw Fault(column: start + 1, reason: "the set is empty") }
    var ranges: [ClosedRange<UInt32>] = []
    var index = 0
    while index < inside.count {
      if index + 2 < inside.count, inside[index + 1] == "-" {
        guard inside[index].value <= inside[index + 2].value else {
          throw Fault(column: start + 2 + index, reason: "the range runs backwards")
        }
        ranges.append(inside[index].value...inside[index + 2].value)
        index += 3
      } else {
        ranges.append(inside[index].value...inside[index].value)
        index += 1
      }
    }
    return .set(ranges: ranges, isNegated: isNegated)
  }

  /// What each wildcard stands for, the first taking as much as it can; `nil` where the whole name does not fit.
  ///
  /// - Complexity: O(*p* · *n*) for *p* pieces and *n* characters: which rests fit is tabled from the end.
  static func captures(_ pieces: [Piece], _ name: [Unicode.Scalar]) -> [String]? {
    let width = name.count + 1
    // fits[p * width + n]: pieces from p on fit the name from n on.
    var fits = [Bool](repeating: false, count: (pieces.count + 1) * width)
    fits[pieces.count * width + name.count] = true
    for index in pieces.indices.reversed() {
      for start in stride(from: name.count, through: 0, by: -1) {
        fits[index * width + start] = fit(pieces[index], name, start, index, width, fits)
      }
    }
    guard fits[0] else { return nil }
    return walk(pieces, name, fits, width)
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

  private static func walk(_ pieces: [Piece], _ name: [Unicode.Scalar], _ fits: [Bool], _ width: Int)
    -> [String]
  {
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
      if case .character = piece {
      } else {
        captures.append(name[start..<end].reduce(into: "") { $0.unicodeScalars.append($1) })
      }
      start = end
    }
    return captures
  }
}
