internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Gives position tables and kernels another size, as `torch.nn.functional.interpolate` does with `align_corners=False`.
///
/// A tensor of four axes is resampled over its last two: the kernels of a patch embedding, [out, in, h, w], or a table
/// [1, C, h, w]; a table [1, h, w, C] over the middle ones. In [1, N, C] and [N, C] each row is a place of a grid, in the order of
/// reading, behind the rows of tokens that have no place: a class token, registers.
public struct Interpolate: Step {
  let patterns: [String]
  let options: Options

  public struct Options: Sendable, Equatable {
    /// [h, w] as it is to be.
    public var size: [Int]
    /// [h, w] of the table's grid; square where it is unsaid.
    public var oldSize: [Int]?
    /// How many rows of a table come before the grid; where unsaid, 1 where only that leaves a square.
    public var prefix: Int?
    public var mode = Resampling.Mode.bicubic
    /// Whether more than the nearest few are weighed where it becomes smaller.
    public var antialias = false
    /// Whether the channels of a tensor of four axes come last; where unsaid, where its shape looks like it.
    public var isChannelsLast: Bool?

    public init(_ size: [Int]) { self.size = size }
  }

  public init(_ patterns: String..., to size: [Int]) { self.init(patterns, Options(size)) }
  public init(_ patterns: [String], _ options: Options) {
    (self.patterns, self.options) = (patterns, options)
  }

  public static let schema = StepSchema(
    "interpolate", .tensors, "Resample position tables and patch kernels: 'pos_embed=32,32'.",
    operand: .operand(.patterns, "PATTERN"),
    fields: [
      .required("to", .integers, "H,W", after: "="), .optional("prefix", .integer, "N", after: "@"),
      .optional("from", .integers, "H,W"),
      .optional("mode", .choice(Resampling.Mode.allCases.map(\.rawValue)), "MODE"),
      .optional(antialiasKey, .flag, ""),
      .optional("channels", .choice(Channels.allCases.map(\.rawValue)), "WHERE"),
    ],
    variants: [.init("interpolate-antialias", "The same, with antialias=True.", flags: [antialiasKey])],
    example: #"{interpolate: "pos_embed", to: [24, 24], prefix: 1}"#,
    on: "pos_embed [1,197,64]")

  private static let antialiasKey = "antialias"
  private enum Channels: String, CaseIterable { case first, last }

  public init(_ record: StepRecord) throws {
    func size(_ value: RecordValue) throws -> [Int] {
      let sides = try value.integers()
      guard sides.count == 2, sides.allSatisfy(Self.sides.contains) else { throw value.error(Self.limits) }
      return sides
    }
    var options = Options(try size(try record.require("to")))
    options.oldSize = try record["from"].map(size)
    options.prefix = try record["prefix"].map { value in
      let count = try value.integer()
      if count < 0 { throw value.error("a count is not negative") }
      return count
    }
    options.mode = try record["mode"]?.choice(Resampling.Mode.self) ?? .bicubic
    options.antialias = try record[Self.antialiasKey]?.bool() ?? false
    if options.antialias, !options.mode.hasAntialias {
      throw (record["mode"] ?? record.operand).error("antialias goes with bicubic and bilinear, as in torch")
    }
    options.isChannelsLast = try record["channels"].map { try $0.choice(Channels.self) == .last }
    self.init(try record.operand.strings(), options)
  }

  private static let sides = 1...(1 << 16)
  private static let limits = "needs a height and a width, of 1 to \(sides.upperBound)"

  public var record: StepRecord {
    var fields: [(key: String, value: JSONValue)] = [("to", .integers(options.size))]
    if let prefix = options.prefix { fields.append(("prefix", .integer(prefix))) }
    if let size = options.oldSize { fields.append(("from", .integers(size))) }
    if options.mode != .bicubic { fields.append(("mode", .string(options.mode.rawValue))) }
    if options.antialias { fields.append((Self.antialiasKey, .bool(true))) }
    if let isLast = options.isChannelsLast {
      fields.append(("channels", .string((isLast ? Channels.last : .first).rawValue)))
    }
    return StepRecord("interpolate", .strings(patterns), fields)
  }

  public func summary(_: ResolvedFields) -> String {
    "interpolate \(quoted(patterns)) to \(options.size.map { "\($0)" }.joined(separator: "×")), \(options.mode.rawValue)"
      + (options.antialias ? " with antialias" : "")
  }

  /// How much may be read of views that repeat what they view.
  private static let mostExpanded = 1 << 32

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    for size in [options.size, options.oldSize].compactMap(\.self) {
      guard size.count == 2, size.allSatisfy(Self.sides.contains) else {
        throw SurgeryError(.badPattern, Self.limits)
      }
    }
    if options.antialias, !options.mode.hasAntialias {
      throw SurgeryError(.badPattern, "has no antialias for \(options.mode.rawValue)")
    }
    var notes: [String] = []
    var expanded = 0
    var outcome = try StepOutcome.transforming(patterns, &draft) { entry in
      try entry.requireNumbers()
      // What comes out may be small, however much is read for it.
      let tensor = entry.tensor
      if tensor.byteCount / 16 > tensor.byteExtent.count {
        expanded = expanded.adding(saturating: tensor.byteCount)
        if expanded > Self.mostExpanded {
          throw entry.doesNotFit(
            "it and others repeat what they view, in full more than \(Format.bytes(Self.mostExpanded)) to read"
          )
        }
      }
      let grid = try Grid(entry, options)
      if let note = grid.note { notes.append("\(entry.name): \(note)") }
      return try grid.resampled(entry.tensor, options)
    }
    outcome.notes += notes
    return outcome
  }
}

/// How the grid lies in a tensor.
private struct Grid {
  /// How many grids lie one behind the other.
  private var count = 1
  /// Rows before the grid.
  private var prefix = 0
  private let (height, width): (Int, Int)
  /// How many numbers each place has.
  private var channels = 1
  /// The axis that is the height, or for a table that of the rows.
  private let axis: Int
  private let isTable: Bool
  /// What was assumed.
  private(set) var note: String?

  init(_ entry: Draft.Entry, _ options: Interpolate.Options) throws {
    let shape = entry.tensor.shape
    isTable = shape.count == 2 || shape.count == 3
    if shape.count == 4 {
      let looksLast = shape[0] == 1 && shape[1] == shape[2] && shape[2] != shape[3]
      let isLast = options.isChannelsLast ?? looksLast
      if looksLast, options.isChannelsLast == nil {
        note = "taken for [1, h, w, C]; channels: first says otherwise"
      } else if options.isChannelsLast == nil, shape[0] == 1, shape[2] != shape[3] {
        note = "taken for [1, C, h, w]; channels: last says otherwise"
      }
      axis = isLast ? 1 : 2
      (height, width) = (shape[axis], shape[axis + 1])
      count = isLast ? shape[0] : shape[0].multipliedReportingOverflow(by: shape[1]).partialValue
      channels = isLast ? shape[3] : 1
      if let old = options.oldSize, old != [height, width] {
        throw entry.doesNotFit("its grid is \(height)×\(width), and not \(old[0])×\(old[1])")
      }
      if (options.prefix ?? 0) != 0 {
        throw entry.doesNotFit("a tensor of four axes has no tokens before its grid")
      }
    } else {
      guard isTable, shape.count == 2 || shape[0] == 1 else {
        throw entry.doesNotFit("it is no table [1, N, C] or [N, C], and no tensor of four axes")
      }
      axis = shape.count - 2
      channels = shape[axis + 1]
      let grid = try Self.grid(of: shape[axis], entry, options)
      (prefix, height, width) = (grid.prefix, grid.height, grid.width)
      if options.prefix == nil, options.oldSize == nil {
        note = "\(height)×\(width) places" + (prefix == 0 ? "" : " behind \(prefix) without one")
      }
    }
    if height < 1 || width < 1 { throw entry.doesNotFit("its grid is empty") }
  }

  private static func grid(of rows: Int, _ entry: Draft.Entry, _ options: Interpolate.Options) throws -> (
    prefix: Int, height: Int, width: Int
  ) {
    if let old = options.oldSize {
      let prefix = rows - old[0] * old[1]
      guard prefix >= 0, options.prefix ?? prefix == prefix else {
        throw entry.doesNotFit("\(rows) rows are not \(options.prefix ?? 0) and \(old[0])×\(old[1])")
      }
      return (prefix, old[0], old[1])
    }
    for prefix in options.prefix.map({ [$0] }) ?? [0, 1] where rows > prefix {
      let side = Int(Double(rows - prefix).squareRoot().rounded())
      if side * side == rows - prefix { return (prefix, side, side) }
    }
    throw entry.doesNotFit(
      "\(rows) rows are no square grid\(options.prefix.map { " behind \($0)" } ?? ", with one row before it or none")",
      remedies: ["prefix says how many rows come before the grid, from its height and width"])
  }

  func resampled(_ tensor: Tensor, _ options: Interpolate.Options) throws -> Tensor {
    let (newHeight, newWidth) = (options.size[0], options.size[1])
    if [newHeight, newWidth] == [height, width] { return tensor }
    var shape = tensor.shape
    if isTable {
      // Each side is 65,536 at most.
      shape[axis] = prefix + newHeight * newWidth
    } else {
      (shape[axis], shape[axis + 1]) = (newHeight, newWidth)
    }
    let isDouble = tensor.dtype == .float64
    let resampling = Resampling(mode: options.mode, antialias: options.antialias, isDouble: isDouble)
    let (rows, columns) = (
      resampling.taps(from: height, to: newHeight), resampling.taps(from: width, to: newWidth)
    )
    let lines = Lines(
      reader: try ElementReader(tensor), prefix: prefix, old: (height, width), new: (newHeight, newWidth),
      channels: channels, rows: rows, columns: columns)
    let rowLength = isTable || channels > 1 ? channels : newWidth
    return try Tensor(
      dtype: tensor.dtype, shape: shape, rowLength: rowLength, label: tensor.storage.label,
      from: [lines.reader.storage]
    ) { units, reading in
      let run = rowLength / max(lines.channels, 1)
      return try lines.numbers((units.lowerBound * run)..<(units.upperBound * run), reading)
    }
  }
}

/// The lines of grids of another size, each made of lines of the old grid: first down, then along.
private struct Lines: Sendable {
  let reader: ElementReader
  let prefix: Int
  let old: (height: Int, width: Int)
  let new: (height: Int, width: Int)
  let channels: Int
  let rows: [Resampling.Taps]
  let columns: [Resampling.Taps]

  /// The numbers of some places, counted over the prefix and all grids.
  func numbers(_ places: Range<Int>, _ reading: NumberReading) throws -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(places.count * channels)
    var place = places.lowerBound
    if place < prefix {
      let end = min(prefix, places.upperBound)
      result += try reader.doubles((place * channels)..<(end * channels), reading)
      place = end
    }
    while place < places.upperBound {
      let (line, first) = (place - prefix).quotientAndRemainder(dividingBy: new.width)
      let count = min(new.width - first, places.upperBound - place)
      try append(
        line / new.height, rows[line % new.height], columns[first..<(first + count)], to: &result, reading)
      place += count
    }
    return result
  }

  /// Makes a stretch of one line of a grid.
  private func append(
    _ grid: Int, _ row: Resampling.Taps, _ columns: ArraySlice<Resampling.Taps>, to result: inout [Double],
    _ reading: NumberReading
  ) throws {
    // What of the old lines this stretch is made of.
    let indices = columns.flatMap(\.weighted).map(\.index)
    guard let low = indices.min(), let high = indices.max() else { return }
    let length = (high - low + 1) * channels
    var down = [Double](repeating: 0, count: length)
    for (y, weight) in row.weighted {
      let start = (prefix + (grid * old.height + y) * old.width + low) * channels
      let numbers = try reader.doubles(start..<(start + length), reading)
      for index in 0..<length { down[index] += weight * numbers[index] }
    }
    for column in columns {
      let start = result.count
      result.append(contentsOf: repeatElement(0, count: channels))
      for (x, weight) in column.weighted {
        let from = (x - low) * channels
        for channel in 0..<channels { result[start + channel] += weight * down[from + channel] }
      }
    }
  }
}
