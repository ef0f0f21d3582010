import SutureArchitectures
import SutureText
import Testing

@testable import SutureCheckpoints
@testable import SutureWorkflows

@Suite struct `Modules that were pickled whole` {
  private func module(
    _ name: String, _ className: String, _ attributes: [(name: String, value: PlainValue)] = []
  ) -> ModuleFacts {
    ModuleFacts(name: name, className: className, attributes: attributes)
  }

  /// A detector's layer 4, which runs stage 2, and a convolution.
  private func modules(act: String = "torch.nn.modules.activation.GELU") -> [ModuleFacts] {
    [
      module("", "models.yolo.DetectionModel", [("yaml", .none), ("index", .int(1))]),
      module("model.4", "models.common.ConvNeXt_Block", [("index", .int(2))]),
      module("model.4.downsample_layers", "torch.nn.modules.container.ModuleList"),
      module("model.4.stages", "torch.nn.modules.container.ModuleList"),
      module("model.4.stages.2.0.norm", "models.common.LayerNorm", [("eps", .float(1e-5))]),
      module("model.4.stages.2.0.act", act, [("approximate", .string("tanh")), ("training", .bool(false))]),
      module("model.5.bn", "torch.nn.modules.batchnorm.BatchNorm2d", [("eps", .float(0.001))]),
      module("model.5.act", "torch.nn.modules.activation.LeakyReLU", [("negative_slope", .float(0.1))]),
      // What is called so elsewhere.
      module("model.6", "models.common.Other", [("index", .int(3)), ("eps", .string("small"))]),
    ]
  }

  @Test func `say the eps of norms, what is activated with what, and the stages of their blocks`() {
    let told = ToldByModules(modules())
    #expect(
      told.epsilons == [ExactString("model.4.stages.2.0.norm"): 1e-5, ExactString("model.5.bn"): 0.001])
    #expect(told.stages == [ExactString("model.4."): 2])
    #expect(told.activations[ExactString("model.4.stages.2.0.act")]?.activation == .geluTanh)
    #expect(told.activations[ExactString("model.5.act")]?.activation == .leakyReLU(slope: 0.1))
    #expect(told.common.layerNormEpsilon == 1e-5 && told.common.activation == .geluTanh)
    #expect(!told.isEmpty && ToldByModules([module("", "a.B")]).isEmpty)
  }

  @Test func `say nothing in common where they differ`() {
    let others = [
      module("stages.0.0.norm", "a.LayerNorm", [("eps", .float(1e-6))]),
      module("stages.0.0.act", "torch.nn.modules.activation.SiLU"),
    ]
    let told = ToldByModules(modules() + others)
    #expect(told.common.layerNormEpsilon == nil && told.common.activation == nil)
  }

  @Test func `name a class that is not computed`() {
    let told = ToldByModules(modules(act: "utils.activations.MetaAconC"))
    #expect(
      told.activations[ExactString("model.4.stages.2.0.act")]
        == ModuleActivation(className: "utils.activations.MetaAconC", activation: nil))
    #expect(told.common.activation == nil)
  }
}
