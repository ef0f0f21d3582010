internal import SutureArchitectures
public import SutureTensors

/// A tensor of the state dict that YOLOv5 would give a model which it built of a model file.
public struct ExpectedTensor: Sendable, Equatable {
  public let name: String
  public let shape: [Int]
  public let dtype: DType
  /// The number of the layer whose module has it.
  public let layer: Int
  /// Whether it belongs to a `ConvNeXt_Block`, whose weights come from a checkpoint of ImageNet.
  public let isBackbone: Bool
  /// Whether a forward pass reads it: a `ConvNeXt_Block` holds a whole backbone and uses one stage of it.
  public let isRead: Bool
}

extension ModelFile {
  /// Every key of the model's state dict, in YOLOv5's order.
  ///
  /// - Throws: an error that says where in the file a layer is wrong, as ``DetectionModel`` throws it.
  public func expectedTensors() throws -> [ExpectedTensor] {
    let layers = try LayerParser(self).layers
    try checkWiring(layers)
    return layers.flatMap { layer in layer.tensors(under: "", self) }
  }
}

extension DetectorLayer {
  /// The tensors that the module has in a state dict, in the order of its definition.
  func tensors(under prefix: String, _ file: ModelFile) -> [ExpectedTensor] {
    let start = "\(prefix)model.\(index)."
    var result: [ExpectedTensor] = []
    func add(
      _ name: String, _ shape: [Int], dtype: DType = .float32, isBackbone: Bool = false, isRead: Bool = true
    ) {
      result.append(
        ExpectedTensor(
          name: name, shape: shape, dtype: dtype, layer: index, isBackbone: isBackbone, isRead: isRead))
    }
    func add(_ shape: ConvolutionShape, _ start: String) {
      add(start + "conv.weight", [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel])
      for part in ["weight", "bias", "running_mean", "running_var"] {
        add("\(start)bn.\(part)", [shape.outputs])
      }
      // Nothing reads it: it counts batches.
      add(start + "bn.num_batches_tracked", [], dtype: .int64, isRead: false)
    }
    func add(_ shape: BottleneckShape, _ start: String) {
      add(shape.first, start + "cv1.")
      add(shape.second, start + "cv2.")
    }
    /// Under its own name, or numbered where it is repeated.
    let starts = repeats == 1 ? [start] : (0..<repeats).map { "\(start)\($0)." }
    switch module {
    case .convNeXtBlock(let stage, let configuration):
      for key in configuration.backboneKeys {
        add(
          start + (configuration.scheme.name(key) ?? ""), configuration.shape(of: key), isBackbone: true,
          isRead: key.stage == stage)
      }
    case .convolution(let shape): for start in starts { add(shape, start) }
    case .bottleneck(let shape): for start in starts { add(shape, start) }
    case .c3(let shape):
      add(shape.entry, start + "cv1.")
      add(shape.entry, start + "cv2.")
      add(shape.exit, start + "cv3.")
      for index in 0..<shape.repeats { add(shape.bottleneck, "\(start)m.\(index).") }
    case .concat, .upsample: break
    case .detect:
      let count = file.anchors[0].count / 2
      add(start + "anchors", [file.anchors.count, count, 2])
      for (level, inputs) in levelInputs.enumerated() {
        let outputs = count * (file.classes + 5)
        add("\(start)m.\(level).weight", [outputs, inputs, 1, 1])
        add("\(start)m.\(level).bias", [outputs])
      }
    }
    return result
  }

  /// How many channels each level of Detect reads: its last argument.
  private var levelInputs: [Int] {
    guard case .detect = module, case .list(let inputs)? = arguments.last else { return [] }
    return inputs.compactMap(\.int)
  }
}
