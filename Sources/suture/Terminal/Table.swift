internal import SutureBytes
internal import SutureText

/// Columns of text, as wide as their widest cell.
struct Table {
  enum Alignment { case left, right }

  private let alignments: [Alignment]
  private var rows: [[String]]

  init(_ columns: [(title: String, alignment: Alignment)]) {
    alignments = columns.map(\.alignment)
    rows = [columns.map(\.title)]
  }

  var isEmpty: Bool { rows.count == 1 }

  /// Adds a row, of which nothing may move the others.
  mutating func add(_ cells: [String]) { rows.append(cells.map(\.visible)) }

  /// A line for each row, indented by two spaces; on a terminal no longer than that is wide.
  var lines: [String] {
    lines(within: StandardStream.output.isTerminal ? StandardStream.output.columns : nil)
  }

  /// A line for each row, indented by two spaces, of no more than `width` characters where there is one.
  ///
  /// What is too long for that loses the middle of its widest texts, whose ends tell most; numbers stay whole as long as it
  /// can be helped.
  func lines(within width: Int?) -> [String] {
    var widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    if let width {
      // Two characters before each column.
      let room = max(width - 2 * widths.count, 0)
      while widths.reduce(0, +) > room {
        let texts = widths.indices.filter { alignments[$0] == .left && widths[$0] > Self.leastWidth }
        guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { break }
        let second = texts.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
        let excess = widths.reduce(0, +) - room
        widths[widest] = max(widths[widest] - excess, min(second, widths[widest] - 1), Self.leastWidth)
      }
    }
    return rows.map { row in
      var line = " "
      for (column, cell) in row.enumerated() {
        let cell = Self.clipped(cell, to: widths[column])
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += " " + (alignments[column] == .left ? cell + padding : padding + cell) + " "
      }
      while line.hasSuffix(" ") { line.removeLast() }
      if let width, line.count > width { line = line.prefix(max(width - 1, 0)) + "…" }
      return line
    }
  }

  private static let leastWidth = 8

  private static func clipped(_ text: String, to width: Int) -> String {
    if text.count <= width { return text }
    return text.prefix((width - 1) / 2) + "…" + text.suffix(width - 1 - (width - 1) / 2)
  }
}
