internal import SutureBytes

extension SafetensorsFile {
  /// Whether a file of `fileSize` bytes that begins with `prefix` is meant to be a safetensors file.
  ///
  /// True for truncated and otherwise broken ones too, so that the reader can say what is wrong with them. Some
  /// dozens of bytes are enough.
  public static func looksLikeSafetensors(prefix: [UInt8], fileSize: Int) -> Bool {
    guard prefix.count > lengthSize else { return false }
    // A header over the limit is believed only where the file is long enough for it.
    guard let count = Int(exactly: prefix.integer(at: 0, UInt64.self)), count >= 2,
      count <= headerLimit || count <= fileSize - lengthSize
    else { return false }
    let text = prefix[lengthSize...].prefix(count).filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard text.first == UInt8(ascii: "{") else { return false }
    return text.count == 1 || text[1] == UInt8(ascii: "\"") || text[1] == UInt8(ascii: "}")
  }
}
