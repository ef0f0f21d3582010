internal import SutureNumbers
public import SutureTensors

/// What a tensor holds in a model that nobody has trained, by the rule of the class that makes it.
enum InitialValues: Sendable, Equatable {
  case constant(Double)
  /// What `torch.nn.Conv2d` and `torch.nn.Linear` give their weight and their bias: uniform between −1/√*n* and 1/√*n*,
  /// where *n* inputs make an output. That is `kaiming_uniform_` with `a=sqrt(5)`.
  case uniform(fanIn: Int)
  /// Uniform between −bound and bound, such as `xavier_uniform_` has it.
  case within(Double)
  /// `normal_(std=deviation)`; also `trunc_normal_`, whose bounds of ±2 are a hundred deviations away for ConvNeXt.
  case normal(deviation: Double)
  /// One by one, row-major.
  case listed([Double])
  /// As torch gives them, and to each something is added: these numbers, over and over.
  case shifted(fanIn: Int, by: [Double])

  /// The element at `index`, row-major.
  fileprivate func value(_ index: Int, _ numbers: RandomNumbers) -> Double {
    switch self {
    case .constant(let value): value
    case .uniform(let fanIn): Self.uniform(fanIn, numbers, index)
    case .within(let bound): bound * (2 * numbers.uniform(index) - 1)
    case .normal(let deviation): deviation * numbers.normal(index)
    case .listed(let values): values[index]
    case .shifted(let fanIn, let shifts): Self.uniform(fanIn, numbers, index) + shifts[index % shifts.count]
    }
  }

  private static func uniform(_ fanIn: Int, _ numbers: RandomNumbers, _ index: Int) -> Double {
    (2 * numbers.uniform(index) - 1) / Double(max(fanIn, 1)).squareRoot()
  }
}

extension ExpectedTensor {
  /// The tensor as it is before the first step of training: the same for the same seed and name, on every machine.
  ///
  /// Nothing is computed before it is read.
  func initialTensor(seed: Int) throws -> Tensor {
    guard dtype.floatFormat != nil else {
      // Counters begin at 0.
      return try Tensor(Storage([UInt8](repeating: 0, count: dtype.byteCount)), dtype: dtype, shape: shape)
    }
    let numbers = RandomNumbers(seed: seed, name: name)
    return try Tensor(dtype: dtype, shape: shape, rowLength: 1, label: name, from: []) { [initial] range, _ in
      range.map { initial.value($0, numbers) }
    }
  }
}

extension ModelFile {
  /// The state dict that YOLOv5's `Model(cfg)` has when it is new.
  ///
  /// Every key, shape and dtype is the same, and initial values are of the same distributions; what is not random is exact.
  ///
  /// - Parameter seed: tensors of another seed, and of another name, have other numbers.
  public func initialStateDict(seed: Int = 0) throws -> StateDict {
    try StateDict(expectedTensors().map { .init(name: $0.name, tensor: try $0.initialTensor(seed: seed)) })
  }

  /// The numbers of the layers that hold a whole backbone.
  public var backboneLayers: [Int] { layers.filter(\.holdsBackbone).map(\.index) }
}
