internal import CSutureNumbers

/// Copies elements that lie apart.
public enum StridedCopy {
  /// Copies `count` elements of `size` bytes; places and steps are counted in elements.
  public static func copy(
    _ count: Int, size: Int, from source: [UInt8], at start: Int, step: Int, to target: inout [UInt8],
    at place: Int, step stride: Int
  ) {
    if count == 0 { return }
    precondition(start >= 0 && place >= 0 && step >= 0 && stride >= 0)
    precondition((start + (count - 1) * step + 1) * size <= source.count)
    precondition((place + (count - 1) * stride + 1) * size <= target.count)
    unsafe source.withUnsafeBytes { from in
      unsafe target.withUnsafeMutableBytes { to in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        unsafe suture_copy_strided(from + start * size, step, to + place * size, stride, count, size)
      }
    }
  }
}
