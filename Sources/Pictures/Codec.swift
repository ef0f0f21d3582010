internal import CSuturePictures
internal import SutureText

/// A library's two ways into a file: its header, and its pixels.
@safe struct Codec {
  typealias Size = (
    UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<UInt32>?,
    UnsafeMutablePointer<CChar>?
  ) -> CInt
  typealias Decode = (
    UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?, UInt32, UInt32, UnsafeMutablePointer<CChar>?
  ) -> CInt

  let size: Size
  let decode: Decode

  func read(_ bytes: [UInt8], _ name: String) throws -> (width: Int, height: Int, rgb: [UInt8]) {
    var (width, height): (UInt32, UInt32) = (0, 0)
    var message = [CChar](repeating: 0, count: Int(SUTURE_PICTURE_MESSAGE))
    guard unsafe size(bytes, bytes.count, &width, &height, &message) == 0 else {
      throw Failure.noPicture(name, Self.words(message))
    }
    guard (1...Picture.maximumSide).contains(Int(width)), (1...Picture.maximumSide).contains(Int(height))
    else {
      throw Failure.noPicture(
        name, "it is \(width)×\(height) pixels; 1 to \(Picture.maximumSide) a side are supported")
    }
    var rgb = [UInt8](repeating: 0, count: Int(width) * Int(height) * 3)
    guard unsafe decode(bytes, bytes.count, &rgb, width, height, &message) == 0 else {
      throw Failure.noPicture(name, Self.words(message))
    }
    return (Int(width), Int(height), rgb)
  }

  static func words(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Failure {
  /// A file is no picture that can be read.
  static func noPicture(_ name: String, _ reason: String) -> Failure {
    Failure(in: name, "it cannot be read as a picture: \(reason)")
  }
}
