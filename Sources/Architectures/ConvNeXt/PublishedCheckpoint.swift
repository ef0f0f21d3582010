/// A checkpoint of a ConvNeXt that its authors, or torchvision's, have published: its name, where it is, and what it holds.
///
/// The addresses are those of the tables of facebookresearch/ConvNeXt and ConvNeXt-V2, and of torchvision's weights.
public struct PublishedCheckpoint: Sendable, Equatable {
  /// What it is called here: the name of the file without its ending, or what others call it.
  public let name: String
  /// Another name under which it is known; `nil` for none.
  public let shortName: String?
  public let address: String
  /// Such as `ConvNeXt-T`, as ``ConvNeXtConfiguration/variantName`` has it.
  public let variant: String
  /// How many classes its head has; `nil` of one without a head.
  public let classes: Int?

  /// The name of the file.
  public var fileName: String { String(address.split(separator: "/").last ?? "") }

  /// The one of that name; `nil` where there is none.
  public static func named(_ name: String) -> PublishedCheckpoint? {
    all.first { $0.name == name || $0.shortName == name || $0.fileName == name }
  }

  /// All, in the order of their families.
  public static let all: [PublishedCheckpoint] = first + isotropic + second + torchvision

  private static let base = "https://dl.fbaipublicfiles.com/convnext/"

  private init(_ file: String, in folder: String, as short: String? = nil, _ variant: String, _ classes: Int?)
  {
    name = String(file.split(separator: ".")[0])
    (shortName, address, self.variant, self.classes) = (short, folder + file, variant, classes)
  }

  private static func size(_ word: Substring) -> String {
    switch word {
    case "tiny": "T"
    case "small": "S"
    case "base": "B"
    case "large": "L"
    case "xlarge": "XL"
    case "huge": "H"
    default: word.prefix(1).uppercased() + word.dropFirst()
    }
  }

  // MARK: The tables

  /// ConvNeXt: on ImageNet-1k, on ImageNet-22k, and on both one after the other.
  private static let first =
    [
      "tiny_1k_224_ema", "small_1k_224_ema", "base_1k_224_ema", "large_1k_224_ema", "base_1k_384",
      "large_1k_384", "tiny_22k_224", "small_22k_224", "base_22k_224", "large_22k_224", "xlarge_22k_224",
      "tiny_22k_1k_224", "small_22k_1k_224", "base_22k_1k_224", "large_22k_1k_224", "xlarge_22k_1k_224_ema",
      "tiny_22k_1k_384", "small_22k_1k_384", "base_22k_1k_384", "large_22k_1k_384", "xlarge_22k_1k_384_ema",
    ].map { stem in
      let words = stem.split(separator: "_")
      // The names of the table that the surgery on YOLOv5 comes from: the size and the data, at 224 pixels.
      let isShort = words[2] == "224"
      return PublishedCheckpoint(
        "convnext_\(stem).pth", in: base, as: isShort ? "convnext_\(words[0])_\(words[1])" : nil,
        "ConvNeXt-\(size(words[0]))", words[1] == "22k" && words[2] != "1k" ? 21841 : 1000)
    }

  private static let isotropic = ["small", "base", "large"].map { size in
    PublishedCheckpoint(
      "convnext_iso_\(size)_1k_224_ema.pth", in: base,
      "isotropic ConvNeXt-\(Self.size(size[...]))", 1000)
  }

  /// ConvNeXt V2: fine-tuned on ImageNet-1k, fine-tuned on 22k and then 1k, and as masked pre-training left it.
  private static let second =
    [
      ("im1k", "1k_224_ema", 1000, ["atto", "femto", "pico", "nano", "tiny", "base", "large", "huge"]),
      ("im22k", "22k_224_ema", 1000, ["nano", "tiny", "base", "large"]),
      ("im22k", "22k_384_ema", 1000, ["nano", "tiny", "base", "large", "huge"]),
      ("im22k", "22k_512_ema", 1000, ["huge"]),
      ("pt_only", "1k_224_fcmae", nil, ["atto", "femto", "pico", "nano", "tiny", "base", "large", "huge"]),
    ].flatMap { (folder: String, end: String, classes: Int?, sizes: [String]) in
      sizes.map { size in
        PublishedCheckpoint(
          "convnextv2_\(size)_\(end).pt", in: "\(base)convnextv2/\(folder)/",
          "ConvNeXt V2-\(Self.size(size[...]))", classes)
      }
    }

  private static let torchvision = [
    ("tiny", "983f1562"), ("small", "0c510722"), ("base", "6075fbad"), ("large", "ea097f82"),
  ].map { size, hash in
    PublishedCheckpoint(
      "convnext_\(size)-\(hash).pth", in: "https://download.pytorch.org/models/",
      as: "torchvision_convnext_\(size)", "ConvNeXt-\(Self.size(size[...]))", 1000)
  }
}
