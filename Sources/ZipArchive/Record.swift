/// One entry of an archive.
public struct Record: Sendable {
  public enum Method: Sendable, Equatable { case stored, deflated }

  public let name: String
  /// How many bytes the contents have.
  public let size: Int
  /// How many bytes they take in the file.
  public let compressedSize: Int
  public let crc32: UInt32
  public let method: Method
  /// Where the payload begins in the file.
  public let payloadOffset: Int

  let index: Int
  let headerOffset: Int
}
