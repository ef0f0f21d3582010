internal import SutureBytes

extension Tensor {
  /// Several tensors one behind the other along an axis, as `torch.cat` puts them.
  ///
  /// Nothing is read until the elements are asked for.
  ///
  /// - Precondition: there is one tensor or more, and they differ in the size of that axis only.
  public static func joined(_ tensors: [Tensor], axis: Int) throws -> Tensor {
    precondition(!tensors.isEmpty)
    var shape = tensors[0].shape
    let dtype = tensors[0].dtype
    do {
      shape[axis] = 0
      for tensor in tensors { shape[axis] = try shape[axis].adding(checked: tensor.shape[axis]) }
      let count = try Shape.elementCount(shape).multiplied(checked: dtype.byteCount)
      if count == 0 {
        return try Tensor(Storage([], label: tensors[0].storage.label), dtype: dtype, shape: shape)
      }
      let runs = tensors.map { $0.shape[axis...].reduce(1, *) * dtype.byteCount }
      let unit = max(runs.reduce(0, +), 1)
      let readers = try tensors.map { try ElementReader($0) }
      let label = tensors[0].storage.label
      // A row of the result takes one run of each tensor; large rows are cut where the tensors meet.
      let contents = ComputedContents(byteCount: count, unit: dtype.byteCount, from: readers.map(\.storage)) {
        range, buffer in
        try interleave(readers, runs, size: dtype.byteCount, row: unit, range, into: &buffer)
      }
      return try Tensor(Storage(contents, label: label), dtype: dtype, shape: shape)
    } catch is ArithmeticOverflow { throw TensorError.overflow(shape: shape, strides: []) }
  }

  /// - Parameters:
  ///   - runs: how many bytes each tensor has in a row of the result, which has `row`.
  private static func interleave(
    _ readers: [ElementReader], _ runs: [Int], size: Int, row: Int, _ range: Range<Int>,
    into buffer: inout [UInt8]
  ) throws {
    let rows = (range.lowerBound / row)..<((range.upperBound - 1) / row + 1)
    var place = 0
    for (reader, run) in zip(readers, runs) {
      defer { place += run }
      if run == 0 { continue }
      // What of this tensor lies in the first and in the last row, which the range may cut.
      let low = min(max(range.lowerBound - rows.lowerBound * row - place, 0), run)
      let high = min(max(range.upperBound - (rows.upperBound - 1) * row - place, 0), run)
      let wanted =
        (rows.lowerBound * run + low)..<max((rows.upperBound - 1) * run + high, rows.lowerBound * run + low)
      if wanted.isEmpty { continue }
      try withBuffer(wanted.count) { piece in
        try reader.read((wanted.lowerBound / size)..<(wanted.upperBound / size), into: &piece)
        for index in rows {
          let part = (index * run)..<((index + 1) * run)
          let common = part.clamped(to: wanted)
          if common.isEmpty { continue }
          let target = index * row + place + (common.lowerBound - part.lowerBound) - range.lowerBound
          let first = common.lowerBound - wanted.lowerBound
          buffer.replaceSubrange(
            target..<(target + common.count), with: piece[first..<(first + common.count)])
        }
      }
    }
  }
}
