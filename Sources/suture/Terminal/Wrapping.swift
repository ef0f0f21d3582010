internal import SutureText

/// Breaks lines between words, so that what a terminal shows begins where it should.
enum Wrapping {
  /// The lines that stand for `line` where no more than `width` columns fit.
  ///
  /// What is behind a label, as in `bounds     128 tensors`, goes on below itself. Left to the terminal are words that are longer
  /// than a line, and commands, which stand apart to be copied.
  static func lines(of line: String, width: Int) -> [String] {
    if line.utf8.count <= width || line.width <= width { return [line] }
    let indentation = line.prefix { $0 == " " }.count
    let rest = line.dropFirst(indentation)
    if indentation > 0, rest.hasPrefix("suture ") { return [line] }
    let hanging =
      column(behindLabelOf: rest).map { indentation + $0 } ?? indentation + (indentation > 0 ? 2 : 0)
    let margin = String(
      repeating: " ", count: hanging <= width / 2 ? hanging : min(indentation + 2, width / 4))
    var lines: [String] = []
    var current = String(repeating: " ", count: min(indentation, width / 2))
    var (length, isEmpty) = (current.count, true)
    for word in words(rest) {
      if !isEmpty, length + word.count > width, margin.count + word.width <= width {
        lines.append(trimmed(current))
        (current, length) = (margin, margin.count)
        current += word.text
        length += word.width
      } else {
        current += word.spaces + word.text
        length += word.count
      }
      isEmpty = false
    }
    return lines + [trimmed(current)]
  }

  /// A word, with the spaces before it.
  private struct Word {
    let spaces: String
    let text: String
    let width: Int
    var count: Int { spaces.count + width }
  }

  private static func words(_ text: Substring) -> [Word] {
    var words: [Word] = []
    var rest = text
    while !rest.isEmpty {
      let spaces = rest.prefix { $0 == " " }
      let word = rest.dropFirst(spaces.count).prefix { $0 != " " }
      words.append(Word(spaces: String(spaces), text: String(word), width: String(word).width))
      rest = rest.dropFirst(spaces.count + word.count)
    }
    return words
  }

  /// Where the text begins that two spaces or more set apart from what stands before it.
  private static func column(behindLabelOf text: Substring) -> Int? {
    guard let gap = text.firstRange(of: "  ") else { return nil }
    let label = String(text[..<gap.lowerBound]).width
    return label + text[gap.lowerBound...].prefix { $0 == " " }.count
  }

  private static func trimmed(_ line: String) -> String {
    var line = line
    while line.hasSuffix(" ") { line.removeLast() }
    return line
  }
}
