internal import CSutureNumbers

/// Statistics and a histogram of numbers that are seen once, in whatever order.
public struct NumberSummary: Sendable {
  private var summary = suture_summary()

  public init() {}

  /// Adds the numbers of the first `count` elements of `bytes`, of a complex element both.
  public mutating func add(_ bytes: [UInt8], count: Int, as codec: ElementCodec) {
    let numbers = count * codec.width
    if case .float(let format) = codec.number {
      precondition(numbers <= bytes.count / format.byteCount, "there are fewer elements")
      unsafe bytes.withUnsafeBytes {
        unsafe suture_summarize(&summary, format.code, format.byteCount, $0.baseAddress, numbers)
      }
    } else {
      let decoded = codec.decode(bytes, count: count)
      unsafe decoded.withUnsafeBytes {
        unsafe suture_summarize(&summary, SUTURE_FLOAT64, 8, $0.baseAddress, decoded.count)
      }
    }
  }

  // MARK: Of the finite numbers

  public var count: Int { Int(summary.count) }
  /// The least and the largest; `nil` where there is none.
  public var minimum: Double? { count == 0 ? nil : summary.least }
  public var maximum: Double? { count == 0 ? nil : summary.largest }
  public var mean: Double? { count == 0 ? nil : summary.mean }
  /// The population's.
  public var deviation: Double? { count == 0 ? nil : (summary.squares / Double(count)).squareRoot() }
  public var zeroCount: Int { Int(summary.zeros) }

  // MARK: Of the others

  public var nanCount: Int { Int(summary.nans) }
  public var infinityCount: Int { Int(summary.infinities) }

  // MARK: Histogram

  /// How the finite numbers lie, in `most` bins or fewer; `nil` where there are none, or where they lie so far apart that
  /// doubles cannot say it.
  public func histogram(most: Int = 64) -> Histogram? {
    precondition(most > 0, "a histogram has bins")
    guard count > 0, summary.width > 0 else { return nil }
    let bins = unsafe withUnsafeBytes(of: summary.bins) { unsafe Array($0.bindMemory(to: UInt64.self)) }
    guard let first = bins.firstIndex(where: { $0 > 0 }), let last = bins.lastIndex(where: { $0 > 0 }) else {
      return nil
    }
    let joined = (last - first) / most + 1
    let counts = stride(from: first, through: last, by: joined).map { start in
      Int(bins[start..<min(start + joined, last + 1)].reduce(0, +))
    }
    return Histogram(
      start: summary.start + Double(first) * summary.width, width: summary.width * Double(joined),
      counts: counts)
  }
}

/// How many numbers lie where, in bins of one width.
public struct Histogram: Sendable, Equatable {
  /// Where the first bin begins.
  public let start: Double
  public let width: Double
  /// Of the numbers from `start + i * width` on, and below `start + (i + 1) * width`.
  public let counts: [Int]
}
