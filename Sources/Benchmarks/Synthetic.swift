internal import SutureBytes
internal import SutureTensors

/// Checkpoints of the shape of real ones.
enum Synthetic {
  /// 500 tensors of 4 MiB; their storages are apart in the file, though one array in memory.
  static func large() throws -> StateDict {
    let floats = [Float](repeating: 0.5, count: 1 << 20)
    let bytes = try Tensor(floats: floats, shape: [1024, 1024]).contiguousBytes()
    var dict = StateDict()
    for index in 0..<500 {
      let storage = Storage(bytes, label: String(index))
      try dict.append("layer.\(index).weight", try Tensor(storage, dtype: .float32, shape: [1024, 1024]))
    }
    return dict
  }

  /// A tensor of 2 GiB.
  static func one() throws -> StateDict {
    let storage = Storage([UInt8](repeating: 1, count: 1 << 31), label: "0")
    var dict = StateDict()
    try dict.append("weight", try Tensor(storage, dtype: .float32, shape: [1 << 15, 1 << 14]))
    return dict
  }

  /// Tensors of 16 bytes, named as the blocks of a network are.
  static func many(_ count: Int) throws -> StateDict {
    var dict = StateDict()
    for index in 0..<count {
      let tensor = try Tensor(floats: [Float](repeating: Float(index), count: 4), shape: [4])
      try dict.append("model.layers.\(index / 12).block.\(index % 12).weight", tensor)
    }
    return dict
  }

  /// A matrix and its axes the other way round, and kernels with the last axis first: 300 MB.
  static func moved() throws -> StateDict {
    let side = 6144
    let matrix = Storage([UInt8](repeating: 1, count: 4 * side * side), label: "0")
    let kernels = Storage([UInt8](repeating: 1, count: 4 * 64 * 48 * 96 * 128), label: "1")
    var dict = StateDict()
    try dict.append(
      "matrix.T", try Tensor(matrix, dtype: .float32, shape: [side, side], strides: [1, side], offset: 0))
    try dict.append(
      "kernels.permute(3, 1, 0, 2)",
      try Tensor(
        kernels, dtype: .float32, shape: [128, 48, 64, 96], strides: [1, 96 * 128, 48 * 96 * 128, 128],
        offset: 0))
    return dict
  }

  /// A safetensors file of 6 GiB.
  ///
  /// Its zeros are written out: of a hole `cp` reads nothing.
  static func huge(_ path: String) throws {
    let size = 1 << 31
    let entries = (0..<3).map {
      #""t\#($0)":{"dtype":"U8","shape":[\#(size)],"data_offsets":[\#($0 * size),\#(($0 + 1) * size)]}"#
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(header.count))
    bytes += header
    let output = try OutputFile(path)
    try output.write(bytes)
    try output.commit(replacing: false)
    _ = try ChildProcess(
      words: [
        "dd", "if=/dev/zero", "of=" + path, "bs=1M", "count=6144", "oflag=append", "conv=notrunc",
        "status=none",
      ]
    ).run()
  }

  static func convNeXt(depths: [Int], dims: [Int], classes: Int) throws -> StateDict {
    var dict = StateDict()
    func add(_ name: String, _ shape: [Int]) throws {
      let count = shape.reduce(1, *)
      let fan = Float(shape.count > 1 ? count / shape[0] : 16)
      let values = (0..<count).map { _ in Float.random(in: -1...1) / fan.squareRoot() }
      try dict.append(name, try Tensor(floats: values, shape: shape))
    }
    for stage in 0..<4 {
      let (norm, convolution) = stage == 0 ? (1, 0) : (0, 1)
      let input = stage == 0 ? 3 : dims[stage - 1]
      let kernel = stage == 0 ? 4 : 2
      try add("downsample_layers.\(stage).\(convolution).weight", [dims[stage], input, kernel, kernel])
      try add("downsample_layers.\(stage).\(convolution).bias", [dims[stage]])
      try add("downsample_layers.\(stage).\(norm).weight", [stage == 0 ? dims[0] : input])
      try add("downsample_layers.\(stage).\(norm).bias", [stage == 0 ? dims[0] : input])
    }
    for stage in 0..<4 {
      let width = dims[stage]
      for block in 0..<depths[stage] {
        let prefix = "stages.\(stage).\(block)."
        try add(prefix + "gamma", [width])
        for (part, shape) in [
          ("dwconv", [width, 1, 7, 7]), ("norm", [width]), ("pwconv1", [4 * width, width]),
          ("pwconv2", [width, 4 * width]),
        ] {
          try add(prefix + part + ".weight", shape)
          try add(prefix + part + ".bias", [shape[0]])
        }
      }
    }
    try add("norm.weight", [dims[3]])
    try add("norm.bias", [dims[3]])
    try add("head.weight", [classes, dims[3]])
    try add("head.bias", [classes])
    return dict
  }
}
