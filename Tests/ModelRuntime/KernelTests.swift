import CSutureKernels
import Glibc
import TestSupport
import Testing

@testable import SutureModelRuntime

/// The kernels against sums in double precision, on sizes that chance makes up and on any number of threads.
@Suite struct `A kernel` {
  private let seed = UInt64.random(in: 0 ... .max)

  /// What kernels are made of, and what they compute in.
  struct Kind: CustomTestStringConvertible {
    let instructions: InstructionSet
    let precision: Precision

    var testDescription: String { "\(instructions), \(precision)" }
    var isa: suture_isa { instructions.ofKernels }
    var ofKernels: suture_precision { precision.ofKernels }
  }

  /// Every kind that this processor has.
  static let kinds = Precision.allCases.flatMap { precision in
    InstructionSet.allCases.filter { $0.isAvailable(for: precision) }.map {
      Kind(instructions: $0, precision: precision)
    }
  }
  static let exact = kinds.filter { $0.precision == .float32 }

  /// How far a sum of `count` products of numbers of size 1 may be off.
  private static func bound(_ precision: Precision) -> Double {
    precision == .bfloat16 ? 3e-2 : 3e-6
  }

  @Test(arguments: kinds)
  func `computes norm, products, GELU and residual`(kind: Kind) throws {
    var generator = Seeded(seed)
    for round in 0..<40 {
      // From one channel to more than a stretch of sums holds, and from one row to several tiles.
      let channels = Int.random(in: 1...(round % 8 == 0 ? 900 : 100), using: &generator)
      let hidden = round % 3 == 0 ? Int.random(in: 1...900, using: &generator) : 4 * channels
      let rows = Int.random(in: 1...(round % 5 == 0 ? 400 : 40), using: &generator)
      var layer = suture_feed_forward(
        isa: kind.isa, precision: kind.ofKernels, rows: rows, channels: channels, hidden: hidden,
        epsilon: 1e-6,
        threads: Int32.random(in: 1...5, using: &generator))
      let first = floats(hidden * channels, 1 / Float(channels).squareRoot(), &generator)
      let second = floats(channels * hidden, 1 / Float(hidden).squareRoot(), &generator)
      let (firstBias, secondBias) = (floats(hidden, 1, &generator), floats(channels, 1, &generator))
      let (x, residual) = (floats(rows * channels, 2, &generator), floats(rows * channels, 1, &generator))

      let memory = Memory()
      defer { memory.free() }
      let weights = memory.floats(suture_feed_forward_weight_words(&layer))
      let biases = memory.floats(suture_feed_forward_bias_count(&layer))
      let scratch = memory.floats(suture_feed_forward_scratch(&layer) / 4)
      suture_feed_forward_pack_first(&layer, first, firstBias, weights, biases)
      suture_feed_forward_pack_second(&layer, second, secondBias, weights, biases)
      var y = residual
      suture_feed_forward_run(&layer, x, &y, weights, biases, scratch)

      for row in Set([0, rows / 2, rows - 1]) {
        let normal = normalized(Array(x[(row * channels)..<((row + 1) * channels)]))
        let middle = (0..<hidden).map { unit in
          let sum = (0..<channels).reduce(Double(firstBias[unit])) {
            $0 + normal[$1] * Double(first[unit * channels + $1])
          }
          return 0.5 * sum * (1 + erf(sum / 2.0.squareRoot()))
        }
        for channel in 0..<channels {
          let sum = (0..<hidden).reduce(Double(secondBias[channel] + residual[row * channels + channel])) {
            $0 + middle[$1] * Double(second[channel * hidden + $1])
          }
          let error = abs(sum - Double(y[row * channels + channel]))
          #expect(
            error < Self.bound(kind.precision) * max(1, abs(sum)),
            "\(kind.testDescription), seed \(seed), round \(round): \(rows)×\(channels), \(hidden), \(layer.threads) threads"
          )
        }
      }
    }
  }

  @Test(arguments: kinds)
  func `convolves all channels, normalised before or activated after, as parts of larger maps or not`(
    kind: Kind
  )
    throws
  {
    var generator = Seeded(seed)
    for round in 0..<80 {
      let kernel = Int.random(in: 1...4, using: &generator)
      let normalizes = round % 3 == 0
      // Sums longer than a group of stretches holds, now and then.
      let inputs = Int.random(in: 1...(round % 10 == 0 ? 300 : 40), using: &generator)
      let outputs = Int.random(in: 1...100, using: &generator)
      let (height, width) = (
        Int.random(in: 4...20, using: &generator), Int.random(in: 4...20, using: &generator)
      )
      let batch = Int.random(in: 1...3, using: &generator)
      let stride = Int.random(in: 1...4, using: &generator)
      let padding = normalizes ? 0 : Int.random(in: 0...kernel, using: &generator)
      // As far apart as fall into the same places of a cache, now and then.
      func pitch(_ channels: Int) -> Int {
        [channels, channels + Int.random(in: 0...40, using: &generator), 512].filter { $0 >= channels }
          .randomElement(using: &generator) ?? channels
      }
      let isApart = round % 2 == 1
      let pitches = suture_pitches(
        input: isApart ? pitch(inputs) : 0, output: isApart ? pitch(outputs) : 0,
        added: isApart ? pitch(outputs) : 0)
      let apart = (
        input: max(pitches.input, inputs), output: max(pitches.output, outputs),
        added: max(pitches.added, outputs)
      )
      var layer = suture_convolution(
        isa: kind.isa, precision: kind.ofKernels, batch: batch, height: height, width: width, inputs: inputs,
        outputs: outputs,
        kernel: kernel, stride: stride, padding: padding, pitches: pitches, normalizes: normalizes,
        activates: Bool.random(using: &generator),
        epsilon: 1e-6, threads: Int32.random(in: 1...5, using: &generator))
      let length = inputs * kernel * kernel
      let kernels = floats(outputs * length, 1 / Float(length).squareRoot(), &generator)
      let bias = floats(outputs, 1, &generator)
      let x = floats(batch * height * width * apart.input, 2, &generator)

      let memory = Memory()
      defer { memory.free() }
      let weights = memory.floats(suture_convolution_weight_words(&layer))
      let biases = memory.floats(suture_convolution_bias_count(&layer))
      let scratch = memory.floats(suture_convolution_scratch(&layer) / 4)
      let room = memory.floats(suture_convolution_packing_floats(&layer))
      suture_convolution_pack(&layer, kernels, bias, weights, biases, room)
      let (down, across) = (
        (height + 2 * padding - kernel) / stride + 1, (width + 2 * padding - kernel) / stride + 1
      )
      let pixels = batch * down * across
      var y = [Float](repeating: .nan, count: pixels * apart.output)
      let added = floats(pixels * apart.added, 2, &generator)
      let adds = Bool.random(using: &generator)
      suture_convolution_run(&layer, x, adds ? added : nil, &y, weights, biases, scratch)
      let isWrittenBeside = (0..<pixels).contains { pixel in
        y[(pixel * apart.output + outputs)..<((pixel + 1) * apart.output)].contains { !$0.isNaN }
      }
      #expect(!isWrittenBeside, "\(kind.testDescription), seed \(seed), round \(round): \(layer)")

      for (row, column) in [(0, 0), (down - 1, across - 1), (down / 2, across / 2)] {
        let image = Int.random(in: 0..<batch, using: &generator)
        var sums = bias.map { Double($0) }
        for place in 0..<(kernel * kernel) {
          let (top, left) = (
            row * stride + place / kernel - padding, column * stride + place % kernel - padding
          )
          guard 0..<height ~= top, 0..<width ~= left else { continue }
          let start = ((image * height + top) * width + left) * apart.input
          let pixel = Array(x[start..<(start + inputs)])
          for (input, value) in (normalizes ? normalized(pixel) : pixel.map { Double($0) }).enumerated() {
            for output in 0..<outputs {
              sums[output] += value * Double(kernels[(output * inputs + input) * kernel * kernel + place])
            }
          }
        }
        for (output, sum) in sums.enumerated() {
          let place = (image * down + row) * across + column
          let truth =
            (layer.activates ? sum / (1 + exp(-sum)) : sum)
            + (adds ? Double(added[place * apart.added + output]) : 0)
          let ours = y[place * apart.output + output]
          #expect(
            abs(truth - Double(ours)) < Self.bound(kind.precision) * max(1, abs(sum)),
            "\(kind.testDescription), seed \(seed), round \(round): \(layer)")
        }
      }
    }
  }

  @Test(arguments: exact) func `knows SiLU to its tails`(kind: Kind) throws {
    let inputs = stride(from: Float(-110), through: 110, by: 0.05).map { $0 } + [-1e30, -1e6, 1e6, 0, 1e-30]
    var layer = suture_convolution(
      isa: kind.isa, precision: SUTURE_PRECISION_FLOAT32, batch: 1, height: 1, width: inputs.count, inputs: 1,
      outputs: 1,
      kernel: 1,
      stride: 1, padding: 0, pitches: suture_pitches(), normalizes: false, activates: true, epsilon: 0,
      threads: 1)
    let memory = Memory()
    defer { memory.free() }
    let weights = memory.floats(suture_convolution_weight_words(&layer))
    let biases = memory.floats(suture_convolution_bias_count(&layer))
    let scratch = memory.floats(suture_convolution_scratch(&layer) / 4)
    suture_convolution_pack(&layer, [1], [0], weights, biases, memory.floats(32))
    var y = [Float](repeating: .nan, count: inputs.count)
    suture_convolution_run(&layer, inputs, nil, &y, weights, biases, scratch)
    for (input, ours) in zip(inputs, y) {
      let truth = Double(input) / (1 + exp(-Double(input)))
      #expect(abs(truth - Double(ours)) <= 2e-7 * max(1, abs(truth)), "SiLU of \(input)")
    }
  }

  @Test(arguments: exact) func `convolves each channel by itself, to the border`(kind: Kind) throws {
    var generator = Seeded(seed)
    for round in 0..<40 {
      let channels = Int.random(in: 1...50, using: &generator)
      // Wider than the strip that is computed at a time, or narrower than the kernel.
      let (height, width) = (
        Int.random(in: 1...20, using: &generator),
        Int.random(in: 1...(round % 4 == 0 ? 200 : 20), using: &generator)
      )
      let batch = Int.random(in: 1...3, using: &generator)
      var layer = suture_depthwise(
        isa: kind.isa, precision: SUTURE_PRECISION_FLOAT32, batch: batch, height: height, width: width,
        channels: channels,
        threads: Int32.random(in: 1...5, using: &generator))
      let (kernels, bias) = (floats(channels * 49, 1, &generator), floats(channels, 1, &generator))
      let x = floats(batch * height * width * channels, 1, &generator)
      let memory = Memory()
      defer { memory.free() }
      let weights = memory.floats(suture_depthwise_weight_count(&layer))
      let biases = memory.floats(suture_depthwise_bias_count(&layer))
      let scratch = memory.floats(suture_depthwise_scratch(&layer) / 4)
      suture_depthwise_pack(&layer, kernels, bias, weights, biases)
      var y = [Float](repeating: .nan, count: x.count)
      suture_depthwise_run(&layer, x, &y, weights, biases, scratch)

      for place in 0..<(batch * height * width) {
        let (image, row, column) = (place / width / height, place / width % height, place % width)
        let channel = Int.random(in: 0..<channels, using: &generator)
        var sum = Double(bias[channel])
        for dy in max(0, 3 - row)..<min(7, height + 3 - row) {
          for dx in max(0, 3 - column)..<min(7, width + 3 - column) {
            let source = ((image * height + row + dy - 3) * width + column + dx - 3) * channels + channel
            sum += Double(x[source]) * Double(kernels[channel * 49 + dy * 7 + dx])
          }
        }
        let error = abs(sum - Double(y[place * channels + channel]))
        #expect(error < 2e-5, "\(kind.testDescription), seed \(seed), round \(round): \(layer)")
      }
    }
  }

  @Test(arguments: exact) func `convolves each channel by a small kernel, activated after or not`(kind: Kind)
    throws
  {
    var generator = Seeded(seed)
    for round in 0..<20 {
      // From one channel to more vectors than are summed at once, and kernels wider than the image.
      let channels = Int.random(in: 1...150, using: &generator)
      let kernel = Int.random(in: 1...6, using: &generator)
      let (stride, padding) = (
        Int.random(in: 1...3, using: &generator), Int.random(in: 0...kernel, using: &generator)
      )
      let least = max(1, kernel - 2 * padding)
      let (height, width) = (
        Int.random(in: least...(least + 12), using: &generator),
        Int.random(in: least...(least + 12), using: &generator)
      )
      let batch = Int.random(in: 1...3, using: &generator)
      var layer = suture_small_depthwise(
        isa: kind.isa, precision: SUTURE_PRECISION_FLOAT32, batch: batch, height: height, width: width,
        channels: channels, kernel: kernel, stride: stride,
        padding: padding, activates: round % 2 == 0, threads: Int32.random(in: 1...5, using: &generator))
      let kernels = floats(channels * kernel * kernel, 1, &generator)
      let (bias, x) = (
        floats(channels, 1, &generator), floats(batch * height * width * channels, 1, &generator)
      )
      let memory = Memory()
      defer { memory.free() }
      let weights = memory.floats(suture_small_depthwise_weight_count(&layer))
      let biases = memory.floats(suture_small_depthwise_bias_count(&layer))
      suture_small_depthwise_pack(&layer, kernels, bias, weights, biases)
      let (down, across) = (
        (height + 2 * padding - kernel) / stride + 1, (width + 2 * padding - kernel) / stride + 1
      )
      // What lies behind the output is not written.
      var y = [Float](repeating: .nan, count: batch * down * across * channels + 16)
      suture_small_depthwise_run(&layer, x, &y, weights, biases)

      for place in 0..<(batch * down * across) {
        let (image, row, column) = (place / across / down, place / across % down, place % across)
        for channel in Set([0, channels - 1, Int.random(in: 0..<channels, using: &generator)]) {
          var sum = Double(bias[channel])
          for dy in 0..<kernel {
            for dx in 0..<kernel {
              let (top, left) = (row * stride + dy - padding, column * stride + dx - padding)
              guard 0..<height ~= top, 0..<width ~= left else { continue }
              let source = ((image * height + top) * width + left) * channels + channel
              sum += Double(x[source]) * Double(kernels[(channel * kernel + dy) * kernel + dx])
            }
          }
          let truth = layer.activates ? sum / (1 + exp(-sum)) : sum
          let error = abs(truth - Double(y[place * channels + channel]))
          #expect(error < 2e-5, "\(kind.testDescription), seed \(seed), round \(round): \(layer)")
        }
      }
      let isUntouched = y.suffix(16).allSatisfy { $0.isNaN }
      #expect(isUntouched, "\(kind.testDescription), seed \(seed), round \(round): \(layer)")
    }
  }

  @Test(arguments: exact)
  func `takes the largest of each window, or NaN where one is there`(kind: Kind) throws {
    var generator = Seeded(seed)
    for round in 0..<40 {
      let channels = Int.random(in: 1...70, using: &generator)
      let kernel = Int.random(in: 1...6, using: &generator)
      let (stride, padding) = (
        Int.random(in: 1...3, using: &generator), Int.random(in: 0...(kernel / 2), using: &generator)
      )
      let (height, width, batch) = (
        Int.random(in: kernel...12, using: &generator), Int.random(in: kernel...12, using: &generator),
        Int.random(in: 1...3, using: &generator)
      )
      // One more where the last window reaches beyond the edge.
      func size(_ input: Int) -> Int { (input + 2 * padding - kernel) / stride + 1 + round % 2 }
      let (down, across) = (size(height), size(width))
      let apart = (
        input: channels + Int.random(in: 0...9, using: &generator),
        output: channels + Int.random(in: 0...9, using: &generator)
      )
      var layer = suture_max_pool(
        isa: kind.isa, precision: SUTURE_PRECISION_FLOAT32, batch: batch, height: height, width: width,
        channels: channels, down: down, across: across, kernel: kernel, stride: stride, padding: padding,
        pitches: suture_pitches(input: apart.input, output: apart.output, added: 0),
        threads: Int32.random(in: 1...5, using: &generator))
      var x = floats(batch * height * width * apart.input, 2, &generator)
      for _ in 0..<3 { x[Int.random(in: x.indices, using: &generator)] = .nan }
      let memory = Memory()
      defer { memory.free() }
      var y = [Float](repeating: 7, count: batch * down * across * apart.output)
      suture_max_pool_run(&layer, x, &y, memory.floats(suture_max_pool_scratch(&layer) / 4))

      for place in 0..<(batch * down * across) {
        let (image, row, column) = (place / across / down, place / across % down, place % across)
        for channel in 0..<apart.output {
          var truth = channel < channels ? -Float.infinity : 7
          for window in 0..<(channel < channels ? kernel * kernel : 0) {
            let (top, left) = (
              row * stride + window / kernel - padding, column * stride + window % kernel - padding
            )
            guard 0..<height ~= top, 0..<width ~= left else { continue }
            let value = x[((image * height + top) * width + left) * apart.input + channel]
            truth = truth.isNaN || value.isNaN ? .nan : max(truth, value)
          }
          let ours = y[place * apart.output + channel]
          let isSame = truth.isNaN ? ours.isNaN : truth == ours
          #expect(isSame, "\(kind.testDescription), seed \(seed), round \(round): \(layer)")
        }
      }
    }
  }

  @Test(arguments: exact) func `knows GELU to its tails`(kind: Kind) throws {
    // One channel is normalised to 0, so that what GELU sees is the bias of the first product.
    let inputs =
      stride(from: Float(-12), through: 12, by: 0.01).map { $0 } + [-1e30, -1e6, 1e6, 0, -0.0, 1e-30]
    for input in inputs {
      var layer = suture_feed_forward(
        isa: kind.isa, precision: SUTURE_PRECISION_FLOAT32, rows: 1, channels: 1, hidden: 1, epsilon: 1e-6,
        threads: 1)
      let memory = Memory()
      defer { memory.free() }
      let weights = memory.floats(suture_feed_forward_weight_words(&layer))
      let biases = memory.floats(suture_feed_forward_bias_count(&layer))
      let scratch = memory.floats(suture_feed_forward_scratch(&layer) / 4)
      suture_feed_forward_pack_first(&layer, [1], [input], weights, biases)
      suture_feed_forward_pack_second(&layer, [1], [0], weights, biases)
      var y: [Float] = [0]
      suture_feed_forward_run(&layer, [5], &y, weights, biases, scratch)
      let truth = 0.5 * Double(input) * (1 + erf(Double(input) / 2.0.squareRoot()))
      #expect(abs(truth - Double(y[0])) <= 2e-7 * max(1, abs(truth)), "GELU of \(input)")
    }
  }

  @Test(arguments: exact) func `normalizes each pixel, then scales and shifts it`(kind: Kind) throws {
    var generator = Seeded(seed)
    for round in 0..<20 {
      let (rows, channels) = (
        Int.random(in: 1...40, using: &generator), Int.random(in: 1...100, using: &generator)
      )
      var layer = suture_layer_norm(
        isa: kind.isa, precision: SUTURE_PRECISION_FLOAT32, rows: rows, channels: channels, epsilon: 1e-6,
        threads: Int32.random(in: 1...5, using: &generator))
      let (weight, bias) = (floats(channels, 1, &generator), floats(channels, 1, &generator))
      let x = floats(rows * channels, 2, &generator)
      // What lies behind the last row is not written.
      var y = x + [7]
      suture_layer_norm_run(&layer, &y, weight, bias)
      for row in 0..<rows {
        let normal = normalized(Array(x[(row * channels)..<((row + 1) * channels)]))
        for channel in 0..<channels {
          let truth = normal[channel] * Double(weight[channel]) + Double(bias[channel])
          let error = abs(truth - Double(y[row * channels + channel]))
          #expect(error < 1e-5, "\(kind.testDescription), seed \(seed), round \(round): \(layer)")
        }
      }
      #expect(y.last == 7)
    }
  }

  private func floats(_ count: Int, _ size: Float, _ generator: inout Seeded) -> [Float] {
    (0..<count).map { _ in Float.random(in: -size...size, using: &generator) }
  }

  private func normalized(_ pixel: [Float]) -> [Double] {
    let mean = pixel.reduce(0) { $0 + Double($1) } / Double(pixel.count)
    let variance = pixel.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(pixel.count)
    return pixel.map { (Double($0) - mean) / (variance + 1e-6).squareRoot() }
  }
}

/// Buffers that begin with a cache line, full of what must not be read.
private final class Memory {
  private var buffers: [UnsafeMutableRawPointer] = []

  func floats(_ count: some BinaryInteger) -> UnsafeMutablePointer<Float> {
    let count = max(Int(count), 1)
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
    buffers.append(buffer)
    let floats = buffer.bindMemory(to: Float.self, capacity: count)
    floats.update(repeating: .nan, count: count)
    return floats
  }

  func free() { for buffer in buffers { buffer.deallocate() } }
}
