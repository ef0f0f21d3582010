public import SutureTensors
public import SutureText

/// Why a safetensors file cannot be read or written.
public struct SafetensorsError: SutureError, Equatable {
  /// What is wrong, with what was declared and what was found.
  public enum Cause: Equatable, Sendable {
    case unreadable(String)
    case noHeaderLength(byteCount: Int)
    case headerTooLarge(UInt64, limit: Int)
    case truncatedHeader(declared: Int, available: Int)
    case malformedJSON(String)
    case notAnObject(found: String)
    case malformedMetadata(key: String?, found: String)
    case duplicateName
    case malformedView
    case missingField(String)
    case malformedField(String, expected: String)
    case unknownDType(String)
    case tooManyDimensions(Int, limit: Int)
    case sizeOverflow(shape: [Int])
    case reversedOffsets(begin: Int, end: Int)
    case sizeMismatch(shape: [Int], dtype: DType, needed: Int, declared: Int)
    case hole(byteCount: Int)
    case overlap(byteCount: Int)
    case truncatedData(needed: Int, available: Int)
    case trailingData(byteCount: Int)
    case reservedName
    case unwritableDType(DType)
    case unwritableLayout(String)
    case duplicateMetadataKey(String)
    case oversizedOutputHeader(Int, limit: Int)
  }

  /// The file, by the name of its source.
  public let source: String
  /// The tensor that it is about, if it is about one.
  public let tensor: String?
  /// The byte of the file where it shows, if it shows at one.
  public let offset: Int?
  /// What is wrong.
  public let cause: Cause

  init(_ source: String, tensor: String? = nil, offset: Int? = nil, _ cause: Cause) {
    (self.source, self.tensor, self.offset, self.cause) = (source, tensor, offset, cause)
  }

  /// Whether the file ends before what its header promises, as an interrupted download does.
  public var isTruncation: Bool {
    switch cause {
    case .noHeaderLength, .truncatedHeader, .truncatedData: true
    default: false
    }
  }

  /// It may be the format that cannot hold a tensor, not a file that is wrong.
  public var kind: FailureKind {
    switch cause {
    case .unwritableLayout, .unwritableDType, .reservedName: .doesNotFit
    default: .unreadable
    }
  }

  public var place: FailurePlace { FailurePlace(file: source, byteOffset: offset, path: tensor) }

  public var reason: String { "\(cause)" }

  public var remedies: [Remedy] {
    switch cause {
    case .unreadable: []
    case .noHeaderLength, .truncatedHeader, .truncatedData:
      ["the file is incomplete: download or copy it again"]
    case .unknownDType: ["convert the tensor to another dtype with the program that wrote the file"]
    case .reservedName: ["rename the tensor before it is written"]
    case .unwritableDType(.complex32): ["cast it to complex64, drop it, or write a .pth file"]
    case .unwritableLayout("meta"): ["it has no elements: drop it"]
    case .unwritableLayout(let layout) where layout.hasPrefix("sparse"):
      [.setting("sparse", value: "dense", "writes its zeros out"), "drop it, or write a .pth file"]
    case .unwritableLayout:
      [
        "its integers would lose their scale and zero point: dequantize() it in PyTorch, drop it, or write a .pth file"
      ]
    case .unwritableDType(let dtype) where !dtype.isComplex: ["drop it, or write a .pth file"]
    case .unwritableDType:
      ["cast it to complex64 where that is precise enough, drop it, or write a .pth file"]
    case .duplicateMetadataKey: ["give each entry of the metadata its own key"]
    case .oversizedOutputHeader: ["write the tensors to several files"]
    case .headerTooLarge: ["the file is no safetensors file, or no reader of the format accepts it"]
    default: ["the file is malformed: get it again, or write it anew with the program that made it"]
    }
  }
}

extension SafetensorsError.Cause: CustomStringConvertible {
  /// What is wrong, on one line.
  public var description: String {
    switch self {
    case .unreadable(let why): why
    case .noHeaderLength(let count): "the file has \(count) bytes, and the length of a header takes 8"
    case .headerTooLarge(let declared, let limit):
      "the header is said to have \(declared) bytes, and the format allows \(limit)"
    case .truncatedHeader(let declared, let available):
      "the header is said to have \(declared) bytes, and \(available) follow"
    case .malformedJSON(let why): "the header's JSON is refused: \(why)"
    case .notAnObject(let found): "the header is \(found), not a JSON object"
    case .malformedMetadata(nil, let found): "\"__metadata__\" is \(found), not an object of strings"
    case .malformedMetadata(let key?, let found):
      "the metadata's \(key.quoted()) is \(found), not a string"
    case .malformedView:
      "the metadata describe it as a view that does not lie within the tensor it is to be a view of"
    case .duplicateName: "the header has this name twice"
    case .missingField(let field): "its entry has no \"\(field)\""
    case .malformedField(let field, let expected): "its \"\(field)\" is not \(expected)"
    case .unknownDType(let name): "the dtype \(name.quoted()) is not one that can be read here"
    case .tooManyDimensions(let count, let limit): "it has \(count) dimensions, and \(limit) are supported"
    case .sizeOverflow(let shape): "the size of its shape \(shape) overflows 64 bits"
    case .reversedOffsets(let begin, let end): "its data begin at \(begin) and end before that, at \(end)"
    case .sizeMismatch(let shape, let dtype, let needed, let declared):
      "its shape \(shape) of \(dtype) takes \(needed) bytes, and its offsets span \(declared)"
    case .hole(let count): "\(count) bytes before its data belong to no tensor"
    case .overlap(let count): "its data overlap those of the tensor before by \(count) bytes"
    case .truncatedData(let needed, let available):
      "the header describes \(needed) bytes of tensors, and \(available) follow it"
    case .trailingData(let count): "\(count) bytes after the last tensor belong to no tensor"
    case .reservedName: "the format keeps this name for metadata"
    case .unwritableLayout(let layout): "the format has no \(layout) tensors"
    case .unwritableDType(let dtype): "the format has no \(dtype)"
    case .duplicateMetadataKey(let key): "the metadata has the key \(key.quoted()) twice"
    case .oversizedOutputHeader(let count, let limit):
      "the header would have \(count) bytes, and readers accept \(limit)"
    }
  }
}
