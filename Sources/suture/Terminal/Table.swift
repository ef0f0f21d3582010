internal import SutureBytes
internal import SutureText

/// Columns of text, as wide as their widest cell.
struct Table {
  enum Alignment { case left, right }

  private struct Cell {
    let text: String
    let width: Int

    init(_ text: String) { (self.text, width) = (text, text.width) }
  }

  private let alignments: [Alignment]
  private var rows: [[Cell]]
  private let dispensable: [String]

  /// - Parameter dispensable: the titles of columns that go first where there is no room for all, in that order.
  init(_ columns: [(title: String, alignment: Alignment)], dispensable: [String] = []) {
    alignments = columns.map(\.alignment)
    rows = [columns.map { Cell($0.title) }]
    self.dispensable = dispensable
  }

  var isEmpty: Bool { rows.count == 1 }

  /// Adds a row, of which nothing may move the others.
  mutating func add(_ cells: [String]) { rows.append(cells.map { Cell($0.visible) }) }

  /// A line for each row, indented by two spaces; on a terminal no longer than that is wide.
  var lines: [String] {
    lines(within: StandardStream.output.isTerminal ? StandardStream.output.columns : nil)
  }

  /// A line for each row, indented by two spaces, of no more than `width` characters where there is one.
  ///
  /// What is too long for that loses the middle of its widest texts, whose ends tell most; numbers stay whole as long as it
  /// can be helped.
  func lines(within width: Int?) -> [String] {
    var widths = alignments.indices.map { column in rows.reduce(0) { max($0, $1[column].width) } }
    var columns = Array(alignments.indices)
    var left: [String] = []
    if let width {
      // Two characters before each column.
      func excess() -> Int { columns.reduce(0) { $0 + widths[$1] + 2 } - width }
      for title in dispensable where excess() > 0 {
        columns.removeAll { rows[0][$0].text == title }
        left.append(title)
      }
      while excess() > 0 {
        let texts = columns.filter { alignments[$0] == .left && widths[$0] > Self.leastWidth }
        guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { break }
        let second = texts.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
        widths[widest] = max(widths[widest] - excess(), min(second, widths[widest] - 1), Self.leastWidth)
      }
    }
    let lines = lines(of: columns, widths, width)
    return left.isEmpty ? lines : lines + ["  a wider terminal shows \(left.joined(separator: ", ")) too"]
  }

  private func lines(of columns: [Int], _ widths: [Int], _ width: Int?) -> [String] {
    rows.map { row in
      var line = " "
      for column in columns {
        let cell = row[column]
        let text = cell.width <= widths[column] ? cell.text : Self.clipped(cell.text, to: widths[column])
        let padding = String(repeating: " ", count: max(widths[column] - cell.width, 0))
        line += " "
        line += alignments[column] == .left ? text : padding
        line += alignments[column] == .left ? padding : text
        line += " "
      }
      if let last = line.utf8.lastIndex(where: { $0 != UInt8(ascii: " ") }) {
        line.removeSubrange(line.utf8.index(after: last)...)
      }
      if let width, line.count > width { line = line.prefix(max(width - 1, 0)) + "…" }
      return line
    }
  }

  private static let leastWidth = 8

  private static func clipped(_ text: String, to width: Int) -> String {
    text.prefix((width - 1) / 2) + "…" + text.suffix(width - 1 - (width - 1) / 2)
  }
}
