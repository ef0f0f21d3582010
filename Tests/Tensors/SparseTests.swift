import SutureBytes
import Testing

@testable import SutureTensors

@Suite struct `A sparse tensor` {
  private func integers(_ values: [Int64], _ shape: [Int]? = nil) throws -> Tensor {
    var bytes: [UInt8] = []
    for value in values { bytes.append(littleEndian: value) }
    return try Tensor(Storage(bytes), dtype: .int64, shape: shape ?? [values.count])
  }

  private func sparse(_ format: SparseParts.Format, _ shape: [Int], _ parts: [Tensor]) throws -> Tensor {
    try Tensor(dtype: .float32, shape: shape, layout: .sparse(SparseParts(format, parts)))
  }

  @Test func `writes the zeros of coordinates out`() throws {
    let tensor = try sparse(
      .coo, [2, 3], [integers([1, 0, 2, 1], [2, 2]), Tensor(floats: [5, 6], shape: [2])])
    #expect(try tensor.dense().floats() == [0, 6, 0, 0, 0, 5])
  }

  @Test func `copies axes that are stored in full`() throws {
    let values = try Tensor(floats: [1, 2, 3, 4], shape: [2, 2])
    let tensor = try sparse(.coo, [3, 2], [integers([2, 0], [1, 2]), values])
    #expect(try tensor.dense().floats() == [3, 4, 0, 0, 1, 2])
  }

  @Test func `understands rows, columns and blocks`() throws {
    let values = try Tensor(floats: [1, 2, 3], shape: [3])
    let rows = try sparse(.csr, [2, 3], [integers([0, 2, 3]), integers([0, 2, 1]), values])
    #expect(try rows.dense().floats() == [1, 0, 2, 0, 3, 0])
    let columns = try sparse(.csc, [2, 3], [integers([0, 1, 2, 3]), integers([0, 1, 0]), values])
    #expect(try columns.dense().floats() == [1, 0, 3, 0, 2, 0])
    let block = try Tensor(floats: [1, 2, 3, 4], shape: [1, 2, 2])
    let blocks = try sparse(.bsr, [2, 4], [integers([0, 1]), integers([1]), block])
    #expect(try blocks.dense().floats() == [0, 0, 1, 2, 0, 0, 3, 4])
    let byColumn = try sparse(.bsc, [2, 4], [integers([0, 0, 1]), integers([0]), block])
    #expect(try byColumn.dense().floats() == [0, 0, 1, 2, 0, 0, 3, 4])
  }

  @Test func `is refused where its indices lie`() throws {
    let one = try Tensor(floats: [1], shape: [1])
    let two = try Tensor(floats: [1, 2], shape: [2])
    let liars = try [
      sparse(.coo, [2], [integers([2], [1, 1]), one]), sparse(.coo, [2], [integers([-1], [1, 1]), one]),
      sparse(.coo, [2], [integers([0, 0], [1, 2]), two]), sparse(.coo, [2], [integers([0], [1, 1]), two]),
      sparse(.csr, [2, 2], [integers([0, 2, 1]), integers([0]), one]),
      sparse(.csr, [2, 2], [integers([0, 1]), integers([0]), one]),
      sparse(.csr, [2, 2], [integers([1, 1, 1]), integers([0]), one]),
      sparse(.csr, [2, 2], [integers([0, 1, 1]), integers([2]), one]),
      sparse(.csr, [2, 2, 2], [integers([0, 1, 1]), integers([0]), one]),
      sparse(.csr, [2, 1 << 40], [integers([0, 1, 1]), integers([0]), one]),
    ]
    for (index, liar) in liars.enumerated() {
      #expect(throws: TensorError.self, "case \(index)") { try liar.dense() }
    }
  }

  @Test func `has no elements to hash`() throws {
    let tensor = try sparse(.coo, [2], [integers([0], [1, 1]), Tensor(floats: [1], shape: [1])])
    #expect(throws: TensorError.noElements("sparse_coo")) { try tensor.sha256() }
  }
}
