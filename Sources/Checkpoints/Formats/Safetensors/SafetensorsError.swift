public import SutureTensors

/// Why a safetensors file cannot be read or written.
public struct SafetensorsError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, with what was declared and what was found.
  public enum Reason: Equatable, Sendable {
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
  public let reason: Reason

  init(_ source: String, tensor: String? = nil, offset: Int? = nil, _ reason: Reason) {
    (self.source, self.tensor, self.offset, self.reason) = (source, tensor, offset, reason)
  }

  /// Whether the file ends before what its header promises, as an interrupted download does.
  public var isTruncation: Bool {
    switch reason {
    case .noHeaderLength, .truncatedHeader, .truncatedData: true
    default: false
    }
  }

  /// Whether it is the format that cannot hold a tensor, not a file that is wrong.
  public var isUnstorable: Bool {
    switch reason {
    case .unwritableLayout, .unwritableDType, .reservedName: true
    default: false
    }
  }

  /// What is wrong, where, why, and what to do about it, on one line.
  public var description: String {
    let place = tensor.map { ": tensor \(Reason.quoted($0))" } ?? ""
    return source + place + (offset.map { " at byte \($0)" } ?? "") + ": \(reason)"
      + (advice.map { ". \($0)" } ?? "")
  }

  /// What to do about it.
  private var advice: String? {
    switch reason {
    case .unreadable: nil
    case .noHeaderLength, .truncatedHeader, .truncatedData:
      "The file is incomplete: download or copy it again"
    case .unknownDType: "Convert the tensor to another dtype with the program that wrote the file"
    case .reservedName: "Rename the tensor before it is written"
    case .unwritableDType(.complex32): "Cast it to complex64, drop it, or write a .pth file"
    case .unwritableLayout("meta"): "It has no elements: drop it"
    case .unwritableLayout(let layout) where layout.hasPrefix("sparse"):
      "Pass --sparse dense to write its zeros out, drop it, or write a .pth file"
    case .unwritableLayout:
      "Its integers would lose their scale and zero point: dequantize() it in PyTorch, drop it, or write a .pth file"
    case .unwritableDType(let dtype) where !dtype.isComplex: "Drop it, or write a .pth file"
    case .unwritableDType: "Cast it to complex64 where that is precise enough, drop it, or write a .pth file"
    case .duplicateMetadataKey: "Give each entry of the metadata its own key"
    case .oversizedOutputHeader: "Write the tensors to several files"
    case .headerTooLarge: "The file is no safetensors file, or no reader of the format accepts it"
    default: "The file is malformed: get it again, or write it anew with the program that made it"
    }
  }
}
