import Testing

@testable import SutureArchitectures

@Suite struct `An activation` {
  private static let known: [Activation] = [
    .none, .gelu, .geluTanh, .quickGELU, .silu, .relu, .relu6, .leakyReLU(slope: 0.1), .hardswish, .mish,
    .elu(alpha: 0.5), .celu(alpha: 1.5), .selu, .sigmoid, .tanh, .softplus(beta: 2),
    .hardtanh(min: -0.5, max: 2), .hardsigmoid, .logSigmoid,
  ]

  @Test(arguments: known)
  func `is shown as it is read`(activation: Activation) { #expect(Activation("\(activation)") == activation) }

  @Test(
    arguments: [
      ("nn.LeakyReLU(0.1)", .leakyReLU(slope: 0.1)), ("nn.LeakyReLU()", .leakyReLU(slope: 0.01)),
      ("nn.LeakyReLU(negative_slope=0.2, inplace=True)", .leakyReLU(slope: 0.2)),
      ("nn.LeakyReLU(1e-2, True)", .leakyReLU(slope: 0.01)), ("torch.nn.SiLU(inplace=True)", .silu),
      ("torch.nn.modules.activation.Mish()", .mish), ("nn.ELU()", .elu(alpha: 1)),
      ("nn.GELU('tanh')", .geluTanh), ("nn.GELU(\"none\")", .gelu),
      ("nn.GELU(approximate='tanh')", .geluTanh),
      ("nn.RReLU(0.1, 0.3)", .leakyReLU(slope: 0.2)), ("nn.Softplus()", .softplus(beta: 1)),
      ("nn.Hardtanh(0, 6)", .hardtanh(min: 0, max: 6)),
      ("nn.Hardtanh(max_val=2)", .hardtanh(min: -1, max: 2)),
      ("gelu", .gelu), ("gelu_pytorch_tanh", .geluTanh), ("quick_gelu", .quickGELU), ("swish", .silu),
      ("leaky_relu", .leakyReLU(slope: 0.01)), ("nn.Softplus(1, 5)", nil), ("nn.Softplus(0)", nil),
      ("nn.CELU(0)", nil), ("nn.Hardtanh(2, 1)", nil), ("nn.LeakyReLU(nan)", nil), ("nn.LeakyReLU(1/8)", nil),
      ("nn.LeakyReLU(0x1p-3)", nil), ("nn.LeakyReLU(slope=0.1)", nil), ("nn.LeakyReLU(0.1, 2, 3)", nil),
      ("nn.LeakyReLU(inplace=True, 0.1)", nil), ("nn.LeakyReLU(__import__('os'))", nil),
      ("nn.LeakyReLU('x')", nil), ("nn.GELU('exact')", nil), ("nn.GELU(0)", nil), ("nn.ReLU(", nil),
      ("nn.Softmax()", nil), ("nn.PReLU()", nil), ("", nil), ("()", nil),
    ] as [(String, Activation?)])
  func `is read as PyTorch would, or not at all`(text: String, activation: Activation?) {
    #expect(Activation(text) == activation)
  }

  @Test func `of a model file is a call of torch's`() {
    #expect(Activation(call: "nn.ReLU()") == .relu && Activation(call: "torch.nn.ReLU()") == .relu)
    // YOLOv5 evaluates it: these raise, or are classes that make a module of each map.
    for text in ["ReLU()", "relu", "nn.ReLU", "gelu"] { #expect(Activation(call: text) == nil) }
  }

  @Test func `is what a module of its class holds`() {
    func made(_ name: String, _ attributes: [String: Activation.Argument]) -> Activation? {
      Activation(ofClass: name) { attributes[$0] }
    }
    #expect(
      made("torch.nn.modules.activation.LeakyReLU", ["negative_slope": .number(0.1)])
        == .leakyReLU(slope: 0.1))
    #expect(made("torch.nn.modules.activation.GELU", ["approximate": .text("tanh")]) == .geluTanh)
    // Before torch 1.12 it had no such attribute.
    #expect(made("torch.nn.modules.activation.GELU", [:]) == .gelu)
    #expect(made("transformers.activations.PytorchGELUTanh", [:]) == .geluTanh)
    #expect(made("utils.activations.MetaAconC", [:]) == nil && made("", [:]) == nil)
    #expect(
      made("torch.nn.modules.activation.Hardtanh", ["min_val": .number(3), "max_val": .number(1)]) == nil)
  }
}
