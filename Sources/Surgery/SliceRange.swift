/// A range of an axis as Python writes it: `0:10`, `:-1`, `::2`.
public struct SliceRange: Sendable {
  let text: String
  private let from: Int?
  private let to: Int?
  let step: Int

  /// `nil` where the text is no range with a positive step.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (2...3).contains(parts.count) else { return nil }
    var numbers: [Int?] = []
    for part in parts {
      if part.isEmpty {
        numbers.append(nil)
      } else if let number = Int(part) {
        numbers.append(number)
      } else {
        return nil
      }
    }
    let step = numbers.count == 3 ? numbers[2] ?? 1 : 1
    guard step > 0 else { return nil }
    (self.text, from, to, self.step) = (text, numbers[0], numbers[1], step)
  }

  /// The range in an axis of `count` elements; `nil` where it is empty or reaches beyond.
  func bounds(in count: Int) -> Range<Int>? {
    func place(_ index: Int?, unsaid: Int) -> Int? {
      guard let index else { return unsaid }
      guard index >= -count, index <= count else { return nil }
      return index < 0 ? index + count : index
    }
    guard let first = place(from, unsaid: 0), let last = place(to, unsaid: count), first < last else {
      return nil
    }
    return first..<last
  }
}
