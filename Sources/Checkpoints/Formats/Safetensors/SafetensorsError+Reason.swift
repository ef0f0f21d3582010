internal import SutureJSON

extension SafetensorsError.Reason: CustomStringConvertible {
  /// A name from a file, with all escaped that could disturb a line of text.
  static func quoted(_ name: String) -> String { JSONWriter.text(.string(name)) }

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
      "the metadata's \(Self.quoted(key)) is \(found), not a string"
    case .malformedView:
      "the metadata describe it as a view that does not lie within the tensor it is to be a view of"
    case .duplicateName: "the header has this name twice"
    case .missingField(let field): "its entry has no \"\(field)\""
    case .malformedField(let field, let expected): "its \"\(field)\" is not \(expected)"
    case .unknownDType(let name): "the dtype \(Self.quoted(name)) is not one that can be read here"
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
    case .duplicateMetadataKey(let key): "the metadata has the key \(Self.quoted(key)) twice"
    case .oversizedOutputHeader(let count, let limit):
      "the header would have \(count) bytes, and readers accept \(limit)"
    }
  }
}
