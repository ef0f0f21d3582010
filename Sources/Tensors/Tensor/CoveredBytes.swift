/// The bytes of storages that some tensors lie in, from the first that each views to the last.
public struct CoveredBytes: Sendable {
  /// Ascending and apart.
  private var ranges: [Storage.Identity: [Range<Int>]] = [:]

  public init(_ tensors: [Tensor]) {
    for tensor in tensors {
      for view in tensor.views where !view.extentInWhole.isEmpty {
        ranges[view.storage.wholeID, default: []].append(view.extentInWhole)
      }
    }
    ranges = ranges.mapValues { ranges in
      ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { merged, range in
        if let last = merged.last, last.upperBound >= range.lowerBound {
          merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
          merged.append(range)
        }
      }
    }
  }

  /// Whether a tensor lies in some of them.
  public func overlap(_ tensor: Tensor) -> Bool {
    tensor.views.contains { view in
      guard let ranges = ranges[view.storage.wholeID] else { return false }
      let extent = view.extentInWhole
      var (low, high) = (0, ranges.count)
      while low < high {
        let middle = (low + high) / 2
        if ranges[middle].upperBound > extent.lowerBound { high = middle } else { low = middle + 1 }
      }
      return low < ranges.count && !extent.isEmpty && ranges[low].lowerBound < extent.upperBound
    }
  }
}

extension Tensor {
  /// Whether it views a storage that the other one does.
  public func sharesStorage(with other: Tensor) -> Bool {
    let mine = Set(storages.map(\.wholeID))
    return other.storages.contains { mine.contains($0.wholeID) }
  }
}
