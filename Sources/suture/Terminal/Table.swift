internal import SutureBytes
internal import SutureText

/// Columns of text, as wide as their widest cell.
struct Table {
  enum Alignment { case left, right }

  /// Where a cell's text ends among all, and how many columns it takes.
  private struct Cell {
    let end: Int
    let width: Int
  }

  private let titles: [String]
  private let alignments: [Alignment]
  /// The texts of all cells, one after another, those of the titles first.
  private var text: [UInt8] = []
  /// Row after row.
  private var cells: [Cell] = []
  private var widths: [Int]
  private let dispensable: [String]

  /// - Parameter dispensable: the titles of columns that go first where there is no room for all, in that order.
  init(_ columns: [(title: String, alignment: Alignment)], dispensable: [String] = []) {
    (titles, alignments) = (columns.map(\.title), columns.map(\.alignment))
    (self.dispensable, widths) = (dispensable, columns.map { _ in 0 })
    for title in titles { put(title, width: title.width) }
  }

  private var rowCount: Int { cells.count / alignments.count }

  var isEmpty: Bool { rowCount == 1 }

  /// Makes room for so many rows.
  mutating func reserve(rows: Int) {
    cells.reserveCapacity(cells.count + rows * alignments.count)
    text.reserveCapacity(text.count + rows * alignments.count * 16)
  }

  /// Adds a row, of which nothing may move the others.
  mutating func add(_ cells: [String]) { for cell in cells { add(cell: cell) } }

  /// Adds the next cell of a row.
  mutating func add(cell: String) {
    if cell.isPrintableASCII { return put(cell, width: cell.utf8.count) }
    let visible = cell.visible
    put(visible, width: visible.width)
  }

  private mutating func put(_ cell: String, width: Int) {
    let column = cells.count % alignments.count
    text.append(text: cell)
    cells.append(Cell(end: text.count, width: width))
    widths[column] = max(widths[column], width)
  }

  private func bytes(of cell: Int) -> Range<Int> { (cell == 0 ? 0 : cells[cell - 1].end)..<cells[cell].end }

  private func text(of cell: Int) -> String { String(decoding: text[bytes(of: cell)], as: UTF8.self) }

  /// Gives out the lines as they are where no terminal bounds them, many at a time.
  func forEachPiece(_ body: ([UInt8]) throws -> Void) rethrows {
    var piece: [UInt8] = []
    piece.reserveCapacity(Self.pieceSize * 2)
    for row in 0..<rowCount {
      appendLine(row, to: &piece)
      if piece.count < Self.pieceSize { continue }
      try body(piece)
      piece.removeAll(keepingCapacity: true)
    }
    if !piece.isEmpty { try body(piece) }
  }

  private static let pieceSize = 1 << 16

  private func appendLine(_ row: Int, to lines: inout [UInt8]) {
    func space(_ count: Int) { lines.append(contentsOf: repeatElement(UInt8(ascii: " "), count: count)) }
    let start = lines.count
    space(1)
    for column in alignments.indices {
      let cell = row * alignments.count + column
      let padding = max(widths[column] - cells[cell].width, 0)
      space(alignments[column] == .left ? 1 : 1 + padding)
      lines.append(contentsOf: text[bytes(of: cell)])
      space(alignments[column] == .left ? padding + 1 : 1)
    }
    while lines.count > start, lines[lines.count - 1] == UInt8(ascii: " ") { lines.removeLast() }
    lines.append(UInt8(ascii: "\n"))
  }

  /// A line for each row, indented by two spaces; on a terminal no longer than that is wide.
  var lines: [String] {
    lines(within: StandardStream.output.isTerminal ? StandardStream.output.columns : nil)
  }

  /// A line for each row, indented by two spaces, of no more than `width` columns of the terminal where there is one.
  ///
  /// What is too long for that loses the middle of its widest texts, whose ends tell most, but not so much that a row could be
  /// taken for another: before that whole columns go, the dispensable ones first, then those to the right. The first stays, and
  /// what has no title. Numbers stay whole.
  func lines(within width: Int?) -> [String] {
    var widths = widths
    var columns = Array(alignments.indices)
    var left: [String] = []
    if let width {
      /// How much wider all would be, were texts cut to `least` columns; two blanks stand before each.
      func excess(_ least: Int) -> Int {
        columns.reduce(-width) { $0 + 2 + (alignments[$1] == .left ? min(widths[$1], least) : widths[$1]) }
      }
      func leave(_ column: Int) {
        columns.removeAll { $0 == column }
        left.append(titles[column])
      }
      for title in dispensable where excess(Self.goodWidth) > 0 {
        columns.first { titles[$0] == title }.map(leave)
      }
      while excess(Self.leastWidth) > 0, let last = columns.dropFirst().last(where: { !titles[$0].isEmpty }) {
        leave(last)
      }
      var beyond: Int { columns.reduce(-width) { $0 + 2 + widths[$1] } }
      while beyond > 0 {
        let texts = columns.filter { alignments[$0] == .left && widths[$0] > Self.leastWidth }
        guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { break }
        let second = texts.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
        widths[widest] = max(
          widths[widest] - beyond, min(second, widths[widest] - 1), Self.leastWidth)
      }
      // A terminal in which not even that fits.
      if beyond > 0 { widths[columns[0]] = max(widths[columns[0]] - beyond, 1) }
    }
    let lines = lines(of: columns, widths, width)
    return left.isEmpty ? lines : lines + ["  a wider terminal shows \(left.joined(separator: ", ")) too"]
  }

  private func lines(of columns: [Int], _ widths: [Int], _ width: Int?) -> [String] {
    (0..<rowCount).map { row in
      var line = " "
      for column in columns {
        let cell = row * alignments.count + column
        let width = cells[cell].width
        let whole = text(of: cell)
        let text = width <= widths[column] ? whole : Self.clipped(whole, to: widths[column])
        let padding = String(repeating: " ", count: max(widths[column] - min(width, text.width), 0))
        line += " "
        line += alignments[column] == .left ? text : padding
        line += alignments[column] == .left ? padding : text
        line += " "
      }
      if let last = line.utf8.lastIndex(where: { $0 != UInt8(ascii: " ") }) {
        line.removeSubrange(line.utf8.index(after: last)...)
      }
      if let width, line.width > width { line = line.prefix(columns: width - 1) + "…" }
      return line
    }
  }

  /// What a text keeps of itself before a dispensable column goes, and before any other does.
  private static let (goodWidth, leastWidth) = (24, 16)

  private static func clipped(_ text: String, to width: Int) -> String {
    text.prefix(columns: (width - 1) / 2) + "…" + text.suffix(columns: width - 1 - (width - 1) / 2)
  }
}
