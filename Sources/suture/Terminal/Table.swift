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

  /// A line for each row, indented by two spaces.
  var lines: [String] {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = " "
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += " " + (alignments[column] == .left ? cell + padding : padding + cell) + " "
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }
}
