import SutureBytes
import SutureText
import Testing

@testable import SutureTensors

/// Tensors that are made of rectangles of others.
@Suite struct `A tensor of pieces` {
  /// Elements whose values tell where they are.
  private func whole(_ shape: [Int]) throws -> Tensor {
    let count = shape.reduce(1, *)
    var bytes: [UInt8] = []
    for index in 0..<count { bytes.append(littleEndian: UInt16(truncatingIfNeeded: index &* 7 &+ 1)) }
    return try Tensor(Storage(bytes), dtype: .int16, shape: shape)
  }

  /// The part of `tensor` in a box, on a storage of its own with a checksum, as files have it.
  private func piece(_ tensor: Tensor, _ start: [Int], _ sizes: [Int], _ file: String = "a") throws
    -> TensorPiece
  {
    var part = tensor
    for axis in start.indices {
      part = try part.sliced(start[axis]..<(start[axis] + sizes[axis]), axis: axis)
    }
    let bytes = try part.contiguousBytes()
    let storage = Storage(
      MemorySource(bytes), offset: 0, byteCount: bytes.count, label: "0", crc32: CRC32.of(bytes))
    return TensorPiece(try Tensor(storage, dtype: tensor.dtype, shape: sizes), at: start, from: file)
  }

  private func assemble(_ pieces: [TensorPiece], _ shape: [Int]) throws -> Tensor {
    try Tensor.assembled(pieces, dtype: .int16, shape: shape, name: "w")
  }

  /// Cuts every axis at these places, in every combination.
  private func grid(_ tensor: Tensor, _ cuts: [[Int]]) throws -> [TensorPiece] {
    var boxes: [(start: [Int], sizes: [Int])] = [([], [])]
    for (axis, cuts) in cuts.enumerated() {
      let edges = [0] + cuts + [tensor.shape[axis]]
      boxes = boxes.flatMap { box in
        zip(edges, edges.dropFirst()).map { (box.start + [$0], box.sizes + [$1 - $0]) }
      }
    }
    return try boxes.map { try piece(tensor, $0.start, $0.sizes) }
  }

  private static let cuts: [[[Int]]] = [
    [[], [], []], [[3, 5], [], []], [[], [2], []], [[], [], [1, 4]], [[2], [3], []], [[2, 4], [1, 3], [5]],
    [[0, 0], [4, 4], [6]],
  ]

  @Test(arguments: cuts) func `has the elements of the whole, streamed or from any place on`(cuts: [[Int]])
    throws
  {
    let tensor = try whole([6, 4, 7])
    let bytes = try tensor.contiguousBytes()
    for pieces in [try grid(tensor, cuts), try grid(tensor, cuts).reversed()] {
      let made = try assemble(Array(pieces), tensor.shape)
      #expect(made.shape == tensor.shape)
      #expect(try made.contiguousBytes() == bytes)
      for start in stride(from: 0, to: bytes.count, by: 10) {
        for end in stride(from: start + 2, through: bytes.count, by: 38) {
          var buffer = [UInt8](repeating: 0xFF, count: end - start)
          try made.storage.read(start..<end, into: &buffer)
          #expect(buffer == Array(bytes[start..<end]))
        }
      }
    }
  }

  @Test func `is larger than what is held of it`() throws {
    let tensor = try whole([700, 900])
    let made = try assemble(try grid(tensor, [[300], [1, 450]]), tensor.shape)
    #expect(try made.sha256() == tensor.sha256())
  }

  @Test func `can be viewed, cast and joined as any other`() throws {
    let tensor = try whole([6, 8])
    let made = try assemble(try grid(tensor, [[2], [3]]), [6, 8])
    #expect(try made.permuted([1, 0]).contiguousBytes() == tensor.permuted([1, 0]).contiguousBytes())
    let part = try made.sliced(1..<6, axis: 0, step: 2).sliced(2..<5, axis: 1)
    #expect(
      try part.contiguousBytes()
        == tensor.sliced(1..<6, axis: 0, step: 2).sliced(2..<5, axis: 1).contiguousBytes())
    let twice = try Tensor.joined([made, made], axis: 1)
    #expect(try twice.contiguousBytes() == Tensor.joined([tensor, tensor], axis: 1).contiguousBytes())
  }

  @Test func `may have pieces whose elements do not lie in order`() throws {
    let tensor = try whole([4, 6])
    let left = try piece(tensor.permuted([1, 0]), [0, 0], [3, 4]).tensor.permuted([1, 0])
    let pieces = [TensorPiece(left, at: [0, 0], from: "a"), try piece(tensor, [0, 3], [4, 3])]
    #expect(try assemble(pieces, [4, 6]).contiguousBytes() == tensor.contiguousBytes())
  }

  @Test func `of one piece is that piece, and of empty ones is empty`() throws {
    let tensor = try whole([4, 6])
    let only = try piece(tensor, [0, 0], [4, 6])
    let empty = try piece(tensor, [4, 0], [0, 6])
    #expect(try assemble([only, empty], [4, 6]).storage === only.tensor.storage)
    #expect(try assemble([try piece(whole([0, 6]), [0, 0], [0, 6])], [0, 6]).elementCount == 0)
    #expect(try assemble([], [0, 6]).shape == [0, 6])
    let number = try piece(whole([]), [], [])
    #expect(try assemble([number], []).contiguousBytes() == [1, 0])
  }

  // MARK: What is refused

  private func refusal(_ pieces: [TensorPiece], _ shape: [Int], dtype: DType = .int16) -> String {
    let error =
      #expect(throws: Failure.self) {
        _ = try Tensor.assembled(pieces, dtype: dtype, shape: shape, name: "w")
      }
    #expect(error?.kind == .unreadable && error?.place.path == "w")
    return "\(error?.reason ?? "") \(error?.remedies.map { "\($0)" }.joined(separator: " ") ?? "")"
  }

  @Test func `with a hole is refused, and the hole is said`() throws {
    let tensor = try whole([6, 4])
    var pieces = try grid(tensor, [[2, 4], [1]])
    pieces.remove(at: 3)
    let said = refusal(pieces, [6, 4])
    #expect(said.contains("no file has its part [2..<4, 1..<4], of a shape of [6, 4]"))
    #expect(said.contains("other parts are in a"))
    #expect(refusal([], [6, 4]).contains("[0..<6, 0..<4]"))
    #expect(refusal([], []).contains("no file has any part of it"))
  }

  @Test func `whose pieces overlap is refused, and both are said`() throws {
    let tensor = try whole([6, 4])
    let pieces = [try piece(tensor, [0, 0], [4, 4], "a"), try piece(tensor, [3, 0], [3, 4], "b")]
    #expect(refusal(pieces, [6, 4]).contains("[0..<4, 0..<4] in a overlaps [3..<6, 0..<4] in b"))
  }

  @Test func `with a piece out of bounds is refused`() throws {
    let tensor = try whole([6, 4])
    #expect(
      refusal([try piece(tensor, [0, 0], [6, 4])], [5, 4]).contains("does not lie within its shape [5, 4]"))
    #expect(refusal([try piece(tensor, [0, 0], [6, 4])], [6]).contains("does not lie within"))
    let far = TensorPiece(tensor, at: [.max, 0], from: "a")
    #expect(refusal([far], [6, 4]).contains("does not lie within"))
    #expect(refusal([TensorPiece(tensor, at: [-1, 0], from: "a")], [6, 4]).contains("does not lie within"))
  }

  @Test func `of more elements than can be counted is refused`() throws {
    #expect(refusal([], [1 << 40, 1 << 40]).contains("overflows"))
  }

  @Test func `of two dtypes is refused`() throws {
    #expect(
      refusal([try piece(whole([6, 4]), [0, 0], [6, 4])], [6, 4], dtype: .float16).contains("int16"))
  }

  @Test func `whose copies differ is refused when it is read`() throws {
    let tensor = try whole([6, 4])
    let rows = [try piece(tensor, [0, 0], [3, 4], "a"), try piece(tensor, [3, 0], [3, 4], "b")]
    let same = try piece(tensor, [3, 0], [3, 4], "c")
    #expect(try assemble(rows + [same], [6, 4]).contiguousBytes() == tensor.contiguousBytes())
    let other = TensorPiece(try piece(tensor, [0, 0], [3, 4]).tensor, at: [3, 0], from: "c")
    let made = try assemble(rows + [other], [6, 4])
    let error = #expect(throws: Failure.self) { _ = try made.contiguousBytes() }
    #expect(error?.reason == "its part [3..<6, 0..<4] is in b and in c, and they differ")
    #expect(error?.place.path == "w")
  }

  @Test func `with a corrupt piece is refused when it is read`() throws {
    let tensor = try whole([6, 4])
    let bad = Storage(
      MemorySource([UInt8](repeating: 0, count: 24)), offset: 0, byteCount: 24, label: "9", crc32: 1)
    let pieces = [
      try piece(tensor, [0, 0], [3, 4]),
      TensorPiece(try Tensor(bad, dtype: .int16, shape: [3, 4]), at: [3, 0], from: "b"),
    ]
    #expect(throws: ChecksumMismatch.self) { _ = try assemble(pieces, [6, 4]).contiguousBytes() }
  }
}
