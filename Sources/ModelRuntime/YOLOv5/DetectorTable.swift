/// The table that YOLOv5 prints when it builds a model.
enum DetectorTable {
  static func text(_ layers: [DetectorLayer]) -> String {
    let head =
      "   " + right("from", 18) + right("n", 3) + right("params", 10) + "  " + left("module", 40)
      + left("arguments", 30)
    let rows = layers.map { layer in
      let from = layer.row.isList ? "\(layer.row.from)" : "\(layer.row.from[0])"
      return right("\(layer.index)", 3) + right(from, 18) + right("\(layer.repeats)", 3)
        + right("\(layer.parameterCount)", 10) + "  " + left(layer.className, 40)
        + left(ModelValue.list(layer.arguments).description, 30)
    }
    return ([head] + rows).map { $0 + "\n" }.joined()
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
