internal import SutureText

/// Words as a shell takes them.
enum Shell {
  static func words(_ words: [String]) -> String { words.map(word).joined(separator: " ") }

  /// In quotes unless every character means nothing to a shell; what a terminal would act on is made visible.
  private static func word(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || Array("-_./=".utf8).contains($0)
    }
    if isPlain, !word.isEmpty { return word }
    let parts = Format.name(word).split(separator: "'", omittingEmptySubsequences: false)
    return "'\(parts.joined(separator: "'\\''"))'"
  }
}
