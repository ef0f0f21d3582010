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
      "Of a ConvNeXt's blocks, say gelu_tanh or 'nn.SiLU()'; conv=NAME of a YOLOv5's convolutions."
    ) { values, word in
      let isOfConvolutions = word.hasPrefix("conv=")
      let name =
        word.hasPrefix("block=") ? word.dropFirst(6) : isOfConvolutions ? word.dropFirst(5) : word[...]
      guard let activation = Activation(String(name)) else {
        throw UsageError(
          "--activation \(word) is not computed",
          hints: [
            "\(Activation.words.dropLast().joined(separator: ", ")) and \(Activation.words.last ?? "") are, also as "
              + "'nn.LeakyReLU(0.1)'"
          ])
      }
      if isOfConvolutions {
        values[keyPath: path].convolutionActivation = activation
      } else {
        values[keyPath: path].activation = activation
      }
    }
  }

  static func norm(_ path: WritableKeyPath<Values, NetworkSettings>) -> Argument {
    option(
      "norm", "KIND", "Of a ConvNeXt whose norms have no bias: rms or simple, timm's RmsNorm or SimpleNorm."
    ) { values, word in
      guard ["rms", "simple"].contains(word) else {
        throw UsageError("--norm takes rms or simple, not \"\(word)\"")
      }
      values[keyPath: path].usesSimpleNorms = word == "simple"
    }
  }
}
