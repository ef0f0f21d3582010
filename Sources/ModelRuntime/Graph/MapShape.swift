internal import SutureArchitectures

/// The size of activations: N images of H×W pixels with C channels.
struct MapShape: Hashable, Sendable {
  let batch: Int
  let height: Int
  let width: Int
  let channels: Int
  /// How many floats lie from a pixel to the next in memory: the channels, or those of the map that this is a part of.
  private(set) var pitch: Int

  init(batch: Int, height: Int, width: Int, channels: Int) {
    (self.batch, self.height, self.width, self.channels) = (batch, height, width, channels)
    pitch = channels
  }

  /// The same as some channels of a map that has `pitch` of them.
  func apart(_ pitch: Int) -> MapShape {
    var shape = self
    shape.pitch = pitch
    return shape
  }

  /// The largest map that is computed: 2³¹ elements, 8 GiB.
  static let maximumCount = 1 << 31
  /// The longest side of an image.
  static let maximumSide = 1 << 14

  /// As PyTorch has it.
  var nchw: [Int] { [batch, channels, height, width] }

  var rows: Int { batch * height * width }

  /// The number of elements.
  var count: Int { rows * channels }

  /// Refuses what is empty or beyond measure; after this ``count`` cannot overflow.
  ///
  /// - Throws: ``ModelError`` with the numbers.
  func check(_ what: String) throws {
    guard [batch, height, width, channels].allSatisfy({ $0 > 0 }) else {
      throw ModelError.wrongInput("\(what) of \(text) is empty: every size must be at least 1")
    }
    guard height <= Self.maximumSide, width <= Self.maximumSide else {
      throw ModelError.tooLarge("\(what) of \(text) is longer than \(Self.maximumSide) pixels on a side")
    }
    var product = 1
    for size in [batch, height, width, channels] {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow, next <= Self.maximumCount else {
        throw ModelError.tooLarge("\(what) of \(text) is more than \(Self.maximumCount) elements")
      }
      product = next
    }
  }

  var text: String { "\(batch)×\(channels)×\(height)×\(width)" }
}
