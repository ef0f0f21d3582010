internal import SutureText

/// Texts of the command as Markdown has them.
enum Markdown {
  /// A text whose signs stand for themselves; options and what is in single quotes are code.
  static func escaped(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false).map { word($0) }.joined(separator: " ")
  }

  private static func word(_ word: Substring) -> String {
    let end = word.reversed().prefix { ".,:;()".contains($0) }.count
    let (inside, rest) = (word.dropLast(end), word.suffix(end))
    if inside.hasPrefix("--"), inside.count > 2 { return code(String(inside)) + rest }
    if inside.count > 2, inside.first == "'", inside.last == "'" {
      return code(String(inside.dropFirst().dropLast())) + rest
    }
    return word.reduce(into: "") { result, character in
      if "\\`*_[]<>|".contains(character) { result.append("\\") }
      result.append(character)
    }
  }

  static func code(_ text: String) -> String { "`\(text.replacing("|", with: "\\|"))`" }

  /// A table; its cells are Markdown already.
  static func table(_ head: [String], _ rows: [[String]]) -> String {
    let line = { (cells: [String]) in "| \(cells.joined(separator: " | ")) |\n" }
    return line(head) + line(head.map { _ in "---" }) + rows.map(line).joined()
  }

  /// What help says under its options: lines that begin with spaces are code, the others are text.
  static func prose(_ help: String) -> String {
    var blocks: [(isCode: Bool, lines: [String])] = []
    for line in help.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      let isCode = line.hasPrefix("  ")
      if line.isEmpty {
        blocks.append((false, []))
      } else if let last = blocks.last, last.isCode == isCode, !last.lines.isEmpty {
        blocks[blocks.count - 1].lines.append(line)
      } else {
        blocks.append((isCode, [line]))
      }
    }
    let texts = blocks.filter { !$0.lines.isEmpty }.map { block in
      block.isCode
        ? block.lines.map { "  " + $0 }.joined(separator: "\n")
        : block.lines.map(escaped).joined(separator: "\n")
    }
    return texts.joined(separator: "\n\n") + "\n"
  }
}
