internal import SuturePictures

/// Any bytes as a picture; one that is read is resized, boxed, and written again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let picture = try? Picture(bytes, name: "fuzz") else { return 0 }
  precondition(picture.rgb.count == picture.width * picture.height * 3)
  // A few bytes may be a large picture; resizing those tells nothing new.
  guard picture.width * picture.height <= 1 << 16 else { return 0 }
  _ = picture.resized(shorterSide: 37).centreCropped(32)
  _ = picture.letterboxed(64, stride: 32)
  guard let file = try? picture.png() else { preconditionFailure("a picture cannot be written") }
  precondition((try? Picture(file, name: "again")) == picture, "a picture changes in PNG")
  return 0
}
