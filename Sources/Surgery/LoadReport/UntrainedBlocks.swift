internal import SutureBytes
internal import SutureNumbers
public import SutureTensors

extension StateDict {
  /// The blocks of ConvNeXts whose layer scale is 1e-6 throughout: what it is before the first step of training.
  ///
  /// - Parameter isWanted: of which names to read the values.
  /// - Throws: what reading throws.
  public func untrainedBlocks(where isWanted: (String) -> Bool = { _ in true }) throws -> [String] {
    try entries.compactMap { entry in
      guard let block = block(ofScale: entry), isWanted(entry.name), try entry.tensor.isInitialScale else {
        return nil
      }
      return block
    }
  }

  /// The block whose layer scale the entry is: it has a depthwise convolution beside it.
  private func block(ofScale entry: Entry) -> String? {
    let pairs = [
      ("gamma", ["dwconv", "conv_dw", "depthwise_conv"]), ("layer_scale", ["block.0"]),
      ("layer_scale_parameter", ["dwconv"]),
    ]
    for (scale, convolutions) in pairs {
      guard let block = entry.name.start(before: scale), !block.isEmpty,
        entry.tensor.shape.dropFirst().allSatisfy({ $0 == 1 }),
        convolutions.contains(where: { self["\(block)\($0).weight"] != nil })
      else { continue }
      return String(block.dropLast())
    }
    return nil
  }
}

extension Tensor {
  /// Whether every element is 1e-6, as float32 has it or as it was cast.
  fileprivate var isInitialScale: Bool {
    get throws {
      guard hasElements, (1...Self.widest).contains(elementCount), let format = dtype.floatFormat else {
        return false
      }
      let bytes = try contiguousBytes()
      return Self.initialScales(format).contains { scale in
        stride(from: 0, to: bytes.count, by: scale.count).allSatisfy {
          bytes[$0..<($0 + scale.count)].elementsEqual(scale)
        }
      }
    }
  }

  /// No layer is wider; what claims to be is not read.
  private static var widest: Int { 1 << 20 }

  private static func initialScales(_ format: FloatFormat) -> [[UInt8]] {
    let single = Float(1e-6)
    var source: [UInt8] = []
    source.append(littleEndian: single.bitPattern)
    var cast = [UInt8](repeating: 0, count: format.byteCount)
    _ = FloatCast(from: .float32, to: format).convert(source, count: 1, into: &cast)
    // A layer scale that was made in float64 is nearer.
    if format != .float64 { return [cast] }
    var double: [UInt8] = []
    double.append(littleEndian: 1e-6.bitPattern)
    return [cast, double]
  }
}
