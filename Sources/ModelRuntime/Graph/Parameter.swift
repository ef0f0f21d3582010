internal import CSutureNumbers
internal import Glibc
internal import SutureArchitectures
internal import SutureTensors

/// A tensor that a layer reads: its shape is checked when the graph is built, its elements are read when the layer
/// is prepared.
struct Parameter: Sendable {
  /// The tensor's name in the state dict.
  let name: String
  let tensor: Tensor

  var count: Int { tensor.elementCount }

  /// The tensor `name` of `dict`.
  ///
  /// - Parameter shape: what the tensor must have; axes of size 1 may follow, as timm's 1×1 convolutions and
  ///   torchvision's layer scale have them, or stand before it, as a GRN's have it.
  /// - Throws: ``ModelError`` where it is missing, has another shape, or holds no floating-point numbers.
  init(_ name: String, in dict: StateDict, shape: [Int]) throws {
    guard let tensor = dict[name] else { throw ModelError.missing(key: name) }
    let ones = tensor.shape.count - shape.count
    let isFollowed =
      tensor.shape.starts(with: shape) && tensor.shape.dropFirst(shape.count).allSatisfy { $0 == 1 }
    let isPreceded =
      ones > 0 && tensor.shape.dropFirst(ones).elementsEqual(shape)
      && tensor.shape.prefix(ones).allSatisfy { $0 == 1 }
    guard isFollowed || isPreceded else {
      throw ModelError.wrongShape(key: name, expected: shape, found: tensor.shape)
    }
    guard tensor.hasElements, [.float32, .float16, .bfloat16, .float64].contains(tensor.dtype) else {
      throw ModelError.notSupported(
        "\(name) holds \(tensor.dtype) elements; a network runs on floating-point ones")
    }
    // A stride of 0 lets a few bytes claim any shape.
    guard tensor.byteCount / 16 <= max(tensor.byteExtent.count, 1 << 16) else {
      throw ModelError.notSupported(
        "\(name) repeats \(tensor.byteExtent.count) bytes until they are \(tensor.byteCount)")
    }
    (self.name, self.tensor) = (name, tensor)
  }

  private init(_ name: String, _ tensor: Tensor) { (self.name, self.tensor) = (name, tensor) }

  /// Some of its rows alone.
  func rows(_ range: Range<Int>) throws -> Parameter {
    range == 0..<tensor.shape[0] ? self : Parameter(name, try tensor.sliced(range, axis: 0))
  }

  /// The elements in row-major order.
  ///
  /// - Throws: ``ModelError/notFinite(key:index:value:)``, and what reading throws.
  func values() throws -> [Float] {
    try unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      try unsafe read(into: UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
      initialized = count
    }
  }

  /// Fills `target`, which holds ``count`` elements, in row-major order.
  ///
  /// - Throws: ``ModelError/notFinite(key:index:value:)``, and what reading throws.
  func read(into target: UnsafeMutableBufferPointer<Float>) throws {
    precondition(target.count == count)
    guard let base = target.baseAddress, count > 0 else { return }
    if tensor.dtype == .float64 {
      for (index, value) in try tensor.floats().enumerated() { unsafe base[index] = value }
    } else {
      var done = 0
      try tensor.forEachChunk { buffer, byteCount in
        unsafe buffer.withUnsafeBytes { bytes in
          guard let start = bytes.baseAddress else { return }
          let elements = byteCount / tensor.dtype.byteCount
          switch tensor.dtype {
          case .float16:
            unsafe suture_float16_to_float32(
              start.assumingMemoryBound(to: UInt16.self), base + done, elements)
          case .bfloat16:
            unsafe suture_bfloat16_to_float32(
              start.assumingMemoryBound(to: UInt16.self), base + done, elements)
          default: unsafe memcpy(base + done, start, byteCount)
          }
          done += elements
        }
      }
    }
    if let index = unsafe firstNotFinite(UnsafeBufferPointer(target)) {
      throw unsafe ModelError.notFinite(key: name, index: index, value: target[index])
    }
  }
}

/// The place of the first NaN or infinity.
///
/// - Complexity: one pass of integer operations that the compiler does many at a time.
func firstNotFinite(_ values: UnsafeBufferPointer<Float>) -> Int? {
  // The exponent of what is not finite is all ones: adding one to it carries into the sign.
  var carries: UInt32 = 0
  for index in values.indices {
    unsafe carries |= (values[index].bitPattern & 0x7F80_0000) &+ 0x0080_0000
  }
  return unsafe carries >> 31 == 0 ? nil : values.firstIndex { !$0.isFinite }
}
