internal import SutureBytes
internal import SutureModelRuntime
internal import SutureTensors

/// The checks of `verify` that look at the file by itself.
enum VerifyChecks {
  /// Runs the whole network on `image` and looks for NaN and infinity in every layer's output.
  ///
  /// Gives the outputs that were asked for.
  static func run(
    _ network: Network, _ names: [String], on image: FeatureMap, _ report: inout VerifyReport
  ) throws -> [NetworkOutput] {
    var (layers, first) = (0, String?.none)
    let start = CurrentProcess.seconds
    let outputs = try network.outputs(names, of: image) { layer in
      layers += 1
      if first == nil, let value = layer.firstNotFinite { first = "\(layer.name) gives \(value)" }
    }
    let time = Format.decimal((CurrentProcess.seconds - start) * 1000, places: 0)
    let shape = Format.shape(image.shape)
    report.add(
      "finite", "numbers", passed: first == nil, error: first == nil ? 0 : 1,
      first.map { "the first layer that is not finite on \(shape) is \($0)" }
        ?? "no NaN and no infinity in \(Format.plural(layers, "layer")) on \(shape), \(time) ms with reading")
    return outputs
  }

  /// Looks for blocks that were never loaded: their layer scale is what training starts from.
  static func layerScales(_ network: Network, _ report: inout VerifyReport) throws {
    let scales = try network.detector?.layerScales() ?? network.backbone?.layerScales() ?? []
    guard !scales.isEmpty else {
      return report.add("layer_scale", "scales", passed: true, error: 0, "the blocks have no layer scale")
    }
    let initial = scales.filter(\.isInitial)
    let magnitudes = scales.map(\.magnitude)
    let range =
      "mean magnitudes \(Format.scientific(magnitudes.min() ?? 0)) to \(Format.scientific(magnitudes.max() ?? 0))"
    report.add(
      "layer_scale", "scales", passed: initial.isEmpty, error: Double(initial.count),
      initial.first.map {
        "\(Format.count(initial.count)) of \(Format.plural(scales.count, "block")) are at the 1e-6 that training starts "
          + "from, \($0.name) is the first: their weights were never loaded"
      } ?? "\(Format.plural(scales.count, "block")), \(range), none at its initial 1e-6")
  }

  /// Looks for tensors that the model file has no module for, as those of a deeper backbone are.
  static func keys(_ network: Network, _ report: inout VerifyReport) {
    guard let unexpected = network.detector?.unexpectedNames else { return }
    report.add(
      "keys", "names", passed: unexpected.isEmpty, error: Double(unexpected.count),
      unexpected.isEmpty
        ? "\(Format.plural(network.dict.count, "tensor")), each with its place in the model file"
        : "\(Format.plural(unexpected.count, "tensor")) with no place in the model file, \(unexpected[0]) is the first: "
          + "load_state_dict would refuse them")
  }

  /// What of the file a forward pass reads.
  static func reading(_ network: Network) -> String {
    let names = Set(network.readNames)
    let read = network.dict.entries.filter { names.contains($0.name) }
    let elements = read.reduce(0) { $0 + $1.tensor.elementCount }
    let bytes = read.reduce(0) { $0 + $1.tensor.byteCount }
    var text =
      "a forward pass reads \(Format.count(read.count)) of \(Format.plural(network.dict.count, "tensor")), "
      + "\(Format.count(elements)) parameters, \(Format.bytes(bytes))"
    if let other = network.dict.entries.first(where: { !names.contains($0.name) }) {
      text += "; not \(other.name), for one"
    }
    return text
  }
}
