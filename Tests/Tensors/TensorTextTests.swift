import SutureNumbers
import SutureTensors
import Testing

/// That these are torch's words is held to torch itself by `Tests/Interop/test_print.py`.
@Suite struct `A tensor as PyTorch prints it` {
  @Test(
    arguments: [
      ([0.5], [], "tensor(0.5000)"), ([1, -2], [2], "tensor([ 1., -2.])"),
      ([1e-5, 1], [2], "tensor([1.0000e-05, 1.0000e+00])"),
      ([.nan, 1.5, .infinity], [3], "tensor([   nan, 1.5000,    inf])"),
      ([1, 2, 3, 4], [2, 2], "tensor([[1., 2.],\n        [3., 4.]])"),
      ([], [0, 3], "tensor([], size=(0, 3))"),
    ] as [([Float], [Int], String)])
  func `has as many digits as it needs`(values: [Float], shape: [Int], text: String) throws {
    #expect(try Tensor(floats: values, shape: shape).printed() == text)
  }

  @Test func `has integers without a sign exactly, however large`() throws {
    let words: [UInt64] = [.max, 1 << 63 + 1, 1 << 53 + 1]
    let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    let tensor = try Tensor(Storage(bytes), dtype: .uint64, shape: [3], strides: [1], offset: 0)
    #expect(
      try tensor.printed()
        == "tensor([18446744073709551615,  9223372036854775809,     9007199254740993],\n       dtype=torch.uint64)"
    )
  }

  @Test func `of more than a thousand elements shows its edges`() throws {
    let text = try Tensor(floats: (0..<1200).map { Float($0) }, shape: [2, 600]).printed()
    #expect(
      text == "tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 5.9700e+02, 5.9800e+02,\n"
        + "         5.9900e+02],\n        [6.0000e+02, 6.0100e+02, 6.0200e+02,  ..., 1.1970e+03, 1.1980e+03,\n         1.1990e+03]])"
    )
  }

  @Test func `is refused where a few bytes claim to be more than anyone reads`() throws {
    let bomb = try Tensor(
      Storage([0, 0, 0, 0]), dtype: .float32, shape: [Int](repeating: 2, count: 26),
      strides: [Int](repeating: 0, count: 26),
      offset: 0)
    #expect(throws: TensorError.self) { try bomb.printed() }
    let flat = try Tensor(Storage([0, 0, 0, 0]), dtype: .float32, shape: [1 << 20], strides: [0], offset: 0)
    #expect(try flat.printed() == "tensor([0., 0., 0.,  ..., 0., 0., 0.])")
  }
}

@Suite struct `Decimals` {
  @Test(arguments: [
    (0.00005, "0.0001"), (0.5, "0.5000"), (-0.0, "-0.0000"), (1e22, "10000000000000000000000.0000"),
  ])
  func `round as C does`(value: Double, text: String) {
    #expect(SutureNumbers.Decimals.fixed(value, places: 4) == text)
  }
}
