internal import SutureBytes

/// A rectangle of a tensor's indices: where it begins along each axis, and how many indices of it there are.
public struct TensorBox: Hashable, Sendable, CustomStringConvertible {
  public let start: [Int]
  public let sizes: [Int]

  public init(start: [Int], sizes: [Int]) { (self.start, self.sizes) = (start, sizes) }

  /// Every index of a shape.
  public init(whole shape: [Int]) {
    self.init(start: [Int](repeating: 0, count: shape.count), sizes: shape)
  }

  /// Whether it holds no index.
  public var isEmpty: Bool { sizes.contains(0) }

  /// `[6..<11, 0..<4]`.
  public var description: String {
    "[\(zip(start, sizes).map { "\($0)..<\($0 &+ $1)" }.joined(separator: ", "))]"
  }

  /// Whether the box lies within a shape, empty or not.
  public func lies(within shape: [Int]) -> Bool {
    guard start.count == shape.count, sizes.count == shape.count else { return false }
    return shape.indices.allSatisfy {
      start[$0] >= 0 && sizes[$0] >= 0 && start[$0] <= shape[$0] && sizes[$0] <= shape[$0] - start[$0]
    }
  }

  /// What lies in both; `nil` where nothing does.
  fileprivate func overlaps(_ other: TensorBox) -> Bool {
    start.indices.allSatisfy {
      start[$0] < other.start[$0] + other.sizes[$0] && other.start[$0] < start[$0] + sizes[$0]
    }
  }
}

/// Whether boxes are a tensor: each of its elements in one of them, and in no other.
public enum Tiling {
  /// Why boxes are no tensor.
  public enum Fault: Error, Equatable {
    /// The box of this place in the list does not lie within the shape.
    case outOfBounds(Int)
    /// These two have elements in common.
    case overlap(Int, Int)
    /// In none of them lies this.
    case hole(TensorBox)
  }

  /// Throws unless `boxes` tile `shape`; empty ones do not matter, but lie within it as well.
  ///
  /// - Complexity: O(*n* log *n*) for boxes that follow one another along an axis; O(*n* · *m*) where each of *m* reaches over
  ///   the same indices of all axes but one.
  public static func check(_ boxes: [TensorBox], shape: [Int]) throws {
    for (index, box) in boxes.enumerated() where !box.lies(within: shape) { throw Fault.outOfBounds(index) }
    let count = try Shape.elementCount(shape)
    let places = boxes.indices.filter { !boxes[$0].isEmpty }
    if let (one, other) = overlap(boxes, places, shape.count) {
      throw Fault.overlap(min(one, other), max(one, other))
    }
    // They lie within the shape and apart, so that their sizes together are at most its own.
    if places.reduce(0, { $0 + boxes[$1].sizes.reduce(1, *) }) == count { return }
    throw Fault.hole(hole(places.map { boxes[$0] }, shape))
  }

  /// Sweeps along the axis that parts the boxes the most, and compares those that are open at the same time.
  private static func overlap(_ boxes: [TensorBox], _ places: [Int], _ rank: Int) -> (Int, Int)? {
    guard rank > 0 else { return places.count > 1 ? (places[0], places[1]) : nil }
    let starts = (0..<rank).map { axis in Set(places.map { boxes[$0].start[axis] }).count }
    let axis = starts.indices.max { starts[$0] < starts[$1] } ?? 0
    var open: [Int] = []
    for place in places.sorted(by: { boxes[$0].start[axis] < boxes[$1].start[axis] }) {
      let box = boxes[place]
      open.removeAll { boxes[$0].start[axis] + boxes[$0].sizes[axis] <= box.start[axis] }
      if let other = open.first(where: { boxes[$0].overlaps(box) }) { return (other, place) }
      open.append(place)
    }
    return nil
  }

  /// The first stretch of indices of each axis that the boxes, which overlap nowhere, leave open.
  private static func hole(_ boxes: [TensorBox], _ shape: [Int]) -> TensorBox {
    var (start, sizes, rest) = ([Int](), [Int](), boxes)
    for axis in shape.indices {
      let edges = Set(rest.flatMap { [$0.start[axis], $0.start[axis] + $0.sizes[axis]] } + [0, shape[axis]])
        .sorted()
      let behind = shape[(axis + 1)...].reduce(1, *)
      for (low, high) in zip(edges, edges.dropFirst()) {
        let across = rest.filter { $0.start[axis] <= low && $0.start[axis] + $0.sizes[axis] >= high }
        let covered = across.reduce(0) { $0 + $1.sizes[(axis + 1)...].reduce(1, *) }
        if covered < behind {
          start.append(low)
          sizes.append(high - low)
          rest = across
          break
        }
      }
    }
    return TensorBox(start: start, sizes: sizes)
  }
}
