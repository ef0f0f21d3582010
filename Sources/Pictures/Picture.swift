internal import CSuturePictures
internal import SutureBytes
internal import SutureText

/// An image of 8-bit RGB pixels, row after row.
public struct Picture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Three bytes a pixel.
  public private(set) var rgb: [UInt8]

  /// The longest side of a picture that is read.
  public static let maximumSide = 1 << 14

  /// A picture of one colour.
  public init(width: Int, height: Int, fill: (red: UInt8, green: UInt8, blue: UInt8)) {
    precondition(width > 0 && height > 0 && width <= Self.maximumSide && height <= Self.maximumSide)
    (self.width, self.height) = (width, height)
    rgb = []
    rgb.reserveCapacity(width * height * 3)
    for _ in 0..<(width * height) { rgb += [fill.red, fill.green, fill.blue] }
  }

  init(width: Int, height: Int, rgb: [UInt8]) {
    precondition(rgb.count == width * height * 3)
    (self.width, self.height, self.rgb) = (width, height, rgb)
  }

  /// The picture in a PNG or JPEG file, told by its content.
  ///
  /// As PIL's `convert("RGB")`: alpha is thrown away, profiles and the orientation of Exif are ignored.
  ///
  /// - Throws: `Failure` where it is no picture, broken, or longer than ``maximumSide``, before its pixels are
  ///   allocated.
  public init(path: String) throws {
    let source = try openInput(path)
    guard source.byteCount <= 1 << 30 else {
      throw Failure.noPicture(path, "it has \(source.byteCount) bytes")
    }
    try self.init(try source.bytes(0..<source.byteCount), name: path)
  }

  /// The picture that `bytes` hold.
  public init(_ bytes: [UInt8], name: String) throws {
    let codec: Codec
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      codec = unsafe Codec(size: suture_png_size, decode: suture_png_decode)
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      codec = unsafe Codec(size: suture_jpeg_size, decode: suture_jpeg_decode)
    } else {
      throw Failure.noPicture(name, "it is neither a PNG nor a JPEG file")
    }
    (width, height, rgb) = try codec.read(bytes, name)
  }

  /// The picture as a PNG file.
  public func png() throws -> [UInt8] {
    var file: [UInt8] = []
    var message = [CChar](repeating: 0, count: Int(SUTURE_PICTURE_MESSAGE))
    let status = unsafe withUnsafeMutablePointer(to: &file) { file in
      unsafe suture_png_encode(
        rgb, UInt32(width), UInt32(height), file,
        { context, bytes, count in
          unsafe context?.assumingMemoryBound(to: [UInt8].self).pointee.append(
            contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        }, &message)
    }
    guard status == 0 else { throw Failure.noPicture("PNG", Codec.words(message)) }
    return file
  }

  subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    get {
      let start = (y * width + x) * 3
      return (rgb[start], rgb[start + 1], rgb[start + 2])
    }
    set {
      let start = (y * width + x) * 3
      (rgb[start], rgb[start + 1], rgb[start + 2]) = newValue
    }
  }
}
