internal import SutureBytes
public import SutureCheckpoints
internal import SutureModelRuntime
internal import SuturePictures
public import SutureSurgery
public import SutureTensors
internal import SutureText

/// A checkpoint as one page of HTML that a browser shows without asking for anything else: what it holds, module by module
/// and tensor by tensor, with statistics and a histogram of each, and how it differs from another.
///
/// ```swift
/// let page = try CheckpointPage(of: checkpoint)
/// try page.write(to: "model.html")
/// ```
public struct CheckpointPage: Sendable {
  public let checkpoint: Checkpoint
  /// The other file, and how this one differs from it.
  public let comparison: (other: Checkpoint, diff: StateDictDiff)?
  /// Of each tensor of the state dict, in its order; `nil` of those whose elements are no real numbers.
  public let statistics: [TensorStatistics?]
  /// Why the elements of a tensor cannot be read, for those of which that is so.
  public let problems: [(name: String, reason: String)]
  /// Of how many of the largest tensors the page has histograms; of all others it has the numbers.
  public var histogramLimit = 20_000
  /// The feature maps of the network in it as a PNG, beside the other's where that is a network of the same kind.
  public let features: [UInt8]?
  /// Why there are none.
  public let withoutFeatures: String?
  /// Why the other's do not stand beside them; `nil` where they do, or there is no other.
  public let withoutOther: String?

  /// Reads every element once, and what a forward pass reads once more.
  ///
  /// A tensor that cannot be read is a problem that the page tells; but then no other file can be compared with it.
  ///
  /// - Parameters:
  ///   - other: the file that it was made from, or any other, which is compared with it value by value.
  ///   - progress: is told how many more bytes have been read.
  /// - Throws: what reading throws.
  public init(
    of checkpoint: Checkpoint, against other: Checkpoint? = nil,
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    self.checkpoint = checkpoint
    (statistics, problems) = try Self.measured(checkpoint.stateDict, progress)
    comparison = try other.map { other in
      (other, try StateDictDiff(checkpoint.stateDict, other.stateDict) { progress($0) })
    }
    (features, withoutFeatures, withoutOther) = Self.drawn(checkpoint, other)
  }

  /// Tensors are measured side by side.
  private static func measured(_ stateDict: StateDict, _ progress: @Sendable (Int) -> Void) throws -> (
    [TensorStatistics?], [(name: String, reason: String)]
  ) {
    let entries = stateDict.entries
    let found = Guarded([TensorStatistics?](repeating: nil, count: entries.count))
    let failed = Guarded([(place: Int, reason: String)]())
    try concurrently(entries.count, workers: processorCount) { (place) throws(any Error) in
      let tensor = entries[place].tensor
      guard tensor.hasStatistics else { return }
      do {
        let statistics = try tensor.statistics()
        found.withLock { $0[place] = statistics }
      } catch let error as any SutureError where error.kind == .remote {
        throw error
      } catch {
        let reason = (error as? any SutureError)?.reason ?? "\(error)"
        failed.withLock { $0.append((place, reason)) }
      }
      progress(tensor.byteCount)
    }
    let problems = failed.withLock { $0.sorted { $0.place < $1.place } }
    return (found.withLock { $0 }, problems.map { (entries[$0.place].name, $0.reason) })
  }

  /// The feature maps, or why there are none: of a file that holds no network that is no fault.
  private static func drawn(_ checkpoint: Checkpoint, _ other: Checkpoint?) -> ([UInt8]?, String?, String?) {
    func reason(_ error: any Error) -> String { (error as? any SutureError)?.reason ?? "\(error)" }
    var withoutOther: String?
    if let other {
      do {
        return (try Verification(of: checkpoint, against: other).drawFeatures().png(), nil, nil)
      } catch { withoutOther = reason(error) }
    }
    do {
      return (try Verification(of: checkpoint).drawFeatures().png(), nil, withoutOther)
    } catch { return (nil, reason(error), nil) }
  }

  /// The page, in UTF-8.
  public var html: [UInt8] {
    Self.fill(
      PackageResources.page_html,
      [
        "title": Self.escaped(Self.name(of: checkpoint)), "style": PackageResources.page_css, "data": data,
        "script": PackageResources.page_js,
      ])
  }

  /// Writes the page beside `path`, and gives it its name when it is whole.
  ///
  /// - Parameter replaces: whether a file that is there may go.
  /// - Throws: ``OutputExists``, or what the file system says.
  /// - Returns: how many bytes it has.
  @discardableResult
  public func write(to path: String, replacing replaces: Bool = false) throws -> Int {
    if !replaces, pathExists(path) { throw OutputExists(path: path) }
    let page = html
    try OutputFile.write(page, to: path, replacing: replaces)
    return page.count
  }

  /// The last part of its path.
  static func name(of checkpoint: Checkpoint) -> String {
    checkpoint.path.split(separator: "/").last.map(String.init) ?? checkpoint.path
  }

  /// Puts each text where its name stands in double braces; what is put in is not looked at again.
  private static func fill(_ template: [UInt8], _ texts: [String: [UInt8]]) -> [UInt8] {
    var page: [UInt8] = []
    var rest = template[...]
    while let brace = rest.firstRange(of: Array("{{".utf8)) {
      page += rest[..<brace.lowerBound]
      rest = rest[brace.upperBound...]
      guard let end = rest.firstRange(of: Array("}}".utf8)) else { break }
      page += texts[String(decoding: rest[..<end.lowerBound], as: UTF8.self)] ?? []
      rest = rest[end.upperBound...]
    }
    return page + rest
  }

  /// Text as it stands between tags.
  private static func escaped(_ text: String) -> [UInt8] {
    text.visible.utf8.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "&"): Array("&amp;".utf8)
      case UInt8(ascii: "<"): Array("&lt;".utf8)
      case UInt8(ascii: ">"): Array("&gt;".utf8)
      default: [byte]
      }
    }
  }
}
