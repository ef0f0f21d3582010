import SutureText
import Testing

@testable import SutureArchitectures

@Suite struct `Copies of a backbone` {
  /// A name of each stage in the copies at `layers`.
  private func names(_ layers: [Int], _ start: String = "model.", stages: Range<Int> = 0..<4) -> [String] {
    layers.flatMap { layer in
      stages.flatMap {
        ["\(start)\(layer).downsample_layers.\($0).0.weight", "\(start)\(layer).stages.\($0).0.gamma"]
      }
    }
  }

  private func stages(_ names: [String], told: [String: Int] = [:]) -> [[Int?]] {
    BackboneReplicas(
      names, told: .init(uniqueKeysWithValues: told.map { (ExactString($0.key), $0.value) })
    ).models.map { $0.map(\.stage) }
  }

  @Test(arguments: [[0, 1, 2, 3], [4, 5, 6, 7], [1, 2, 4, 7], [8, 9, 10, 11], [98, 99, 100, 101]])
  func `four of them run the stages in the order of their layers, whatever order the names have`(
    layers: [Int]
  ) {
    for names in [names(layers), names(layers).sorted(), names(layers).reversed()] {
      let replicas = BackboneReplicas(names)
      #expect(replicas.models.map { $0.map(\.number) } == [layers] && replicas.undecided.isEmpty)
      for (stage, layer) in layers.enumerated() {
        for other in 0..<4 {
          #expect(replicas.isRead("model.\(layer).stages.\(other).0.gamma") == (stage == other))
          #expect(replicas.isRead("model.\(layer).downsample_layers.\(other).0.weight") == (stage == other))
        }
      }
      let prefixes = layers.map { "model.\($0)." }
      #expect(
        replicas.inOrder(prefixes.sorted()) == prefixes && replicas.inOrder(prefixes.reversed()) == prefixes)
      #expect(replicas.inOrder(Array(prefixes.dropLast())) == nil)
    }
  }

  @Test func `run the stages that a module or a model file says`() {
    let told = ["model.4.": 3, "model.5.": 2, "model.6.": 1, "model.7.": 0]
    #expect(stages(names([4, 5, 6, 7]), told: told) == [[3, 2, 1, 0]])
    #expect(stages(names([6]), told: told) == [[1]])
    #expect(
      BackboneReplicas(names([4, 5, 6, 7]), told: [ExactString("model.4."): 1]).inOrder(
        [4, 5, 6, 7].map { "model.\($0)." }) == nil)
  }

  @Test func `run what is left of them where that is one stage`() {
    let cut = [2, 5, 9].enumerated().flatMap { names([$1], stages: $0..<($0 + 1)) }
    #expect(stages(cut) == [[0, 1, 2]])
    #expect(stages(names([7], stages: 3..<4)) == [[3]])
  }

  @Test func `two or three from layer 0 on run the first stages`() {
    #expect(stages(names([0, 1, 2])) == [[0, 1, 2]] && stages(names([0, 1])) == [[0, 1]])
  }

  @Test(arguments: [[0], [3], [1, 2, 3], [0, 2], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6, 7]])
  func `of others nothing tells what they run`(layers: [Int]) {
    let replicas = BackboneReplicas(names(layers))
    #expect(replicas.undecided.map(\.number) == layers)
    #expect(replicas.isRead("model.\(layers[0]).stages.0.0.gamma") == nil)
  }

  @Test func `of an EMA beside the weights are counted by themselves`() {
    let all =
      names([2, 3, 4, 5]) + names([2, 3, 4, 5], "ema.model.") + names([0, 1, 2, 3], "module.model.")
    #expect(stages(all) == [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]])
    #expect(BackboneReplicas(all).isRead("ema.model.3.stages.1.0.gamma") == true)
  }

  @Test(arguments: [
    "model.0.norm.weight", "stages.0.0.gamma", "model.0.stages.0", "model.x.stages.0.0.gamma",
    "model.0.stages.4.0.gamma", "model..stages.0.0.gamma", "model.0.stages.-1.0.gamma",
    "model.99999999999999999999.stages.0.0.gamma", "a.b.c", "",
  ])
  func `are not what has other names`(name: String) {
    let replicas = BackboneReplicas([name])
    #expect(replicas.isRead(name) == nil && replicas.undecided.isEmpty)
  }
}
