/// Guesses what a mistyped word was meant to be.
public enum Spelling {
  /// The word that takes the fewest edits, where those are few.
  ///
  /// - Complexity: O(*n*) in the length of `word`, times the length of those candidates that are about as long.
  public static func nearest(to word: String, among candidates: [String]) -> String? {
    let word = Array(word)
    let few = max(2, word.count / 3)
    let scored = candidates.compactMap { candidate -> (candidate: String, distance: Int)? in
      let other = Array(candidate)
      // The lengths alone differ by more: a word from a hostile file may be long.
      if abs(word.count - other.count) > few { return nil }
      return (candidate, distance(word, other))
    }
    guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= few ? best.candidate : nil
  }

  /// Levenshtein's distance.
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let cost = a[i] == b[j] ? diagonal : 1 + min(diagonal, row[j], row[j + 1])
        (diagonal, row[j + 1]) = (row[j + 1], cost)
      }
    }
    return row[b.count]
  }
}
