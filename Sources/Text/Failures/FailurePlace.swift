/// Where something is wrong, as far as that is known.
public struct FailurePlace: Sendable, Equatable {
  /// The path of a file or folder, or what stands for one.
  public var file: String?
  /// The record of an archive, or the member of a folder.
  public var record: String?
  /// Counted from 0.
  public var byteOffset: Int?
  /// The same byte counted from the start of the file, where it is known: a record has offsets of its own.
  public var fileOffset: Int?
  /// The dotted path of a value, or the name of a tensor.
  public var path: String?
  /// Counted from 1.
  public var line: Int?
  /// Counted from 1.
  public var column: Int?

  public init(
    file: String? = nil, record: String? = nil, byteOffset: Int? = nil, fileOffset: Int? = nil,
    path: String? = nil, line: Int? = nil, column: Int? = nil
  ) {
    (self.file, self.record, self.byteOffset) = (file, record, byteOffset)
    self.fileOffset = fileOffset ?? (record == nil ? byteOffset : nil)
    (self.path, self.line, self.column) = (path, line, column)
  }
}

extension FailurePlace: CustomStringConvertible {
  /// `model.pth: archive/data.pkl: byte 17`, `recipe.yaml:3:5`; empty where nothing is known.
  public var description: String {
    var parts: [String] = []
    if file != nil || line != nil {
      let position = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
      parts.append((file.map(Format.name) ?? "line") + position)
    }
    parts += [record, path].compactMap { $0.map(Format.name) }
    if let byteOffset { parts.append("byte \(byteOffset)") }
    return parts.joined(separator: ": ")
  }
}
