internal import SutureJSON
internal import SutureNumbers
internal import SutureTensors
internal import SutureText

/// A step that does arithmetic with every element and one number, as torch does it with a Python number.
protocol ConstantStep: Step {
  /// What stands before the number in a record.
  static var key: String { get }
  var patterns: [String] { get }
  var number: Double { get }
  /// Whether torch's kernel for the CPU rounds the number to the tensor's dtype first.
  static var roundsNumber: Bool { get }

  init(_ patterns: [String], _ number: Double)

  /// - Parameter isImaginary: whether it is the second part of a complex number.
  static func result(_ element: Double, _ number: Double, isImaginary: Bool) -> Double
  static func result(_ element: Float, _ number: Float, isImaginary: Bool) -> Float
}

extension ConstantStep {
  static var fields: [StepField] { [.required(key, .number, "NUMBER", after: "=")] }

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.strings(), try record.require(Self.key).number())
  }

  public var record: StepRecord {
    StepRecord(Self.schema.verb, .strings(patterns), [(Self.key, .double(number))])
  }

  public func summary(_: ResolvedFields) -> String {
    "\(Self.schema.verb) \(quoted(patterns)) \(Self.key) \(number)"
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard number.isFinite else { throw SurgeryError(.badPattern, "needs a finite number") }
    return try .transforming(patterns, &draft) { entry in
      try entry.requirePlain()
      let dtype = entry.tensor.dtype
      guard dtype.floatFormat != nil || dtype.isComplex else {
        throw entry.doesNotFit(
          "its dtype is \(dtype), not a floating one", remedies: ["cast gives it one"])
      }
      return try computed(entry.tensor)
    }
  }

  private func computed(_ tensor: Tensor) throws -> Tensor {
    let reader = try ElementReader(tensor)
    let (isComplex, number) = (tensor.dtype.isComplex, number)
    // torch computes float64 in float64, and all that is narrower in float32.
    let isDouble = tensor.dtype == .float64 || tensor.dtype == .complex128
    let rounded = Self.roundsNumber ? tensor.dtype.codec?.rounded(number) : nil
    let narrow = Float(rounded ?? number)
    return try Tensor(
      dtype: tensor.dtype, shape: tensor.shape, rowLength: 1, label: tensor.storage.label,
      from: [reader.storage]
    ) { range, reading in
      var numbers = try reader.numbers(range, reading)
      for index in numbers.indices {
        let isImaginary = isComplex && !index.isMultiple(of: 2)
        numbers[index] =
          isDouble
          ? Self.result(numbers[index], number, isImaginary: isImaginary)
          : Double(Self.result(Float(numbers[index]), narrow, isImaginary: isImaginary))
      }
      return numbers
    }
  }
}

extension ElementCodec {
  /// The number as an element holds it.
  fileprivate func rounded(_ number: Double) -> Double? {
    encode(number).flatMap { decode($0, count: 1).first }
  }
}
