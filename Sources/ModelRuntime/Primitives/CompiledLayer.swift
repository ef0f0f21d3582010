/// A node made ready for inputs of one shape: what weights it wants, what memory it needs, how it runs.
struct CompiledLayer {
  /// Where the layer's data lie while it runs.
  @safe struct Buffers {
    let inputs: [UnsafeMutableRawPointer]
    let output: UnsafeMutableRawPointer
    let weights: [PackedWeights]
    let scratch: UnsafeMutableRawPointer
  }

  typealias Work = () throws -> Void

  var weights: [WeightRequest] = []
  /// How many bytes it needs while it runs.
  var scratchByteCount = 0
  /// Which input's buffer the output takes over; copied to one of its own where that input is needed later.
  var replacedInput: Int?
  /// Which input's buffer the output may take over where nobody needs that input later.
  var reusableInput: Int?
  /// Gives what is to be done at each run.
  let emit: (Buffers) throws -> [Work]
}

/// Weights that a layer wants: how they are read, and how they are to lie.
struct WeightRequest {
  /// Reads weights and bias, folded with what stands beside them.
  typealias Fill = (
    _ weights: UnsafeMutableBufferPointer<Float>, _ bias: UnsafeMutableBufferPointer<Float>
  ) throws -> Void

  /// How what is read comes to lie as it is wanted.
  @safe enum Packing {
    /// It is read so.
    case none(Fill)
    /// oneDNN reorders it from row-major float32, part by part; the parts begin `offset` elements apart.
    case reorder(from: Layout, offset: Int, Fill)
    /// A kernel of ours packs it, by way of a scratch buffer of ``weightCount`` floats.
    case kernel(
      (
        _ scratch: UnsafeMutableBufferPointer<Float>, _ weights: UnsafeMutableRawPointer,
        _ bias: UnsafeMutablePointer<Float>
      ) throws -> Void)
  }

  /// How one part is to lie.
  let packed: Layout
  /// How many parts there are, one after the other along the sum.
  var partCount = 1
  /// How many floats are read at a time.
  let weightCount: Int
  let biasCount: Int
  let packing: Packing

  var byteCount: Int { partCount * Region.aligned(packed.byteCount) + Region.aligned(biasCount * 4) }
}

/// Weights as a primitive wants them.
@safe struct PackedWeights {
  let region: Region
  /// Of one part.
  let layout: Layout
  let weights: UnsafeMutableRawPointer
  let bias: UnsafeMutableRawPointer

  func part(_ index: Int) -> UnsafeMutableRawPointer {
    unsafe weights + index * Region.aligned(layout.byteCount)
  }
}
