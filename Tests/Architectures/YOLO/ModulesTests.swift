import SutureBytes
import SutureTensors
import TestSupport
import Testing

@testable import SutureArchitectures

@Suite struct `A module of YOLO's model files` {
  @Test(arguments: YOLOModules.all.indices)
  func `is built as its example says`(index: Int) throws {
    let module = YOLOModules.all[index]
    // Convolutions whose maps the example can join, and what it reads by number.
    let levels = (0..<22).map { _ in "[-1, 1, Conv, [64, 1, 1]]" }.joined(separator: ", ")
    let isHead = module.name == "Detect"
    let (isBackbone, isList) = (module.holdsBackbone, module.name == "Index")
    let library = #"[-1, 1, TorchVision, [768, convnext_tiny, None, True, 2, True]], "#
    let isOfYOLOv5 = module.dialects.contains(.yolov5)
    // C2PSA gives as many channels as it takes.
    let width = module.name == "C2PSA" ? 1024 : 128
    let wide = (0..<3).map { _ in "[-1, 1, Conv, [\(width), 1, 1]], " }.joined()
    // The list that a backbone gives is no map that Detect could read.
    let rest = ["TorchVision": ", [0, 1, Index, [384, 6]]", "Timm": ", [0, 1, Index, [384, 1]]"]
    let before = isList ? library : isBackbone ? "" : isHead ? levels + ", " : wide
    let row = before + module.example + rest[module.name, default: ""]
    let anchors = isHead ? "[[10, 13], [10, 13], [10, 13]]" : "[[10, 13]]"
    let text = """
      nc: 2
      depth_multiple: 1.0
      width_multiple: 1.0
      \(isOfYOLOv5 ? "anchors: \(anchors)" : "")
      backbone: [\(row)]
      head: [\(isHead ? "" : "[[-1], 1, Detect, [nc\(isOfYOLOv5 ? ", anchors" : "")]]")]
      """
    let file = try ModelFile(Array(text.utf8), name: "cfg.yaml")
    let dict = try file.initialStateDict()
    #expect(dict.names == file.expectedTensors().map(\.name))
    #expect(Set(dict.names).count == dict.count, "each tensor has a name of its own")
    #expect(
      file.layers.reduce(0) { $0 + $1.parameterCount }
        == file.layers.reduce(0) { sum, layer in
          sum
            + layer.expectedTensors().filter {
              !$0.name.contains("running_") && !$0.name.hasSuffix("anchors") && $0.dtype == .float32
            }.reduce(0) {
              $0 + $1.shape.reduce(1, *)
            }
        })
    #expect(!module.summary.isEmpty && !module.summary.hasSuffix("."))
  }

  @Test func `is listed once for each program`() {
    let names = ModelFile.modules.flatMap { module in module.dialects.map { "\(module.name) of \($0)" } }
    #expect(Set(names).count == names.count)
  }
}
