import SutureArchitectures
import SutureCheckpoints
import SutureModelRuntime
import SutureTensors
import SutureWorkflows
import TestSupport
import Testing

@Suite struct `What weights do not say` {
  private let atto: Checkpoint

  init() throws {
    atto = try Checkpoint.open(
      projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth")
  }

  private func report(_ settings: NetworkSettings) throws -> VerificationReport {
    try Verification(of: atto, image: .testImage(side: 32), settings: settings).run()
  }

  @Test func `is assumed, and told`() throws {
    #expect(
      try report(NetworkSettings()).assumptions == [
        Assumption("layer_norm.eps", "1e-06"), Assumption("activation", "nn.GELU()"),
      ])
    var settings = NetworkSettings()
    settings.layerNormEpsilon = 1e-6
    #expect(try report(settings).assumptions.map(\.what) == ["activation"])
    settings.activation = .gelu
    #expect(try report(settings).assumptions.isEmpty)
  }

  @Test func `changes what is computed where someone says it`() throws {
    func logits(_ settings: NetworkSettings) throws -> [Float] {
      let network = try RunnableNetwork(atto.stateDict, settings: settings)
      let image = try NetworkInput.testImage(side: 32).image(forDetector: false, channels: 3)
      return try network.outputs(["logits"], of: image)[0].values
    }
    let usual = try logits(NetworkSettings())
    var same = NetworkSettings()
    (same.layerNormEpsilon, same.activation) = (1e-6, .gelu)
    #expect(try logits(same) == usual)
    var other = NetworkSettings()
    other.layerNormEpsilon = 1e-2
    #expect(try logits(other) != usual)
    other = NetworkSettings()
    other.activation = .geluTanh
    #expect(try logits(other) != usual)
  }
}
