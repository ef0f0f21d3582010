/// Guesses what a mistyped word was meant to be.
public enum Spelling {
  /// The word that takes the fewest edits, where those are few.
  ///
  /// Nobody mistypes a word of hundreds of letters, and of many candidates only as many are looked at as take no time: both
  /// may come from a hostile file.
  ///
  /// - Complexity: O(*n*) in the length of `word`, times the length of those candidates that are about as long.
  public static func nearest(to word: String, among candidates: [String]) -> String? {
    guard word.utf8.count <= longest else { return nil }
    let word = Array(word)
    let few = max(2, word.count / 3)
    var work = 0
    var best: (candidate: String, distance: Int)?
    for candidate in candidates where work < mostWork {
      // A letter has a byte or more.
      if candidate.utf8.count > longest || candidate.utf8.count < word.count - few { continue }
      let other = Array(candidate)
      if abs(word.count - other.count) > few { continue }
      work += word.count * other.count
      let distance = distance(word, other)
      if distance <= few, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
  }

  private static let longest = 400
  /// How many pairs of letters are compared.
  private static let mostWork = 20_000_000

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
