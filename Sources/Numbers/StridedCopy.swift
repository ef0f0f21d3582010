internal import CSutureNumbers

/// Copies elements that lie apart.
public enum StridedCopy {
  /// An axis of a box: how many indices it has, and how many elements apart neighbours lie.
  public struct Axis: Sendable {
    public var count: Int
    /// In the source.
    public var step: Int
    /// In the target.
    public var stride: Int

    public init(count: Int, step: Int, stride: Int) {
      (self.count, self.step, self.stride) = (count, step, stride)
    }
  }

  /// How it is done.
  public enum Way: Sendable {
    case fast
    /// One element at a time, which is what the other has to agree with.
    case plain
  }

  /// Copies `count` elements of `size` bytes; places and steps are counted in elements.
  public static func copy(
    _ count: Int, size: Int, from source: [UInt8], at start: Int, step: Int, to target: inout [UInt8],
    at place: Int, step stride: Int
  ) {
    let axis = Axis(count: count, step: step, stride: stride)
    copy([axis], size: size, from: source, at: start, to: &target, at: place)
  }

  /// Copies the elements of a box, each of `size` bytes; places, steps and strides are counted in elements.
  public static func copy(
    _ axes: [Axis], size: Int, from source: [UInt8], at start: Int, to target: inout [UInt8], at place: Int,
    _ way: Way = .fast
  ) {
    if axes.contains(where: { $0.count == 0 }) { return }
    precondition(axes.count <= Int(SUTURE_MOST_AXES) && start >= 0 && place >= 0)
    precondition(axes.allSatisfy { $0.count > 0 && $0.step >= 0 && $0.stride >= 0 })
    precondition((axes.reduce(start) { $0 + ($1.count - 1) * $1.step } + 1) * size <= source.count)
    precondition((axes.reduce(place) { $0 + ($1.count - 1) * $1.stride } + 1) * size <= target.count)
    let given = axes.map { suture_axis(count: $0.count, from_step: $0.step, to_step: $0.stride) }
    unsafe source.withUnsafeBytes { from in
      unsafe target.withUnsafeMutableBytes { to in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        let (first, last) = unsafe (from + start * size, to + place * size)
        switch way {
        case .fast: unsafe suture_gather(first, last, size, given, CInt(given.count))
        case .plain: unsafe suture_gather_plainly(first, last, size, given, CInt(given.count))
        }
      }
    }
  }
}
