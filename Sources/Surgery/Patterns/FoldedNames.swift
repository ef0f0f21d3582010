internal import SutureText

/// Several names in one line: `stages.2.{0..8}.gamma`.
public struct FoldedNames: Sendable {
  /// Fits exactly the members, read as a ``Pattern``.
  public let pattern: String
  /// The names, in the order in which they came.
  public let members: [String]

  public var count: Int { members.count }

  /// Folds names that differ in one dotted component, again and again, from the last component to the first.
  ///
  /// Only whole rectangles of names are folded, so a fold stands for its members and nothing else.
  ///
  /// - Complexity: O(*n* · *c*) expected for *n* names of *c* components.
  public static func fold(_ names: [String]) -> [FoldedNames] {
    var folding = Folding(names)
    return folding.folded().map { components, members in
      FoldedNames(
        pattern: components.map(spell).joined(separator: "."), members: members.map { names[$0] })
    }
  }

  /// One component's choices: `gamma`, `{weight,bias}`, `{0..8}`.
  private static func spell(_ choices: [String]) -> String {
    if choices.count == 1 { return choices[0] }
    let numbers = choices.compactMap { Int($0) }
    guard numbers.count == choices.count, numbers.allSatisfy({ $0 >= 0 }),
      zip(numbers, choices).allSatisfy({ String($0) == $1 })
    else { return "{\(choices.joined(separator: ","))}" }
    let sorted = numbers.sorted()
    if let first = sorted.first, let last = sorted.last, last - first == sorted.count - 1 {
      return "{\(first)..\(last)}"
    }
    return "{\(sorted.map(String.init).joined(separator: ","))}"
  }
}

extension FoldedNames {
  /// Patterns of braces alone that stand for exactly these names.
  static func patterns(for names: [String]) -> [String] {
    fold(names).map { fold in
      fold.count > 1
        ? fold.pattern : PatternSyntax(.pattern, fold.pattern.unicodeScalars.map { .literal($0) }).text
    }
  }

  /// The names that such patterns stand for.
  static func names(of patterns: [String]) -> [String] {
    patterns.flatMap { pattern -> [String] in
      guard let syntax = try? PatternSyntax(pattern, as: .pattern) else { return pattern.isEmpty ? [""] : [] }
      return syntax.pieces.reduce([""]) { names, piece in
        let texts: [String] =
          switch piece {
          case .literal(let scalar): [String(scalar)]
          case .choices(let choices, _): choices
          default: []
          }
        return names.flatMap { name in texts.map { name + $0 } }
      }
    }
  }
}
