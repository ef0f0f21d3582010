internal import CSutureKernels
internal import CSutureOneDNN
internal import SutureBytes

/// What the layers are compiled for.
struct CompilerContext {
  let dnnl: OneDNN
  let precision: Precision
  /// What kernels of ours are made of, which compute what they can; `nil` where oneDNN computes all.
  let instructions: InstructionSet?

  /// How many threads oneDNN and the kernels run.
  static var threads: Int { teamSize }
}

/// What the products of convolutions and linear layers are computed in; sums are float32 always.
public enum Precision: String, Sendable, CaseIterable {
  case float32
  /// Inputs and weights rounded to 8 bits of mantissa: faster, and some 1 % off. The residual stream, depthwise
  /// convolutions and norms stay float32.
  case bfloat16
}

// MARK: Primitives that several layers use

extension CompilerContext {
  /// Normalises `rows` pixels; with weight and bias where `isAffine`.
  func normalization(
    rows: Int, channels: Int, epsilon: Double, isAffine: Bool
  ) throws -> (primitive: Primitive, layout: Layout) {
    let layout = try Layout([rows, channels], dnnl_ab)
    var descriptor = dnnl_layer_normalization_desc_t()
    let flags = isAffine ? dnnl_use_scale.rawValue | dnnl_use_shift.rawValue : 0
    try unsafe check(
      dnnl_layer_normalization_forward_desc_init(
        &descriptor, dnnl_forward_inference, &layout.value, nil, Float(epsilon), UInt32(flags)),
      "a layer norm cannot be described")
    return unsafe (try Primitive(&descriptor, try Attributes(), dnnl), layout)
  }

  /// Copies from one layout or element type to another.
  func reorder(_ from: Layout, _ to: Layout) throws -> Primitive {
    let attributes = try Attributes()
    return try unsafe Primitive(
      owning: made("a layout cannot be made of another") {
        unsafe dnnl_reorder_primitive_desc_create(
          &$0, &from.value, dnnl.engine, &to.value, dnnl.engine, attributes.handle)
      })
  }
}

// MARK: Kernels of ours

extension CompilerContext {
  var kernelThreads: Int32 { Int32(clamping: Self.threads) }

  typealias Run = (
    _ x: [UnsafePointer<Float>], _ y: UnsafeMutablePointer<Float>, _ weights: UnsafeMutableRawPointer,
    _ biases: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) -> Void

  /// A layer that is one call of a kernel.
  func layer(
    _ request: WeightRequest, scratch: Int, replacing input: Int? = nil, _ run: @escaping Run
  ) -> CompiledLayer {
    CompiledLayer(weights: [request], scratchByteCount: scratch, replacedInput: input) { buffers in
      let packed = buffers.weights[0]
      return [
        {
          unsafe run(
            buffers.inputs.map { unsafe UnsafePointer($0.floats) }, buffers.output.floats, packed.weights,
            packed.bias.floats,
            buffers.scratch)
        }
      ]
    }
  }
}

extension CompilerContext {
  /// A convolution of all channels on its kernel.
  ///
  /// - Parameters:
  ///   - weightCount: of its weights, [out, in, kernel, kernel].
  ///   - fill: reads them and the biases.
  func product(
    _ kernel: suture_convolution, weightCount: Int, _ fill: @escaping WeightRequest.Fill
  ) throws -> CompiledLayer {
    var kernel = kernel
    let outputs = kernel.outputs
    let request = unsafe WeightRequest(
      packed: try Layout([suture_convolution_weight_words(&kernel)], dnnl_a),
      weightCount: weightCount + suture_convolution_packing_floats(&kernel),
      biasCount: suture_convolution_bias_count(&kernel),
      packing: .kernel { [kernel] scratch, weights, biases in
        var kernel = kernel
        var bias = [Float](repeating: 0, count: outputs)
        try unsafe bias.withUnsafeMutableBufferPointer {
          try unsafe fill(UnsafeMutableBufferPointer(rebasing: scratch[..<weightCount]), $0)
        }
        unsafe suture_convolution_pack(
          &kernel, scratch.baseAddress, bias, weights, biases,
          scratch.baseAddress.map { unsafe $0 + weightCount })
      })
    return unsafe layer(request, scratch: suture_convolution_scratch(&kernel)) {
      [kernel] x, y, weights, biases, scratch in
      var kernel = kernel
      unsafe suture_convolution_run(&kernel, x[0], x.count > 1 ? x[1] : nil, y, weights, biases, scratch)
    }
  }
}

extension Precision {
  var ofKernels: suture_precision {
    self == .bfloat16 ? SUTURE_PRECISION_BFLOAT16 : SUTURE_PRECISION_FLOAT32
  }
}

extension UnsafeMutableRawPointer {
  var floats: UnsafeMutablePointer<Float> { unsafe assumingMemoryBound(to: Float.self) }
}
