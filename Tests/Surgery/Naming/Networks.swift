import SutureArchitectures
import SutureTensors

@testable import SutureSurgery

/// A ConvNeXt of random size under the names of one library, on storages of its own.
struct Network {
  let scheme: NamingScheme
  var prefix = ""
  var depths = [2, 1, 3, 1]
  var hasClassifier = true
  var hasFinalNorm = true
  var hasOutputNorms = false
  /// With GRN layers, and no layer scale.
  var isVersion2 = false

  var dict: StateDict {
    get throws {
      var entries: [StateDict.Entry] = []
      func add(_ key: ConvNeXtKey, _ shape: [Int]) throws {
        var key = key
        if key.part == .finalNorm, scheme.finalNormIsLastOutputNorm {
          key = ConvNeXtKey(part: .outputNorm, stage: depths.count - 1, leaf: key.leaf)
        }
        guard let name = scheme.name(key) else { return }
        let hasBody =
          scheme.outside.contains(.classifier) && hasClassifier
          || scheme.outside.contains(.finalNorm) && hasFinalNorm
        let body =
          hasBody && !scheme.outside.contains(key.part) ? scheme.body(isVersion2: isVersion2) : ""
        let shape = scheme.form(of: key)?.laid((shape, shape))?.sizes ?? shape
        let count = shape.reduce(1, *)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ entries.count) }
        entries.append(
          .init(
            name: prefix + body + name,
            tensor: try Tensor(Storage(bytes, label: "\(entries.count)"), dtype: .uint8, shape: shape)))
      }
      func module(_ part: ConvNeXtKey.Part, stage: Int = 0, block: Int = 0, _ weight: [Int]) throws {
        try add(ConvNeXtKey(part: part, stage: stage, block: block, leaf: .weight), weight)
        try add(ConvNeXtKey(part: part, stage: stage, block: block, leaf: .bias), [weight[0]])
      }
      for (stage, depth) in depths.enumerated() {
        let width = 2 + stage
        try module(
          stage == 0 ? .stemConvolution : .downConvolution, stage: stage,
          [width, stage == 0 ? 3 : width - 1, 2, 2])
        try module(stage == 0 ? .stemNorm : .downNorm, stage: stage, [stage == 0 ? width : width - 1])
        for block in 0..<depth {
          if !isVersion2 { try add(ConvNeXtKey(part: .layerScale, stage: stage, block: block), [width]) }
          try module(.depthwise, stage: stage, block: block, [width, 1, 7, 7])
          try module(.blockNorm, stage: stage, block: block, [width])
          try module(.pointwise1, stage: stage, block: block, [4 * width, width])
          if isVersion2 { try module(.responseNorm, stage: stage, block: block, [4 * width]) }
          try module(.pointwise2, stage: stage, block: block, [width, 4 * width])
        }
        if hasOutputNorms { try module(.outputNorm, stage: stage, [width]) }
      }
      if hasFinalNorm { try module(.finalNorm, [5]) }
      if scheme.required == .repeatedNorm {
        let norms = entries.suffix(2)
        for (leaf, norm) in zip(["weight", "bias"], norms) {
          entries.append(.init(name: "\(prefix)norms.3.\(leaf)", tensor: norm.tensor))
        }
      }
      if hasClassifier { try module(.classifier, [6, 5]) }
      return try StateDict(entries)
    }
  }
}

/// Names, shapes and bytes.
func contents(_ dict: StateDict) throws -> [String] {
  try dict.entries.map { "\($0.name) \($0.tensor.shape) \(try $0.tensor.contiguousBytes())" }
}
