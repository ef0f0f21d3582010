import SutureBytes
import Synchronization
import Testing

@Suite struct `Work on several threads` {
  private struct Trouble: Error, Equatable { let index: Int }

  @Test(arguments: [(0, 4), (1, 4), (2, 2), (7, 3), (10_000, 5), (3, 1), (5, 100)])
  func `is done once each`(count: Int, workers: Int) {
    let done = (0..<count).map { _ in Counter() }
    concurrently(count, workers: workers) { done[$0].value.add(1, ordering: .relaxed) }
    #expect(done.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
  }

  @Test func `ends with the first error, and begins nothing after it`() {
    let begun = Counter()
    let error = #expect(throws: Trouble.self) {
      try concurrently(100_000, workers: 4) { index in
        begun.value.add(1, ordering: .relaxed)
        if index == 10 { throw Trouble(index: index) }
      }
    }
    #expect(error == Trouble(index: 10))
    #expect(begun.value.load(ordering: .relaxed) < 100_000)
  }

  @Test func `within such work is done by the thread that asks`() {
    let sum = Counter()
    concurrently(8, workers: 4) { _ in
      concurrently(100, workers: 4) { sum.value.add($0, ordering: .relaxed) }
    }
    #expect(sum.value.load(ordering: .relaxed) == 8 * 4950)
  }

  /// Many jobs, short ones, from several sides at once: whoever is woken too late or not at all makes this hang.
  @Test func `begins and ends a thousand times, from several sides at once`() async {
    await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let sum = Counter()
          for _ in 0..<1000 { concurrently(5, workers: 3) { sum.value.add($0, ordering: .relaxed) } }
          return sum.value.load(ordering: .relaxed)
        }
      }
      for await sum in group { #expect(sum == 10_000) }
    }
  }

  /// They are started on another processor than the one that starts them, and are not to be held there.
  @Test func `is done wherever the system likes`() {
    let own = processorCount
    concurrently(64, workers: 8) { _ in #expect(processorCount == own) }
  }

  private final class Counter: Sendable { let value = Atomic(0) }
}
