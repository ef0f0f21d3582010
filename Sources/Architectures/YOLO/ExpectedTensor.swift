public import SutureTensors

/// A tensor of the state dict that the program would give a model which it built of a model file.
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
  /// What it holds before training.
  let initial: InitialValues
}

extension ModelFile {
  /// Every key of the model's state dict, in the program's order.
  public func expectedTensors() -> [ExpectedTensor] { layers.flatMap { $0.expectedTensors() } }

  /// The layers as the program prints them when it builds the model.
  public func table() -> String {
    let (from, name) = dialect == .yolov5 ? (18, 40) : (20, 45)
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    func left(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    let head =
      "   " + right("from", from) + right("n", 3) + right("params", 10) + "  " + left("module", name)
      + left("arguments", 30)
    let rows = layers.map { layer in
      right("\(layer.index)", 3) + right(layer.from, from) + right("\(layer.repeats)", 3)
        + right("\(layer.parameterCount)", 10) + "  "
        + left(type(of: layer.module).classNames[dialect] ?? "", name)
        + left(ModelValue.list(layer.module.shownArguments).description, 30)
    }
    return ([head] + rows).map { $0 + "\n" }.joined()
  }
}
