import SutureArchitectures
import SutureCheckpoints
import SutureModelRuntime
import SutureTensors
import SutureText
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
      try report(NetworkSettings()).assumptions.map { [$0.what, $0.value] } == [
        ["layer_norm.eps", "1e-06"], ["activation", "nn.GELU()"],
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

@Suite struct `What is told of a network` {
  private let weights: StateDict

  init() throws {
    weights = try Checkpoint.open(
      projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
    ).stateDict
  }

  private func logits(_ told: ToldByModules, asked: NetworkSettings = NetworkSettings()) throws -> [Float] {
    var settings = asked
    settings.told = told
    let image = try NetworkInput.testImage(side: 32).image(forDetector: false, channels: 3)
    return try RunnableNetwork(weights, settings: settings).outputs(["logits"], of: image)[0].values
  }

  private func all(_ activation: Activation?) -> ToldByModules {
    var told = ToldByModules()
    for name in weights.names where name.hasSuffix(".gamma") {
      told.activations[ExactString(name.dropLast(5) + "act")] = ModuleActivation(
        className: "x.Y", activation: activation)
    }
    return told
  }

  @Test func `by each module of itself is computed so`() throws {
    var asked = NetworkSettings()
    asked.activation = .geluTanh
    #expect(try logits(all(.geluTanh)) == logits(ToldByModules(), asked: asked))
    var one = all(.gelu)
    one.activations[ExactString("stages.1.0.act")] = ModuleActivation(className: "", activation: .silu)
    let (mixed, usual) = (try logits(one), try logits(ToldByModules()))
    #expect(mixed != usual && mixed.count == usual.count)
  }

  @Test func `is not computed as something else, unless that is asked for`() throws {
    let error = #expect(throws: ModelError.self) { try logits(all(nil)) }
    #expect(error?.reason.contains("stages.0.0.act is \"x.Y\", which is not computed") == true)
    var asked = NetworkSettings()
    asked.activation = .gelu
    #expect(try logits(all(nil), asked: asked) == logits(ToldByModules()))
  }
}

@Suite struct `The activation of a detector` {
  private func model(_ text: String?) throws -> ModelFile {
    try ModelFile(
      text.map { SmallModelFile.with("nc: 3", "nc: 3\nactivation: \($0)") } ?? SmallModelFile.with(), name: ""
    )
  }

  private func weights() throws -> StateDict { try model(nil).initialStateDict(seed: 3) }

  private func raw(_ text: String?, _ settings: NetworkSettings = NetworkSettings()) throws -> (
    values: [Float], assumed: [String]
  ) {
    let network = try RunnableNetwork(weights(), model: model(text), settings: settings)
    let image = try NetworkInput.testImage(side: 64).image(forDetector: true, channels: 3)
    return (
      try network.outputs(["detect.raw.0"], of: image)[0].values, network.assumptions.map(\.what)
    )
  }

  @Test func `is SiLU where nothing says another, and that is told`() throws {
    #expect(try raw(nil).values == raw("nn.SiLU()").values)
    #expect(
      try raw(nil).assumed == ["layer_norm.eps", "activation", "conv.activation", "batch_norm.eps"])
    #expect(try raw("nn.SiLU()").assumed == ["layer_norm.eps", "activation", "batch_norm.eps"])
  }

  @Test func `is the model file's, a module's or the one that is asked for, the last first`() throws {
    let leaky = try raw("nn.LeakyReLU(0.1)").values
    #expect(try leaky != raw(nil).values)
    var settings = NetworkSettings()
    for name in try weights().names where name.hasSuffix(".conv.weight") {
      settings.told.activations[ExactString(name.dropLast(11) + "act")] = ModuleActivation(
        className: "", activation: .leakyReLU(slope: 0.1))
    }
    #expect(try raw("nn.ReLU()", settings).values == leaky)
    settings.convolutionActivation = .relu
    #expect(try raw("nn.LeakyReLU(0.1)", settings).values == raw("nn.ReLU()").values)
  }

  @Test func `is refused where it is not known`() throws {
    let error = #expect(throws: ModelError.self) { try raw("nn.Softmax()") }
    #expect(
      error?.reason.contains("the model file's activation is \"nn.Softmax()\", which is not computed") == true
    )
    var settings = NetworkSettings()
    settings.convolutionActivation = .silu
    #expect(try raw("nn.Softmax()", settings).values == raw(nil).values)
  }
}
