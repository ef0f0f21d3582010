import SutureBytes
import TestSupport
import Testing

@Suite struct `verify` {
  private static let root = projectFolder + "/"
  private static let fixture = root + "Fixtures/convnext-atto-cifar10/"
  private static let atto = fixture + "convnext_atto_cifar10_ema.pth"

  @Test func `needs no reference to say that a network is whole`() throws {
    let said = try suture("verify", Self.atto, "--size", "64")
    #expect(said.code == 0, "\(said.messages)")
    #expect(said.messages.contains("ConvNeXt-Atto, 10 classes; names of facebookresearch, float32"))
    #expect(said.messages.contains("reads 128 of 128 tensors, 3,377,730 parameters"))
    #expect(said.output.contains("no NaN and no infinity in 32 layers"))
    #expect(said.output.contains("12 blocks") && said.output.hasSuffix("\nverified\n"))
  }

  @Test func `meets the trained network's recorded outputs`() throws {
    for name in ["image", "batch"] {
      let said = try suture(
        "verify", Self.atto, "--expect", "\(Self.fixture)\(name).expected.safetensors", "--input",
        "\(Self.fixture)\(name).input.safetensors", "--json")
      #expect(said.code == 0, "\(said.messages)")
      #expect(said.output.contains("\"schema\": \"suture.verify/1\""))
      #expect(said.output.contains(name == "image" ? "\"feature.3\"" : "\"logits\""))
    }
  }

  @Test func `compares replicas with each other and with the original, whatever their names`() throws {
    let folder = try TemporaryFolder()
    let replicas = folder.path + "/r.pth"
    #expect(
      try suture(
        "edit", Self.atto, "-o", replicas, "--drop", "norm*", "--drop", "head*", "--replicate",
        "model.{0..3}."
      )
      .code == 0)
    let alone = try suture("verify", replicas, "--size", "64")
    #expect(
      alone.code == 0 && alone.output.contains("4 replicas: 372 tensors identical to those of the first"))
    #expect(alone.messages.contains("reads 124 of 496 tensors"))
    let chain = try suture("verify", replicas, "--against", Self.atto, "--size", "64")
    #expect(chain.code == 0 && chain.output.contains("496 tensors identical to the original's, bit for bit"))
  }

  @Test func `names the first layer that differs, and by how much`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/changed.safetensors"
    #expect(try suture("convert", Self.atto, "-o", path).code == 0)
    var bytes = try contents(of: path)
    // Safetensors holds the tensors in order: somewhere in stage 2, a number changes its sign.
    bytes[bytes.count / 2] ^= 0x80
    bytes[bytes.count / 2 + 1] ^= 0x80
    bytes[bytes.count / 2 + 2] ^= 0x40
    try folder.write("changed.safetensors", bytes)
    let said = try suture("verify", path, "--against", Self.atto, "--size", "64")
    #expect(said.code == 1, "\(said.output) \(said.messages)")
    #expect(said.output.contains("the first layer that differs is stages."))
  }

  @Test func `looks at pictures and names what it sees`() throws {
    let folder = try TemporaryFolder()
    try folder.write("labels.txt", Array("plane\ncar\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n".utf8))
    let said = try suture(
      "verify", Self.atto, "--image", Self.root + "Fixtures/Photos/chelsea.png", "--size", "32", "--labels",
      folder.path + "/labels.txt")
    #expect(said.code == 0, "\(said.messages)")
    #expect(said.output.contains("PROBABILITY") && said.output.contains("cat"))
    let boxed = try suture(
      "verify", Self.atto, "--image", Self.root + "Fixtures/Photos/rocket.jpg", "--letterbox", "96")
    #expect(boxed.code == 0 && boxed.output.contains("[1, 3, 64, 96]"), "\(boxed.output)")
  }

  @Test func `tells the boxes of a detector, and draws them`() throws {
    let folder = try TemporaryFolder()
    let text = """
      nc: 3
      backbone: [[-1, 1, Conv, [16, 3, 4]], [-1, 1, Conv, [16, 3, 2]]]
      head: [[[1], 1, Detect, [nc]]]
      """
    try folder.write("small.yaml", Array(text.utf8))
    let (model, weights) = (folder.path + "/small.yaml", folder.path + "/x.pth")
    #expect(try suture("build", model, "-o", weights).code == 0)
    let photo = Self.root + "Fixtures/Photos/chelsea.png"
    let words = ["verify", weights, "--model", model, "--image", photo]
    #expect(try suture(words).output.contains("boxes  none has a score over 0.25"))
    // Before training a score is near 0, and above it.
    let some = words + ["--conf", "0", "--max-det", "3", "--boxes", folder.path + "/boxes.png"]
    let said = try suture(some)
    #expect(said.code == 0 && said.output.contains("boxes  3 of a score over 0.00"), "\(said.messages)")
    #expect(said.output.contains("BOTTOM"))
    #expect(try FileSource(folder.path + "/boxes.png").bytes(0..<4) == [0x89, 0x50, 0x4E, 0x47])
    #expect(try suture(some).code == 7)
    let json = try suture(some + ["--json", "--force"]).output
    #expect(json.contains("\"max_det\": 3") && json.contains("\"width\": 451"))
    // Only of a detector, and only of a picture.
    #expect(try suture("verify", Self.atto, "--image", photo, "--iou", "0.5").code == 2)
    #expect(try suture("verify", weights, "--model", model, "--conf", "0.5").code == 2)
    #expect(try suture(words + ["--conf", "1.5"]).code == 2)
  }

  @Test func `draws features, and replaces no file unless it is told to`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/features.png"
    let words = ["verify", Self.atto, "--size", "64", "--features", path]
    #expect(try suture(words).code == 0)
    #expect(try FileSource(path).bytes(0..<4) == [0x89, 0x50, 0x4E, 0x47])
    #expect(try suture(words).code == 7)
    #expect(try suture(words + ["--force", "--against", Self.atto]).code == 0)
  }

  @Test func `runs the detector of a model file, or says where the file is wrong`() throws {
    let broken = Self.root + "Fixtures/YOLOv5/yolov5_convnext_tiny_without_multiples.yaml"
    let said = try suture("verify", Self.atto, "--model", broken)
    #expect(said.code == 3 && said.messages.contains("KeyError: 'depth_multiple'"), "\(said.messages)")
    let whole = try suture(
      "verify", Self.atto, "--model", Self.root + "Fixtures/YOLOv5/yolov5_convnext_tiny.yaml")
    #expect(whole.code == 6 && whole.messages.contains("model.0.downsample_layers.0.0.weight"))
  }

  @Test(
    arguments: [
      (["--size", "0"], 2), (["--size", "30000"], 2), (["--size", "16"], 6),
      (["--dtype", "int8"], 2),
      (["--engine", "gpu"], 2), (["--engine", "reference", "--dtype", "bfloat16"], 6),
      (["--letterbox", "64"], 2),
      (["--image", "FIXTURE/README.md"], 3), (["--image", "FIXTURE/none.png"], 3),
      (["--features", "x.jpg"], 2),
      (["--image", "FIXTURE/Photos/chelsea.png", "--labels", "FIXTURE/README.md"], 2),
      (["--expect", "FIXTURE/Layers/layers.safetensors", "--input", "FIXTURE/Layers/layers.safetensors"], 6),
    ] as [([String], Int32)])
  func `gives the exit code of the contract`(words: [String], code: Int32) throws {
    let words = words.map { $0.replacing("FIXTURE", with: Self.root + "Fixtures") }
    let said = try suture(["verify", Self.atto] + words)
    #expect(said.code == code, "\(said.messages)")
  }

  @Test func `tells what it assumes, and takes another where it is asked`() throws {
    let said = try suture("verify", Self.atto, "--size", "64")
    #expect(
      said.output.contains(
        "assumed layer_norm.eps 1e-06: no state dict holds it; ConvNeXt's authors have it, and the libraries; --eps E says "
          + "another"))
    #expect(said.output.contains("assumed activation nn.GELU(): "))
    let asked = try suture(
      "verify", Self.atto, "--size", "64", "--eps", "1e-6", "--activation", "gelu", "--json")
    #expect(asked.code == 0 && asked.output.contains("\"assumed\": []"), "\(asked.output)")
    let json = try suture("verify", Self.atto, "--size", "64", "--json")
    #expect(json.output.contains("\"what\": \"layer_norm.eps\"") && json.output.contains("\"because\": "))
    let inputs = ["--input", "\(Self.fixture)image.input.safetensors"]
    for words in [
      ["--eps", "1e-2"], ["--eps", "layer_norm=0.01"], ["--activation", "'nn.LeakyReLU(0.1)'"],
    ] {
      let words = words.map { $0.replacing("'", with: "") }
      let other = try suture(
        ["verify", Self.atto, "--expect", "\(Self.fixture)image.expected.safetensors"] + inputs + words)
      #expect(other.code == 1, "\(words) \(other.messages)")
    }
    for words in [
      ["--eps", "0"], ["--eps", "1"], ["--eps", "x"], ["--eps", "group_norm=1e-5"], ["--eps", "nan"],
      ["--activation", "softmax"], ["--activation", "conv=frob"], ["--activation", ""], ["--anchors", "3"],
    ] {
      #expect(try suture(["verify", Self.atto] + words).code == 2, "\(words)")
    }
  }

  @Test
  func
    `runs each block's own stage, at whichever layers the blocks stand, in whatever order their names are`()
    throws
  {
    let folder = try TemporaryFolder()
    let (whole, live) = (folder.path + "/whole.safetensors", folder.path + "/live.pth")
    #expect(
      try suture(
        "edit", Self.atto, "-o", whole, "--drop", "norm*", "--drop", "head*", "--replicate",
        "model.{10,11,8,9}."
      ).code == 0)
    // The stage of 11 is the last; of 8, the first.
    let changed = folder.path + "/changed.pth"
    func fill(_ pattern: String) throws -> Said {
      #expect(try suture("edit", whole, "-o", changed, "--force", "--fill", pattern).code == 0)
      return try suture("verify", changed, "--against", Self.atto, "--size", "64")
    }
    #expect(try suture("verify", whole, "--against", Self.atto, "--size", "64").code == 0)
    #expect(try fill("model.8.stages.3.1.dwconv.bias=0.5").code == 0)
    #expect(try fill("model.10.stages.0.1.dwconv.bias=0.5").code == 0)
    #expect(try fill("model.11.stages.3.1.dwconv.bias=0.5").code == 1)
    #expect(try fill("model.8.stages.0.1.dwconv.bias=0.5").code == 1)
    let edit = try suture("edit", whole, "-o", live, "--live-only")
    #expect(
      edit.code == 0 && edit.messages.contains("model.8. reads stage 0, model.9. reads stage 1"),
      "\(edit.messages)")
    #expect(try suture("verify", live, "--against", Self.atto, "--size", "64").code == 0)
    #expect(try suture("verify", live, "--size", "64").messages.contains("reads 124 of 124 tensors"))
    // Grafted into the whole, what is read is what was grafted.
    let grafted = folder.path + "/grafted.pth"
    #expect(try fill("*.dwconv.bias=0.5").code == 1)
    #expect(try suture("graft", changed, "--from", live, "-o", grafted).code == 0)
    let proven = try suture("verify", grafted, "--against", Self.atto, "--size", "64")
    #expect(
      proven.code == 0 && proven.output.contains("differ from the original's where no forward pass reads"))
  }

  @Test func `is measured by bench`() throws {
    let said = try suture("bench", Self.atto, "--size", "64", "--rounds", "2", "-v")
    #expect(said.code == 0 && said.output.contains("GFLOP/s in float32"), "\(said.messages)")
    #expect(said.output.contains("stages.3.1.dwconv"))
    let absurd = try suture("bench", Self.atto, "--size", "4096", "--batch", "200")
    #expect(absurd.code == 6, "\(absurd.messages)")
    let json = try suture("bench", Self.atto, "--size", "64", "--rounds", "2", "--json")
    #expect(json.output.contains("suture.bench/2") && json.output.contains("\"what\": \"activation\""))
    let other = try suture("bench", Self.atto, "--size", "64", "--rounds", "2", "--activation", "relu")
    #expect(other.code == 0 && !other.output.contains("assumed activation"))
    #expect(said.output.contains("assumed activation nn.GELU()"))
  }
}
