internal import SutureBytes
internal import SutureText

/// A rectangle of a tensor that lies somewhere by itself.
public struct TensorPiece: Sendable {
  /// Where the piece begins in the whole.
  public let start: [Int]
  /// The elements; its sizes are those of the rectangle.
  public let tensor: Tensor
  /// The file it comes from, for errors.
  public let source: String

  public init(_ tensor: Tensor, at start: [Int], from source: String) {
    (self.tensor, self.start, self.source) = (tensor, start, source)
  }

  /// The rectangle.
  public var box: TensorBox { TensorBox(start: start, sizes: tensor.shape) }
}

extension Tensor {
  /// The tensor that pieces make, row-major.
  ///
  /// Nothing is read until the elements are asked for; then a copy of a rectangle that another piece has as well is compared
  /// with it.
  ///
  /// - Parameter name: what it is called in an error.
  /// - Throws: `Failure` unless the pieces are of this dtype and tile this shape exactly: no hole, no overlap but of equal
  ///   rectangles, nothing out of bounds.
  public static func assembled(
    _ pieces: [TensorPiece], dtype: DType, shape: [Int], name: String
  ) throws -> Tensor {
    if let other = pieces.first(where: { $0.tensor.dtype != dtype }) {
      throw Failure(
        .unreadable, at: FailurePlace(path: name),
        "it is \(dtype), and its part \(other.box) in \(other.source) is \(other.tensor.dtype)")
    }
    var boxes: [TensorBox] = []
    var copies: [TensorBox: [TensorPiece]] = [:]
    for piece in pieces {
      if copies[piece.box] == nil { boxes.append(piece.box) }
      copies[piece.box, default: []].append(piece)
    }
    try checkTiling(boxes, shape, name) { copies[boxes[$0]]?.map(\.source) ?? [] }
    let parts = boxes.filter { !$0.isEmpty }.map { box in
      let copies = copies[box] ?? []
      return PiecedContents.Part(box: box, tensors: copies.map(\.tensor), sources: copies.map(\.source))
    }
    if parts.count == 1, parts[0].tensors.count == 1 { return parts[0].tensors[0] }
    if parts.isEmpty { return try Tensor(Storage([], label: name), dtype: dtype, shape: shape) }
    let contents = try PiecedContents(parts, dtype: dtype, shape: shape, name: name)
    return try Tensor(Storage(contents, label: name), dtype: dtype, shape: shape)
  }

  /// Throws `Failure` unless boxes tile a shape.
  ///
  /// - Parameter sources: the files that have the box of a place in the list.
  public static func checkTiling(
    _ boxes: [TensorBox], _ shape: [Int], _ name: String, sources: (Int) -> [String]
  ) throws {
    func failure(_ reason: String, _ remedies: [Remedy] = []) -> Failure {
      Failure(.unreadable, at: FailurePlace(path: name), reason, remedies: remedies)
    }
    do { try Tiling.check(boxes, shape: shape) } catch let fault as Tiling.Fault {
      switch fault {
      case .outOfBounds(let place):
        throw failure(
          "its part \(boxes[place]) in \(sources(place).summary) does not lie within its shape \(shape)",
          ["the files are of different steps or runs, or one is damaged"])
      case .overlap(let one, let other):
        throw failure(
          "its part \(boxes[one]) in \(sources(one).summary) overlaps \(boxes[other]) in \(sources(other).summary)",
          ["the files are of different steps or runs, or one is damaged"])
      case .hole(let hole):
        var files: [String] = []
        for source in boxes.indices.flatMap(sources) where !files.contains(source) { files.append(source) }
        throw failure(
          "no file has its part \(hole), of a shape of \(shape)",
          [
            "a file is missing: fetch all of them again, from the same place",
            .advice(files.isEmpty ? "no file has any part of it" : "other parts are in \(files.summary)"),
          ])
      }
    } catch is ArithmeticOverflow { throw failure("the size of its shape \(shape) overflows 64 bits") }
  }
}
