internal import Glibc
internal import SutureArchitectures

/// A map where it was computed; valid only while it is shown.
///
/// It is only read, by as many threads as like.
@safe struct MapView: @unchecked Sendable {
  let shape: MapShape
  /// The first pixel; the others lie ``MapShape/pitch`` apart.
  let start: UnsafePointer<Float>

  init(_ shape: MapShape, _ start: UnsafePointer<Float>) {
    unsafe (self.shape, self.start) = unsafe (shape, start)
  }

  /// The channels of the pixel of that number.
  func pixel(_ row: Int) -> UnsafeBufferPointer<Float> {
    unsafe UnsafeBufferPointer(start: start + row * shape.pitch, count: shape.channels)
  }

  /// A copy that stays.
  var map: FeatureMap {
    let values = unsafe [Float](unsafeUninitializedCapacity: shape.count) { buffer, count in
      if let copy = buffer.baseAddress { unsafe copyPixels(to: copy) }
      count = shape.count
    }
    return FeatureMap(shape, values)
  }

  private func copyPixels(to copy: UnsafeMutablePointer<Float>) {
    // Each thread has pixels of its own of both.
    nonisolated(unsafe) let (start, copy) = unsafe (start, copy)
    CompilerContext.divide(rows: shape.rows, floats: shape.channels) { rows in
      if shape.pitch == shape.channels {
        unsafe memcpy(
          copy + rows.lowerBound * shape.pitch, start + rows.lowerBound * shape.pitch,
          rows.count * shape.pitch * 4)
      } else {
        for row in rows {
          unsafe memcpy(copy + row * shape.channels, start + row * shape.pitch, shape.channels * 4)
        }
      }
    }
  }
}

extension FeatureMap {
  /// Shows it where it lies.
  func show<Result>(_ use: (MapView) throws -> Result) throws -> Result {
    try unsafe values.withUnsafeBufferPointer { values in
      guard let start = values.baseAddress else { throw ModelError.wrongInput("the image is empty") }
      return try use(unsafe MapView(mapShape, start))
    }
  }
}
