internal import SutureNumbers

/// What `print(tensor)` shows in PyTorch, with its usual options: four digits, edges of three from 1,000 elements on, lines of
/// 80 characters.
///
/// Source: what `torch.Tensor.__repr__` gives, of torch 2.13. It reads the elements that are shown, and no others.
struct TensorText {
  private static let threshold = 1000
  private static let edge = 3
  private static let lineLength = 80
  private static let mostShown = 1_000_000
  private static let start = "tensor("

  private let tensor: Tensor
  private let isSummarized: Bool
  /// The shown elements in row-major order.
  private var cells: [String] = []
  /// How many characters torch reckons for each: texts of what is not finite may be longer.
  private var width = 0

  init(_ tensor: Tensor) throws {
    try tensor.requirePlain()
    guard let codec = tensor.dtype.codec else { throw TensorError.noElements(tensor.dtype.rawValue) }
    self.tensor = tensor
    isSummarized = tensor.elementCount > Self.threshold
    let bytes = try shownBytes()
    (cells, width) = Self.texts(bytes, codec)
  }

  var text: String {
    let indent = Self.start.count
    var place = 0
    let body = tensor.elementCount == 0 ? "[]" : lines(of: 0, indent, &place)
    var text = Self.start + body
    // As torch counts: from the last line's break on, and two more where there is none.
    var lastLine =
      (text.lastIndex(of: "\n").map { text.distance(from: $0, to: text.endIndex) } ?? text.count + 1) + 1
    for suffix in suffixes {
      if lastLine + suffix.count + 2 > Self.lineLength {
        text += ",\n" + String(repeating: " ", count: indent) + suffix
        lastLine = indent + suffix.count
      } else {
        text += ", " + suffix
        lastLine += suffix.count + 2
      }
    }
    return text + ")"
  }

  private var suffixes: [String] {
    let isEmpty = tensor.elementCount == 0
    let sizes = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.shape.count == 1 ? "," : "")
    let isUsual: Set<DType> = isEmpty ? [.float32] : [.float32, .complex64, .int64, .bool]
    return (isEmpty && tensor.shape.count != 1 ? ["size=(\(sizes))"] : [])
      + (isUsual.contains(tensor.dtype) ? [] : ["dtype=torch.\(tensor.dtype)"])
  }

  // MARK: Elements

  /// The places of an axis that are shown.
  private func shown(_ axis: Int) -> [Int] {
    let size = tensor.shape[axis]
    guard isSummarized, size > 2 * Self.edge else { return Array(0..<size) }
    return Array(0..<Self.edge) + Array((size - Self.edge)..<size)
  }

  private func shownBytes() throws -> [UInt8] {
    let size = tensor.dtype.byteCount
    var offsets = [tensor.offset]
    for axis in tensor.shape.indices {
      let places = shown(axis)
      // A few bytes can claim to have sixty axes.
      guard offsets.count * places.count <= Self.mostShown else {
        throw TensorError.tooManyToShow(offsets.count * places.count)
      }
      offsets = offsets.flatMap { offset in places.map { offset + $0 * tensor.strides[axis] } }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(offsets.count * size)
    var buffer = [UInt8](repeating: 0, count: size)
    for offset in offsets {
      try tensor.storage.read((offset * size)..<((offset + 1) * size), into: &buffer)
      bytes += buffer
    }
    if !tensor.lazyBits.isEmpty { tensor.lazyBits.apply(to: &bytes, count: bytes.count, dtype: tensor.dtype) }
    return bytes
  }

  private typealias Texts = (texts: [String], width: Int)

  private static func texts(_ bytes: [UInt8], _ codec: ElementCodec) -> Texts {
    switch codec.number {
    case .bool: return padded(codec.decode(bytes).map { $0 == 0 ? "False" : "True" })
    case .signed: return padded((codec.integers(bytes) ?? []).map(String.init))
    case .unsigned: return padded((codec.unsignedIntegers(bytes) ?? []).map { String($0) })
    case .float:
      let numbers = codec.decode(bytes)
      guard codec.width == 2 else { return texts(numbers) }
      let pairs = stride(from: 0, to: numbers.count, by: 2)
      let real = texts(pairs.map { numbers[$0] })
      let imaginary = texts(pairs.map { numbers[$0 + 1] })
      let texts = zip(real.texts, imaginary.texts).map { real, imaginary in
        let part = imaginary.drop { $0 == " " } + "j"
        return real + (part.hasPrefix("-") || part.hasPrefix("+") ? "" : "+") + part
      }
      return (texts, real.width + imaginary.width + 1)
    }
  }

  private static func padded(_ texts: [String], to width: Int? = nil) -> Texts {
    let width = width ?? texts.map(\.count).max() ?? 0
    return (texts.map { String(repeating: " ", count: max(width - $0.count, 0)) + $0 }, width)
  }

  /// Real numbers: whole ones with a point alone, otherwise with four digits, or as powers of ten where they lie far apart.
  private static func texts(_ numbers: [Double]) -> Texts {
    let telling = numbers.filter { $0.isFinite && $0 != 0 }
    let magnitudes = telling.map(\.magnitude)
    let (least, largest) = (magnitudes.min() ?? 1, magnitudes.max() ?? 1)
    let areWhole = telling.allSatisfy { $0 == $0.rounded(.up) }
    let isScientific = largest / least > 1000 || largest > 1e8 || (!areWhole && least < 1e-4)
    func text(_ number: Double) -> String {
      if number.isNaN { return "nan" }
      if number.isInfinite { return number < 0 ? "-inf" : "inf" }
      if isScientific { return Decimals.scientific(number, places: 4) }
      return areWhole ? Decimals.fixed(number, places: 0) + "." : Decimals.fixed(number, places: 4)
    }
    // What is 0 or not finite has no say in how wide a column is.
    let width = telling.map { text($0).count }.max() ?? 1
    return padded(numbers.map(text), to: width)
  }

  // MARK: Lines

  private func lines(of axis: Int, _ indent: Int, _ place: inout Int) -> String {
    let rest = tensor.shape.count - axis
    if rest == 0 {
      place += 1
      return cells[place - 1]
    }
    let isCut = isSummarized && tensor.shape[axis] > 2 * Self.edge
    if rest == 1 {
      let count = shown(axis).count
      var row = Array(cells[place..<(place + count)])
      place += count
      let perLine = max((Self.lineLength - indent) / (width + 2), 1)
      if isCut { row.insert(" ...", at: Self.edge) }
      let lines = stride(from: 0, to: row.count, by: perLine).map {
        row[$0..<min($0 + perLine, row.count)].joined(separator: ", ")
      }
      return "[" + lines.joined(separator: ",\n" + String(repeating: " ", count: indent + 1)) + "]"
    }
    var slices = shown(axis).map { _ in lines(of: axis + 1, indent + 1, &place) }
    if isCut { slices.insert("...", at: Self.edge) }
    let between = "," + String(repeating: "\n", count: rest - 1) + String(repeating: " ", count: indent + 1)
    return "[" + slices.joined(separator: between) + "]"
  }
}

extension Tensor {
  /// What `print(tensor)` shows in PyTorch: `tensor([0.1234, …], dtype=torch.float16)`.
  ///
  /// - Throws: ``TensorError/noElements(_:)`` where it is no plain view of elements that are numbers, and what reading throws.
  public func printed() throws -> String { try TensorText(self).text }
}
