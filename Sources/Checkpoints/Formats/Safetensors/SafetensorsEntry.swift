internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// What the header says about one tensor, checked by itself.
struct SafetensorsEntry {
  let name: String
  let dtype: DType
  let shape: [Int]
  /// The sizes as the format counts them, where several numbers share an element.
  let packedShape: [Int]?
  /// The tensor's bytes, counted from the end of the header.
  let begin: Int
  let end: Int

  private let order: Int

  /// - Parameters:
  ///   - value: what the header has under the name.
  ///   - repeated: what entries before this one have in common with others.
  ///   - order: how many tensors the header has before this one.
  init(
    _ name: String, _ value: JSONDocument.Place, in document: JSONDocument,
    _ repeated: inout RepeatedFields, order: Int, source: String
  ) throws(Failure) {
    func refusal(_ reason: String) -> Failure { .safetensors(source, tensor: name, reason) }
    func malformed(_ field: String, expected: String) -> Failure {
      refusal("its \"\(field)\" is not \(expected)")
    }
    func overflow(_ shape: [Int]) -> Failure { .overflow(source, name, shape) }
    func missing(_ field: String) -> Failure { refusal("its entry has no \"\(field)\"") }
    var dtypePlace, shapePlace, offsetsPlace: JSONDocument.Place?
    document.forEachMember(value) { key, value in
      if document.string(key, is: "dtype") {
        dtypePlace = value
      } else if document.string(key, is: "shape") {
        shapePlace = value
      } else if document.string(key, is: "data_offsets") {
        offsetsPlace = value
      }
    }

    guard let dtypePlace else { throw missing("dtype") }
    guard let dtypeName = repeated.dtype(dtypePlace, in: document) else {
      throw malformed("dtype", expected: "a string")
    }
    guard let dtype = dtypeName.dtype else {
      throw .safetensors(
        source, tensor: name, "the dtype \(dtypeName.name.quoted()) is not one that can be read here",
        remedies: ["convert the tensor to another dtype with the program that wrote the file"])
    }
    guard let shapePlace else { throw missing("shape") }
    guard var shape = repeated.shape(shapePlace, in: document) else {
      throw malformed("shape", expected: "a list of whole numbers from 0 to \(Int.max)")
    }
    let packedShape = dtype.packing == nil ? nil : shape
    if dtype == .float4_e2m1fn_x2 {
      // The format counts single numbers of 4 bits, torch counts bytes.
      guard let last = shape.last, last % 2 == 0 else {
        throw malformed("shape", expected: "an even last size: two F4 numbers share a byte")
      }
      shape[shape.count - 1] = last / 2
    } else if let packing = dtype.packing {
      let count: Int
      do { count = try Shape.elementCount(shape) } catch { throw overflow(shape) }
      guard count % packing.numbers == 0 else {
        throw malformed("shape", expected: "one of whole bytes: four \(dtype) numbers share three")
      }
      if let last = shape.last, last % packing.numbers == 0 {
        shape[shape.count - 1] = last / packing.numbers
      } else {
        shape = [count / packing.numbers]
      }
    }
    guard let offsetsPlace else { throw missing("data_offsets") }
    guard let (begin, end) = repeated.pair(offsetsPlace, in: document) else {
      throw malformed("data_offsets", expected: "two whole numbers from 0 to \(Int.max)")
    }
    guard shape.count <= Tensor.maximumRank else {
      throw refusal("it has \(shape.count) dimensions, and \(Tensor.maximumRank) are supported")
    }
    guard begin <= end else {
      throw refusal("its data begin at \(begin) and end before that, at \(end)").of(.bounds)
    }
    let needed: Int
    do { needed = try Shape.elementCount(shape).multiplied(checked: dtype.byteCount) } catch {
      throw overflow(shape)
    }
    guard needed == end - begin else {
      throw refusal(
        "its shape \(shape) of \(dtype) takes \(needed) bytes, and its offsets span \(end - begin)"
      ).of(.bounds)
    }
    // One after another, and nothing earlier: so it is made in its place, and not copied there.
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.packedShape = packedShape
    self.begin = begin
    self.end = end
    self.order = order
  }

  /// Whether this tensor's data come first; an empty tensor comes before one that begins at the same byte, and
  /// empty ones at the same byte come in the order of the header.
  func precedes(_ other: SafetensorsEntry) -> Bool {
    (begin, end, order) < (other.begin, other.end, other.order)
  }
}

/// What the tensors of a file have in common: few dtypes and few shapes, each kept once.
struct RepeatedFields {
  typealias NamedDType = (name: String, dtype: DType?)

  private var dtypes: [(place: JSONDocument.Place, dtype: NamedDType)] = []
  private var shapes: [[Int]] = []
  private var numbers: [Int] = []

  /// As many as are compared more quickly than another is made.
  private static let most = 8

  /// What a string calls a dtype; `nil` where it is no string.
  mutating func dtype(_ place: JSONDocument.Place, in document: JSONDocument) -> NamedDType? {
    guard document.kind(place) == .string else { return nil }
    for known in dtypes where document.isSpelledAlike(known.place, place) { return known.dtype }
    guard let name = document.string(place) else { return nil }
    let dtype = (name, DType(safetensorsName: name))
    if dtypes.count < Self.most { dtypes.append((place, dtype)) }
    return dtype
  }

  /// The sizes in an array of whole numbers that are not negative; `nil` where it is something else.
  mutating func shape(_ place: JSONDocument.Place, in document: JSONDocument) -> [Int]? {
    guard read(place, in: document) else { return nil }
    if let known = shapes.last(where: { $0 == numbers }) { return known }
    let shape = Array(numbers)
    if shapes.count == Self.most { shapes.removeFirst() }
    shapes.append(shape)
    return shape
  }

  /// Two such numbers; `nil` where it is something else.
  mutating func pair(_ place: JSONDocument.Place, in document: JSONDocument) -> (Int, Int)? {
    guard read(place, in: document), numbers.count == 2 else { return nil }
    return (numbers[0], numbers[1])
  }

  private mutating func read(_ place: JSONDocument.Place, in document: JSONDocument) -> Bool {
    numbers.removeAll(keepingCapacity: true)
    var areSizes = document.kind(place) == .array
    document.forEachElement(place) { element in
      guard let number = document.integer(element), number >= 0 else { return areSizes = false }
      numbers.append(number)
    }
    return areSizes
  }
}
