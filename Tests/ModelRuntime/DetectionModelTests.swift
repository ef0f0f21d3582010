import SutureArchitectures
import SutureTensors
import TestSupport
import Testing

@testable import SutureModelRuntime

@Suite struct `A detector` {
  private func image(_ height: Int, _ width: Int, batch: Int = 1) throws -> FeatureMap {
    var image = try FeatureMap(batch: batch, height: height, width: width, channels: 3)
    for index in image.values.indices { image.values[index] = Float((index &* 7919) % 251) / 251 }
    return image
  }

  @Test func `computes on oneDNN what plain loops compute, layer by layer`() throws {
    let file = try ModelFile(SmallModelFile.with(), name: "cfg.yaml")
    for seed in 1...4 as ClosedRange<UInt64> {
      let weights = try Weights.random(for: file, seed: seed)
      let fast = try DetectionModel(file: file, weights: weights)
      let plain = try DetectionModel(file: file, weights: weights, engine: .reference)
      let image = try image(64, 96, batch: seed == 1 ? 2 : 1)
      let names = plain.outputNames
      #expect(names.count == 13 + 2 + 1)
      for (ours, truth) in zip(try fast.outputs(names, of: image), try plain.outputs(names, of: image)) {
        #expect(ours.shape == truth.shape)
        #expect(Difference(ours.values, from: truth.values).relative < 5e-6, "\(ours.name), seed \(seed)")
      }
      // The same where only the end is wanted, and buffers are shared.
      let alone = try fast.outputs(["detect.decoded"], of: image)[0]
      #expect(alone.values == (try fast.outputs(names, of: image).last?.values))
    }
  }

  @Test func `decodes boxes in pixels, level by level`() throws {
    let head = AnchorHead(anchors: [[10, 20, 30, 40]], strides: [8], outputsPerAnchor: 6)
    let map = FeatureMap(
      MapShape(batch: 1, height: 1, width: 2, channels: 12), [Float](repeating: 0, count: 24))
    let boxes = try map.show { head.decoded([$0]) }
    #expect(boxes.shape == [1, 4, 6])
    #expect(Array(boxes.values[0..<6]) == [4, 4, 10, 20, 0.5, 0.5])
    #expect(Array(boxes.values[18..<24]) == [12, 4, 30, 40, 0.5, 0.5])
    #expect(head.raw(map, "r").shape == [1, 2, 1, 2, 6])
  }

  @Test func `takes its anchors from the weights, where they are divided by the stride`() throws {
    let file = try ModelFile(SmallModelFile.with(), name: "cfg.yaml")
    var weights = try Weights.random(for: file, seed: 1)
    let strides = try DetectionModel(file: file, weights: weights).strides
    #expect(strides == [16, 32])
    let image = try image(32, 32)
    let own = try DetectionModel(file: file, weights: weights).outputs(["detect.decoded"], of: image)[0]
    let stored = zip(file.header.anchors, strides).flatMap { level, stride in
      level.map { Float($0) / Float(stride) }
    }
    try weights.append("model.13.anchors", try Tensor(floats: stored, shape: [2, 2, 2]))
    let model = try DetectionModel(file: file, weights: weights)
    let same = try model.outputs(["detect.decoded"], of: image)[0]
    #expect(Difference(same.values, from: own.values).relative < 1e-6)
    #expect(model.readNames.contains("model.13.anchors") && model.unexpectedNames.isEmpty)
  }

  @Test func `names the tensor that is missing, bent or too many`() throws {
    let file = try ModelFile(SmallModelFile.with(), name: "cfg.yaml")
    let weights = try Weights.random(for: file, seed: 1)
    let read = try DetectionModel(file: file, weights: weights).readNames
    for name in read where !name.hasSuffix("gamma") {
      let cut = try StateDict(weights.entries.filter { $0.name != name })
      let error = #expect(throws: ModelError.self, "\(name)") {
        try DetectionModel(file: file, weights: cut, engine: .reference)
      }
      if case .missing(let key)? = error { #expect(key == name) } else { #expect(Bool(false), "\(name)") }
    }
    let expected = file.expectedTensors().filter { $0.isRead && !$0.name.hasSuffix(".anchors") }
    #expect(Set(read) == Set(expected.map(\.name)))
    var more = weights
    try more.append("model.0.stages.0.1.gamma", try Tensor(floats: [1], shape: [1]))
    #expect(
      try DetectionModel(file: file, weights: more, engine: .reference).unexpectedNames
        == ["model.0.stages.0.1.gamma"])
  }

  @Test func `runs fused convolutions, which have a bias and no norm`() throws {
    let file = try ModelFile(SmallModelFile.with(), name: "cfg.yaml")
    let weights = try Weights.random(for: file, seed: 3)
    var fused = try StateDict(weights.entries.filter { !$0.name.contains(".bn.") })
    for entry in weights.entries where entry.name.hasSuffix(".bn.weight") {
      let start = String(entry.name.dropLast(".weight".count))
      let norm = try BatchNorm(start, in: weights, channels: entry.tensor.shape[0]).folded()
      let name = String(start.dropLast(".bn".count)) + ".conv"
      let old = try #require(weights[name + ".weight"])
      let size = old.elementCount / norm.scale.count
      let values = try old.floats().enumerated().map { Float(Double($1) * norm.scale[$0 / size]) }
      fused = try StateDict(
        fused.entries.filter { $0.name != name + ".weight" } + [
          .init(name: name + ".weight", tensor: try Tensor(floats: values, shape: old.shape)),
          .init(
            name: name + ".bias",
            tensor: try Tensor(floats: norm.shift.map { Float($0) }, shape: [norm.shift.count])),
        ])
    }
    let image = try image(64, 96)
    let truth = try DetectionModel(file: file, weights: weights, engine: .reference).outputs(
      ["detect.decoded"], of: image)[0]
    for engine in EngineKind.allCases {
      let model = try DetectionModel(file: file, weights: fused, engine: engine)
      #expect(model.unexpectedNames.isEmpty && !model.assumptions.contains { $0.what == "batch_norm.eps" })
      let ours = try model.outputs(["detect.decoded"], of: image)[0]
      #expect(Difference(ours.values, from: truth.values).relative < 5e-6)
    }
  }

  @Test func `refuses attention that the machine cannot hold, before anything is allocated`() throws {
    let text = """
      nc: 1
      depth_multiple: 1.0
      width_multiple: 1.0
      anchors:
        - [10, 13]
      backbone: [[-1, 1, C3TR, [8]]]
      head: [[[-1], 1, Detect, [nc, anchors]]]
      """
    let file = try ModelFile(Array(text.utf8), name: "cfg.yaml")
    let model = try DetectionModel(file: file, weights: try Weights.random(for: file, seed: 1))
    // A score for each pair of four million pixels, four times.
    let error = #expect(throws: ModelError.self) { try model.validate(batch: 1, height: 2048, width: 2048) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("model.0.m.tr.0.ma"))
  }

  @Test func `refuses an image whose maps do not fit together`() throws {
    let file = try ModelFile(SmallModelFile.with(), name: "cfg.yaml")
    let model = try DetectionModel(file: file, weights: try Weights.random(for: file, seed: 1))
    let error = #expect(throws: ModelError.self) {
      try model.outputs(["detect.decoded"], of: try image(48, 64))
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("multiples of 32"))
  }
}
