import SutureTensors
import TestSupport
import Testing

@testable import SutureModelRuntime

/// The fast engines against plain loops, on networks that chance makes up.
@Suite struct `The engines` {
  @Test func `agree on 200 random configurations`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Seeded(seed)
    var (outputs, outliers) = (0, [String]())
    for round in 0..<200 {
      let depths = (0..<4).map { _ in Int.random(in: 1...2, using: &generator) }
      let widest = round % 20 == 0 ? 70 : 20
      let dims = (0..<4).map { _ in Int.random(in: 9...widest, using: &generator) }
      let classes = Bool.random(using: &generator) ? Int.random(in: 1...20, using: &generator) : nil
      var dict = try Weights.random(depths: depths, dims: dims, classes: classes, &generator)
      if round % 4 == 0 { dict = try StateDict(dict.entries.filter { !$0.name.hasSuffix("gamma") }) }
      var image = try FeatureMap(
        batch: Int.random(in: 1...2, using: &generator), height: Int.random(in: 32...49, using: &generator),
        width: Int.random(in: 32...49, using: &generator), channels: 3)
      for index in image.values.indices { image.values[index] = Float.random(in: -2...2, using: &generator) }
      let plain = try ConvNeXt(dict, engine: .reference)
      let names = plain.outputNames
      let truths = try plain.outputs(names, of: image)
      for engine in [EngineKind.fast, .oneDNN] {
        for (ours, truth) in zip(try ConvNeXt(dict, engine: engine).outputs(names, of: image), truths) {
          #expect(ours.shape == truth.shape)
          let error = Difference(ours.values, from: truth.values).relative
          #expect(
            error < 1e-3, "seed \(seed), round \(round), \(engine): \(depths) \(dims) \(ours.name)")
          outputs += 1
          if error > 5e-6 { outliers.append("round \(round), \(engine): \(ours.name) \(error)") }
        }
      }
    }
    // A pixel whose few channels are nearly alike is normalised by a tiny deviation, and rounding with it; whichever engine
    // that strikes, it is rare. What is wrong is off by far more.
    #expect(outliers.count <= outputs / 100, "seed \(seed): \(outliers)")
  }

  @Test func `keep what was packed for one shape when they run another`() throws {
    var generator = Seeded(11)
    let dict = try Weights.random(depths: [1, 1, 2, 1], dims: [16, 32, 48, 64], classes: 9, &generator)
    let (fast, plain) = (try ConvNeXt(dict), try ConvNeXt(dict, engine: .reference))
    for (height, width, batch) in [
      (32, 32, 1), (97, 131, 1), (64, 32, 3), (32, 32, 1), (33, 63, 2), (40, 40, 1),
    ] {
      var image = try FeatureMap(batch: batch, height: height, width: width, channels: 3)
      for index in image.values.indices { image.values[index] = Float.random(in: -2...2, using: &generator) }
      let (ours, truth) = (try fast(image), try plain(image))
      #expect(Difference(ours.values, from: truth.values).relative < 5e-6)
      #expect(try fast(image).values == ours.values)
      if height == 33 {
        fast.release()
        #expect(try fast(image).values == ours.values)
      }
    }
  }

  @Test func `agree about half-precision weights, and bfloat16 products come near`() throws {
    var generator = Seeded(12)
    let dict = try Weights.random(depths: [1, 1, 1, 1], dims: [32, 32, 32, 32], classes: 7, &generator)
    let halves = try StateDict(
      dict.entries.map { entry in
        let bytes = try entry.tensor.floats().flatMap { value -> [UInt8] in
          let bits = Float16(value).bitPattern
          return [UInt8(bits & 0xFF), UInt8(bits >> 8)]
        }
        return .init(
          name: entry.name, tensor: try Tensor(Storage(bytes), dtype: .float16, shape: entry.tensor.shape))
      })
    let image = try FeatureMap.testImage(size: 64)
    let truth = try ConvNeXt(halves, engine: .reference)(image)
    #expect(Difference(try ConvNeXt(halves)(image).values, from: truth.values).relative < 5e-6)
    let error = Difference(try ConvNeXt(dict)(image).values, from: truth.values).relative
    #expect(error > 1e-5 && error < 2e-2)
    let coarse = try ConvNeXt(halves, precision: .bfloat16)(image)
    let difference = Difference(coarse.values, from: truth.values).relative
    // Not every processor computes in bfloat16, or faster than in float32.
    if try Precision.bfloat16.native().refusal == nil {
      #expect(difference > 1e-5 && difference < 5e-2)
    } else {
      #expect(coarse.values == (try ConvNeXt(halves)(image).values))
    }
  }
}
