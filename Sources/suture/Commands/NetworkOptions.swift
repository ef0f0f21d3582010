internal import SutureArchitectures

// What the weights do not say of their network, for the commands that run it.

extension Argument {
  static func epsilon(_ path: WritableKeyPath<Values, NetworkSettings>) -> Argument {
    option(
      "eps", "E", "Of the layer norms; batch_norm=E of the batch norms. No state dict holds them."
    ) { values, word in
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let number = Double(parts[parts.count - 1]), number > 0, number < 1,
        parts.count == 1 || ["layer_norm", "batch_norm"].contains(parts[0])
      else {
        throw UsageError(
          "--eps takes E, layer_norm=E or batch_norm=E, with E between 0 and 1, not \"\(word)\"")
      }
      if parts.count == 2, parts[0] == "batch_norm" {
        values[keyPath: path].batchNormEpsilon = number
      } else {
        values[keyPath: path].layerNormEpsilon = number
      }
    }
  }

  static func activation(_ path: WritableKeyPath<Values, NetworkSettings>) -> Argument {
    option(
      "activation", "NAME",
      "Of a ConvNeXt's blocks, such as gelu_tanh or 'nn.SiLU()'; GELU where nothing says it.",
      isRepeated: false
    ) { values, word in
      guard let activation = Activation(word) else {
        throw UsageError(
          "--activation \(word) is not computed",
          hints: [
            "gelu, gelu_tanh, quick_gelu, silu, relu, relu6, leaky_relu, hardswish, mish, elu, sigmoid and tanh are, also "
              + "as 'nn.LeakyReLU(0.1)'"
          ])
      }
      values[keyPath: path].activation = activation
    }
  }
}
