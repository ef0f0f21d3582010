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

  /// - Parameter order: how many tensors the header has before this one.
  init(_ name: String, _ value: JSONValue, order: Int, source: String) throws(Failure) {
    func refusal(_ reason: String) -> Failure { .safetensors(source, tensor: name, reason) }
    func malformed(_ field: String, expected: String) -> Failure {
      refusal("its \"\(field)\" is not \(expected)")
    }
    func overflow(_ shape: [Int]) -> Failure { .overflow(source, name, shape) }
    func field(_ key: String) throws(Failure) -> JSONValue {
      guard let field = value[key] else { throw refusal("its entry has no \"\(key)\"") }
      return field
    }
    func sizes(_ key: String, expected: String) throws(Failure) -> [Int] {
      guard let elements = try field(key).arrayValue else {
        throw malformed(key, expected: expected)
      }
      var sizes: [Int] = []
      sizes.reserveCapacity(elements.count)
      for element in elements {
        guard let size = element.integerValue, size >= 0 else {
          throw malformed(key, expected: expected)
        }
        sizes.append(size)
      }
      return sizes
    }

    guard let dtypeName = try field("dtype").stringValue else {
      throw malformed("dtype", expected: "a string")
    }
    guard let dtype = DType(safetensorsName: dtypeName) else {
      throw .safetensors(
        source, tensor: name, "the dtype \(dtypeName.quoted()) is not one that can be read here",
        remedies: ["convert the tensor to another dtype with the program that wrote the file"])
    }
    var shape = try sizes("shape", expected: "a list of whole numbers from 0 to \(Int.max)")
    packedShape = dtype.packing == nil ? nil : shape
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
    let expected = "two whole numbers from 0 to \(Int.max)"
    let offsets = try sizes("data_offsets", expected: expected)
    guard offsets.count == 2 else { throw malformed("data_offsets", expected: expected) }
    guard shape.count <= Tensor.maximumRank else {
      throw refusal("it has \(shape.count) dimensions, and \(Tensor.maximumRank) are supported")
    }
    let (begin, end) = (offsets[0], offsets[1])
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
    (self.name, self.dtype, self.shape) = (name, dtype, shape)
    (self.begin, self.end, self.order) = (begin, end, order)
  }

  /// Whether this tensor's data come first; an empty tensor comes before one that begins at the same byte, and
  /// empty ones at the same byte come in the order of the header.
  func precedes(_ other: SafetensorsEntry) -> Bool {
    (begin, end, order) < (other.begin, other.end, other.order)
  }
}
