internal import SutureBytes
internal import SutureTensors
internal import Synchronization

/// A storage so long that several threads look at it, each at other parts.
///
/// What they find together is what one thread would that reads view after view. Where bytes cannot be read they give up, and it
/// is for one thread to tell what is wrong.
final class LongStorage: Sendable {
  enum Outcome {
    /// It was read, and its checksum is right where one is recorded.
    case sound([(view: StorageView, nonFinite: NonFinite)])
    case damaged(ChecksumMismatch)
    case unreadable
  }

  /// A view whose elements lie one after another.
  private struct Place {
    let view: StorageView
    let range: Range<Int>
    /// What nothing was looked at for yet.
    let search: NonFiniteSearch
    /// Where this view ends, or one that begins before it and reaches further.
    var reach = 0
  }

  let byteCount: Int
  /// The views that nobody looks at here, since their elements lie in another order.
  let others: [StorageView]
  private let partSize: Int
  private let parts: PayloadParts
  /// In the order in which they begin.
  private let places: [Place]
  private let searches: Guarded<[NonFiniteSearch]>
  private let failure = Guarded<(any Error)?>(nil)
  private let hasFailed = Atomic(false)

  /// Few storages are longer, and yet all threads end at about the same time.
  static let usualPartSize = 1 << 23

  /// - Parameters:
  ///   - views: those of `storage` in which to search; where nothing is to be compared, no more than these is read.
  ///   - partSize: a multiple of 16, so that no element is cut.
  /// - Returns: `nil` where one thread should read it: it is short, or has to be read from its start on, or some views would be
  ///   read here and others later that nothing vouches for.
  static func of(_ storage: Storage, _ views: [StorageView] = [], partSize: Int) -> LongStorage? {
    guard storage.byteCount > partSize, let pass = storage.sharedPass() else { return nil }
    // In a view of no elements nothing is looked for: with no other, the storage is one that is only compared.
    let views = views.filter { !$0.view.byteExtent.isEmpty }
    let long = LongStorage(pass, byteCount: storage.byteCount, views, partSize)
    if long.places.isEmpty && !views.isEmpty { return nil }
    // Without a checksum not all of it is read here, and one thread stops at the first view that cannot be read.
    return pass.wantsChecksum || long.others.allSatisfy { NonFiniteSearch($0.view) == nil } ? long : nil
  }

  private init(_ pass: SharedPass, byteCount: Int, _ views: [StorageView], _ partSize: Int) {
    var (places, others) = ([Place](), [StorageView]())
    for view in views {
      if view.view.isContiguous, view.view.lazyBits.isEmpty, let search = NonFiniteSearch(view.view) {
        places.append(Place(view: view, range: view.view.byteExtent, search: search))
      } else {
        others.append(view)
      }
    }
    places.sort { $0.range.lowerBound < $1.range.lowerBound }
    var reach = 0
    for index in places.indices {
      reach = max(reach, places[index].range.upperBound)
      places[index].reach = reach
    }
    (self.byteCount, self.partSize, self.places, self.others) = (byteCount, partSize, places, others)
    parts = PayloadParts(pass, count: byteCount)
    searches = Guarded(places.map(\.search))
  }

  var partCount: Int { (byteCount - 1) / partSize + 1 }

  /// Looks at one of the parts.
  ///
  /// - Parameter progress: is told how many bytes of views have been looked at.
  func look(at part: Int, _ progress: (Int) -> Void) {
    if hasFailed.load(ordering: .relaxed) { return }
    let whole = part * partSize..<min((part + 1) * partSize, byteCount)
    // Where nothing is compared, the parts need not make up the whole.
    let wanted = parts.wantsChecksum ? whole : viewed(whole)
    let size = min(Storage.chunkSize, partSize)
    var lookedAt = 0
    do {
      try parts.read(wanted, upTo: size, size: { size - $0 % size }) { buffer, range in
        forEachPlace(in: range) { index, common in
          search(index, buffer, common, from: range.lowerBound)
          lookedAt += common.count
        }
      }
      progress(places.isEmpty ? wanted.count : lookedAt)
    } catch {
      failure.withLock { if $0 == nil { $0 = error } }
      hasFailed.store(true, ordering: .relaxed)
    }
  }

  /// Searches the elements of a view in `range` of the storage.
  ///
  /// - Parameter start: where in the storage the buffer begins.
  private func search(_ index: Int, _ buffer: [UInt8], _ range: Range<Int>, from start: Int) {
    let place = places[index]
    var search = place.search
    search.look(
      at: buffer, (range.lowerBound - start)..<(range.upperBound - start),
      from: (range.lowerBound - place.range.lowerBound) / place.view.view.dtype.byteCount)
    if !search.isEmpty { searches.withLock { $0[index].add(search) } }
  }

  /// The bytes of `range` from the first to the last that some view has; empty where none has any.
  private func viewed(_ range: Range<Int>) -> Range<Int> {
    var hull: Range<Int>?
    forEachPlace(in: range) { _, common in
      hull =
        hull.map { min($0.lowerBound, common.lowerBound)..<max($0.upperBound, common.upperBound) } ?? common
    }
    return hull ?? range.lowerBound..<range.lowerBound
  }

  /// Calls `body` with each view that has bytes of `range`, and with these.
  private func forEachPlace(in range: Range<Int>, _ body: (_ index: Int, _ common: Range<Int>) -> Void) {
    let end = places.firstIndex { $0.range.lowerBound >= range.upperBound }
    let start = places.firstIndex { $0.reach > range.lowerBound }
    for index in start..<end {
      let common = places[index].range.clamped(to: range)
      if !common.isEmpty { body(index, common) }
    }
  }

  /// What came of it, once every part has been looked at.
  var outcome: Outcome {
    switch failure.withLock({ $0 }) {
    case let mismatch as ChecksumMismatch: .damaged(mismatch)
    case .some: .unreadable
    case nil:
      .sound(
        zip(places, searches.withLock { $0 }).filter { !$1.isEmpty }.map {
          (view: $0.view, nonFinite: $1.found)
        })
    }
  }
}

extension LongStorage {
  /// One of several storages, and its number among them.
  typealias Numbered = (number: Int, storage: LongStorage)

  /// Looks at `count` storages at once, in their order: at the long ones part by part.
  ///
  /// - Parameters:
  ///   - long: in their order.
  ///   - whole: looks at the storage of that number, which is no long one.
  static func look(
    at count: Int, long: [Numbered], workers: Int, _ progress: @Sendable (Int) -> Void,
    whole: @Sendable (Int) throws -> Void
  ) throws {
    // Each part is a piece of work, and each storage that is not long.
    var (starts, pieces) = ([Int](), count)
    for (number, storage) in long {
      starts.append(number + pieces - count)
      pieces += storage.partCount - 1
    }
    try concurrently(pieces, workers: workers) { [starts] (piece) throws(any Error) in
      let next = starts.firstIndex { $0 > piece }
      guard next > 0 else { return try whole(piece) }
      let ((number, storage), place) = (long[next - 1], piece - starts[next - 1])
      if place < storage.partCount { return storage.look(at: place, progress) }
      try whole(number + 1 + place - storage.partCount)
    }
  }
}

extension Array {
  /// The first of which something holds that holds of all behind it; the end where it holds of none.
  fileprivate func firstIndex(_ holds: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
