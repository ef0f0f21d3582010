internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureText

extension NetworkSettings {
  /// These, and what the modules say of themselves that a checkpoint holds pickled whole.
  func told(by checkpoint: Checkpoint) -> NetworkSettings {
    var settings = self
    var activations: [Activation] = []
    for facts in checkpoint.moduleFacts() {
      if let epsilon = facts.number("eps"), epsilon > 0, epsilon < 1 {
        settings.toldEpsilons[ExactString(facts.name)] = epsilon
      }
      // In the blocks of facebookresearch and timm the activation is a module called act.
      let parts = facts.name.split(separator: ".")
      guard parts.last == "act", parts.contains("stages"),
        let name = facts.className.split(separator: ".").last
      else {
        continue
      }
      var text = String(name)
      if case .string(let kind)? = facts["approximate"] { text += "(approximate='\(kind)')" }
      if let activation = Activation(text), !activations.contains(activation) {
        activations.append(activation)
      }
    }
    if activations.count == 1 { settings.toldActivation = activations[0] }
    return settings
  }
}
