internal import SutureModelRuntime

/// Where the outputs of two networks of one size begin to differ.
enum FirstDifference {
  /// The first layer whose outputs differ, and by how much; `nil` where none does.
  static func find(_ ours: Network, _ theirs: Network, on image: FeatureMap) throws -> String? {
    guard let names = ours.backbone?.outputNames.filter({ $0.hasPrefix("feature.") }) else { return nil }
    var digests: [UInt64] = []
    _ = try theirs.outputs(names, of: image) { digests.append($0.digest) }
    var (place, found) = (0, Int?.none)
    var (name, map) = ("", FeatureMap?.none)
    _ = try ours.outputs(names, of: image) { layer in
      if found == nil, place < digests.count, layer.digest != digests[place] {
        (found, name, map) = (place, layer.name, layer.map)
      }
      place += 1
    }
    guard let found, let map else { return nil }
    var error = Double.nan
    place = 0
    _ = try theirs.outputs(names, of: image) { layer in
      if place == found, layer.map.shape == map.shape {
        error = Difference(map.values, from: layer.map.values).relative
      }
      place += 1
    }
    return "the first layer that differs is \(name), by \(Format.scientific(error)) of its peak"
  }
}
