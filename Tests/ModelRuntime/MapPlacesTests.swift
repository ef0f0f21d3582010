import SutureArchitectures
import SutureTensors
import TestSupport
import Testing

@testable import SutureModelRuntime

/// Networks that chance makes up of what joins, takes and adds channels.
@Suite struct `Maps that are parts of others` {
  private let seed = UInt64.random(in: 0 ... .max)

  @Test func `hold what they hold by themselves, whichever values are asked for`() throws {
    var generator = Seeded(seed)
    let channels = 8
    let weights = try Weights.random(
      [
        ("a.weight", [channels, channels, 3, 3]), ("b.weight", [channels, channels, 1, 1]),
        ("d.weight", [channels, 1, 3, 3]), ("n.weight", [channels]), ("n.bias", [channels]),
      ], gain: 1, &generator)
    for round in 0..<60 {
      var builder = GraphBuilder(weights)
      // Values of `channels` channels, and of the image's size.
      var values = [0]
      func any() -> Int { values.randomElement(using: &generator) ?? 0 }
      func convolution(_ name: String, _ kernel: Int, adding other: Int?) throws -> Int {
        try builder.convolution(
          name,
          ConvolutionLayer(
            name, shape: [channels, channels, kernel, kernel], hasBias: false, padding: Sides(kernel / 2),
            activation: .silu), of: any(), adding: other)
      }
      /// Some channels of several values side by side.
      func joined() throws -> Int {
        let inputs = (0..<Int.random(in: 1...4, using: &generator)).map { _ in any() }
        let all = builder.concat("cat", inputs)
        let first = Int.random(in: 0...((inputs.count - 1) * channels), using: &generator)
        let range = first..<(first + channels)
        // In one piece or in two.
        let cut = Int.random(in: range, using: &generator)
        let isWhole = Bool.random(using: &generator) || cut == first
        return try builder.channels(
          "some", isWhole ? [range] : [cut..<range.upperBound, first..<cut], of: all)
      }
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: values.append(try convolution("a", 3, adding: nil))
        case 1: values.append(try convolution("b", 1, adding: nil))
        case 2: values.append(try convolution("a", 3, adding: any()))
        case 3: values.append(builder.add("add", any(), any()))
        case 4:
          values.append(try builder.maxPool("pool", kernel: 3, stride: 1, padding: 1, of: any()))
        case 5:
          let layer = ConvolutionLayer(
            "d", shape: [channels, 1, 3, 3], hasBias: false, padding: 1, groups: channels)
          values.append(try builder.convolution("d", layer, of: any()))
        case 6: values.append(try builder.layerNorm("n", channels: channels, epsilon: 1e-6, of: any()))
        default: values.append(try joined())
        }
      }
      let up = builder.upsample("up", factor: 2, of: any())
      let last = builder.concat("end", [up, builder.upsample("up", factor: 2, of: any()), up])
      let graph = builder.graph
      let outputs = Array(Set([last] + (0..<2).map { _ in Int.random(in: 0...last, using: &generator) }))
      var image = try FeatureMap(
        batch: Int.random(in: 1...2, using: &generator), height: 5, width: 4, channels: channels)
      for index in image.values.indices { image.values[index] = Float.random(in: -2...2, using: &generator) }

      var truths: [FeatureMap] = []
      let truth = try EngineKind.reference.make(graph, .float32).maps(of: image, outputs: outputs) {
        truths.append($0.map)
      }
      let engines =
        try InstructionSet.available.map { try OneDNNNetwork(graph, .float32, $0) } + [
          OneDNNNetwork(graph, .float32, nil)
        ]
      for engine in engines {
        // Again, where the image lies elsewhere, and with somebody watching.
        for run in 0..<2 {
          var observed: [FeatureMap] = []
          var image = image
          if run == 1 { image.values.reserveCapacity(image.values.count + 100) }
          let ours = try engine.maps(
            of: image, outputs: outputs, observe: run == 0 ? nil : { observed.append($0.map) })
          for (one, other) in zip(ours, truth) {
            #expect(one.shape == other.shape)
            #expect(
              Difference(one.values, from: other.values).relative < 2e-5, "seed \(seed), round \(round)")
          }
          for (one, other) in zip(observed, truths) {
            #expect(
              Difference(one.values, from: other.values).relative < 2e-5, "seed \(seed), round \(round)")
          }
          #expect(observed.count == run * truths.count)
        }
      }
    }
  }

  @Test func `are not copied where a C3 joins them`() throws {
    let shape = MapShape(batch: 1, height: 4, width: 4, channels: 8)
    var graph = Graph()
    let whole = graph.add("whole", Add(), [0, 0])
    let half = graph.add("half", Channels(ranges: [4..<8]), [whole])
    let sum = graph.add("sum", Add(), [half, half])
    let joined = graph.add("cat", Concat(), [sum, whole])
    let end = graph.add("end", Add(), [joined, joined])
    let shapes = try graph.shapes(for: shape, needed: graph.needed(for: [end]))
    let handling = [PartHandling.reaches, .takes(4..<8), .reaches, .joins, .reaches]
    func places(_ outputs: [Int]) -> MapPlaces {
      MapPlaces(graph, shapes, needed: graph.needed(for: outputs), outputs: outputs) { handling[$0] }
    }
    let own = places([end])
    #expect([whole, half, sum, joined, end].map(own.owner) == [joined, joined, joined, joined, end])
    #expect([whole, half, sum].map(own.firstChannel) == [4, 8, 0])
    #expect(own.placed(half, MapShape(batch: 1, height: 4, width: 4, channels: 4)).pitch == 12)
    #expect(own.ends(joined, at: 4) && !own.ends(joined, at: 3) && !own.isAlone(joined) && own.isAlone(end))
    // What is asked for lies by itself, with what is read of it.
    let asked = places([end, whole])
    #expect([whole, half, sum].map(asked.owner) == [whole, whole, joined])
    #expect(!asked.ends(whole, at: 3))
  }
}
