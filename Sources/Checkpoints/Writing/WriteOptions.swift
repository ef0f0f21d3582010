internal import SutureBytes

/// How a checkpoint is to be written.
public struct WriteOptions: Sendable {
  public enum Format: String, Sendable, CaseIterable {
    case safetensors
    case pytorchZip = "pth"
    /// One array, or several, as NumPy saves them.
    case npy, npz

    /// The format that a file name asks for; `nil` where its extension says nothing.
    public init?(path: String) {
      switch path.split(separator: "/").last?.split(separator: ".").last?.lowercased() {
      case "safetensors": self = .safetensors
      case "pth", "pt", "bin", "ckpt", "th": self = .pytorchZip
      case "npy": self = .npy
      case "npz": self = .npz
      default: return nil
      }
    }

    /// What a single file is called in a folder that says its format: as Hugging Face does, where it has a name.
    public var fileName: String {
      switch self {
      case .safetensors: "model.safetensors"
      case .pytorchZip: "pytorch_model.bin"
      case .npy: "array.npy"
      case .npz: "arrays.npz"
      }
    }

    /// Whose files these are.
    package var title: String {
      switch self {
      case .safetensors: "safetensors"
      case .pytorchZip: "PyTorch"
      case .npy, .npz: "NumPy"
      }
    }

    /// Whether it has a place for metadata and for what was done to make it.
    package var holdsMetadata: Bool { self == .safetensors || self == .pytorchZip }

    /// Whether names may share a storage.
    package var sharesStorages: Bool { self == .pytorchZip }
  }

  public var format: Format
  /// What becomes of names that share storage, where the format cannot share.
  public var shared = SharedPolicy.copy
  /// How many bytes of tensors a file may have before another is begun; `nil` for one file.
  public var maximumShardSize: Int?
  /// Whether a `.pth` keeps those parts of its storages that no tensor views.
  public var keepsStorages = false
  /// What the file is to say of where it came from; `nil` for nothing.
  public var provenance: Provenance?
  /// Whether files that stand at the output's paths may be replaced.
  public var replaces = false
  /// Whether to wait until the file and its name are on the device.
  public var syncs = false
  /// Whether to read the output again, and compare every tensor with what it should be, before it gets its name.
  public var proves = false
  /// How many threads read and write at once.
  public var workers = processorCount

  public init(_ format: Format) { self.format = format }
}

/// Where a checkpoint is to be written.
public enum Destination: Sendable, Equatable {
  case file(String)
  /// A folder, in which files get the names that Hugging Face gives them. It is made where there is none.
  case folder(String)
  case standardOutput
}
