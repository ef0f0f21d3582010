internal import SutureBytes
internal import SutureNumbers
public import SutureTensors
internal import SutureText

/// The layer scale that facebookresearch's `layer_scale_init_value` gives every block before the first step of training.
package enum InitialLayerScale {
  package static let value = 1e-6

  /// Whether the values are it as rounded to some dtype: float16 makes 1.0133e-6 of it, bfloat16 0.9984e-6.
  package static func isNear(_ values: [Float]) -> Bool {
    values.allSatisfy { abs(Double($0) - value) < 0.02 * value }
  }

  /// Whether every element of a layer scale has its bits, as float32 has it or as it was cast from there.
  static func isExactly(_ tensor: Tensor) throws -> Bool {
    guard tensor.hasElements, (1...widest).contains(tensor.elementCount),
      let format = tensor.dtype.floatFormat
    else { return false }
    let bytes = try tensor.contiguousBytes()
    return bits(format).contains { scale in
      stride(from: 0, to: bytes.count, by: scale.count).allSatisfy {
        bytes[$0..<($0 + scale.count)].elementsEqual(scale)
      }
    }
  }

  /// No layer is wider; what claims to be is not read.
  private static let widest = 1 << 20

  private static func bits(_ format: FloatFormat) -> [[UInt8]] {
    var source: [UInt8] = []
    source.append(littleEndian: Float(value).bitPattern)
    var cast = [UInt8](repeating: 0, count: format.byteCount)
    _ = FloatCast(from: .float32, to: format).convert(source, count: 1, into: &cast)
    // A layer scale that was made in float64 is nearer.
    if format != .float64 { return [cast] }
    var double: [UInt8] = []
    double.append(littleEndian: value.bitPattern)
    return [cast, double]
  }
}

extension StateDict {
  /// The blocks of ConvNeXts whose layer scale is 1e-6 throughout: what it is before the first step of training.
  ///
  /// - Parameter isWanted: of which names to read the values.
  public func untrainedBlocks(where isWanted: (String) -> Bool = { _ in true }) throws -> [String] {
    let names = NamingScheme.allCases.filter { $0.has(.layerScale) }.map {
      (scale: $0.nameInBlock(.layerScale), depthwise: $0.nameInBlock(.depthwise) + ".weight")
    }
    /// The block whose layer scale the entry is: it has a depthwise convolution beside it.
    func block(_ entry: Entry) -> String? {
      for (scale, depthwise) in names {
        guard let block = entry.name.start(before: scale), !block.isEmpty,
          entry.tensor.shape.dropFirst().allSatisfy({ $0 == 1 }), self[block + depthwise] != nil
        else { continue }
        return String(block.dropLast())
      }
      return nil
    }
    return try entries.compactMap { entry in
      guard let block = block(entry), isWanted(entry.name), try InitialLayerScale.isExactly(entry.tensor)
      else {
        return nil
      }
      return block
    }
  }
}
