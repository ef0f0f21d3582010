internal import CSutureOneDNN
internal import SutureBytes
internal import Synchronization

/// Reads weights and lays them out as primitives want them, in parallel.
final class WeightPacker: @unchecked Sendable {
  private let context: CompilerContext
  private let requests: [WeightRequest]
  private let packed: [PackedWeights]
  private let order: [Int]
  private let next = Atomic<Int>(0)
  private let failure = Guarded<(any Error)?>(nil)

  private init(_ requests: [WeightRequest], _ context: CompilerContext) {
    (self.requests, self.context) = (requests, context)
    let region = Region(byteCount: requests.reduce(0) { $0 + $1.byteCount })
    var place = unsafe region.base
    packed = requests.map { request in
      let bias = unsafe place + request.partCount * Region.aligned(request.packed.byteCount)
      defer { unsafe place += request.byteCount }
      return unsafe PackedWeights(region: region, layout: request.packed, weights: place, bias: bias)
    }
    // Large ones first, so that no thread is left with one at the end.
    order = requests.indices.sorted { requests[$0].weightCount > requests[$1].weightCount }
  }

  /// The requested weights, all in one region.
  ///
  /// - Throws: the first error that reading gave.
  static func pack(_ requests: [WeightRequest], _ context: CompilerContext) throws -> [PackedWeights] {
    if requests.isEmpty { return [] }
    let packer = WeightPacker(requests, context)
    let workers = min(CompilerContext.threads, requests.count)
    concurrently(workers, workers: workers) { _ in
      // What oneDNN does for one of our threads is not to start a team of its own.
      let threads = suture_onednn_threads()
      suture_onednn_set_threads(1)
      packer.work()
      suture_onednn_set_threads(threads)
    }
    if let error = packer.failure.withLock({ $0 }) { throw error }
    return packer.packed
  }

  /// Packs one after the other until none is left.
  private func work() {
    do {
      // A stream belongs to one thread.
      let dnnl = try OneDNN()
      var scratch: Region?
      while true {
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard turn < order.count, failure.withLock({ $0 == nil }) else { return }
        let (request, target) = (requests[order[turn]], packed[order[turn]])
        if (scratch?.byteCount ?? 0) < request.weightCount * 4 {
          scratch = Region(byteCount: request.weightCount * 4)
        }
        if let scratch { try pack(request, target, scratch, dnnl) }
      }
    } catch {
      failure.withLock { $0 = $0 ?? error }
    }
  }

  private func pack(
    _ request: WeightRequest, _ target: PackedWeights, _ scratch: Region, _ dnnl: OneDNN
  ) throws {
    func floats(_ start: UnsafeMutableRawPointer, _ count: Int) -> UnsafeMutableBufferPointer<Float> {
      unsafe UnsafeMutableBufferPointer(
        start: start.bindMemory(to: Float.self, capacity: count), count: count)
    }
    let bias = unsafe floats(target.bias, request.biasCount)
    switch request.packing {
    case .none(let fill): try unsafe fill(floats(target.weights, request.weightCount), bias)
    case .reorder(let plain, let offset, let fill):
      try unsafe fill(floats(scratch.base, request.weightCount), bias)
      try unsafe reorder(scratch.base, plain, offset, request, target, dnnl)
    case .kernel(let pack):
      guard let base = bias.baseAddress else { return }
      try unsafe pack(floats(scratch.base, request.weightCount), target.weights, base)
    }
  }

  private func reorder(
    _ buffer: UnsafeMutableRawPointer, _ plain: Layout, _ offset: Int, _ request: WeightRequest,
    _ target: PackedWeights, _ dnnl: OneDNN
  ) throws {
    let primitive = try CompilerContext(dnnl: dnnl, precision: context.precision, instructions: nil).reorder(
      plain, request.packed)
    let pad = UnsafeMutableRawPointer.allocate(
      byteCount: max(primitive.scratchpadByteCount, 1), alignment: Region.alignment)
    defer { unsafe pad.deallocate() }
    for part in 0..<request.partCount {
      let from = unsafe buffer + part * offset * 4
      let execution = try unsafe primitive.bound(
        to: [(DNNL_ARG_FROM, plain, from), (DNNL_ARG_TO, request.packed, target.part(part))], scratchpad: pad,
        dnnl)
      try execution(dnnl)
    }
  }
}
