import SutureTensors
import SutureText
import Testing

@testable import SutureSurgery

/// The numbers are those of `torch.nn.functional.interpolate`, float32, of torch 2.13; random ones are in the programs of steps.
@Suite struct `Interpolation` {
  private func output(_ tensor: Tensor, _ to: [Int], _ change: (inout Interpolate.Options) -> Void = { _ in })
    throws
    -> (Tensor, notes: [String])
  {
    var options = Interpolate.Options(to)
    change(&options)
    let plan = try Plan(
      of: try StateDict([.init(name: "w", tensor: tensor)]), steps: [Interpolate(["w"], options)])
    return (try #require(plan.output["w"]), plan.reports[0].notes)
  }

  private func refusal(
    _ shape: [Int], _ to: [Int] = [2, 2], _ change: (inout Interpolate.Options) -> Void = { _ in }
  )
    -> String
  {
    do {
      let tensor = try Tensor(floats: (0..<shape.reduce(1, *)).map { Float($0) }, shape: shape)
      _ = try output(tensor, to, change)
      return "done"
    } catch { return "\(error)" }
  }

  private func numbers(_ shape: [Int]) throws -> Tensor {
    try Tensor(floats: (0..<shape.reduce(1, *)).map { Float($0 * $0 % 7) }, shape: shape)
  }

  @Test(
    arguments: [
      (.bicubic, false, [2, 3], [0.6313974, 2.763672, 1.764002, 1.742278, 3.167969, 1.461717]),
      (
        .bicubic, false, [5, 6],
        [
          -0.2704722, -0.07524984, 1.340083, 3.972417, 3.57525, 2.010056, 0.7337644, 1.449751, 2.393584,
          2.846916, 1.97825, 0.9338198, 1.826389, 3.28125, 3.760417, 1.552084, 0.21875, -0.08680534, 1.299014,
          3.138375, 4.04975, 1.874751, 0.9736258, 1.05257, 0.6352503, 2.630501, 3.993825, 2.414676, 1.9655,
          2.200334,
        ]
      ),
      (.bicubic, true, [2, 2], [1.58295, 2.112459, 2.683861, 1.701756]),
      (
        .bicubic, true, [4, 3],
        [
          -0.05980396, 2.605603, 2.801222, 1.755885, 2.570524, 0.9153746, 2.545288, 2.792226, 0.569377,
          1.813518, 3.131723, 1.98014,
        ]
      ),
      (.bilinear, false, [5, 2], [0.5, 3, 1.5, 2, 3, 0.5, 2.7, 1.4, 2.5, 2]),
      (.bilinear, true, [2, 3], [1.1625, 2.5, 1.7375, 2.1625, 2.8125, 1.3625]),
      (.nearest, false, [5, 3], [0, 1, 4, 0, 1, 4, 2, 4, 1, 2, 4, 1, 1, 4, 2]),
      (.nearestExact, false, [2, 7], [0, 0, 1, 4, 4, 2, 2, 1, 1, 4, 2, 2, 2, 2]),
    ] as [(Resampling.Mode, Bool, [Int], [Float])])
  func `is torch's`(mode: Resampling.Mode, antialias: Bool, size: [Int], wanted: [Float]) throws {
    let (tensor, _) = try output(try numbers([1, 1, 3, 4]), size) {
      ($0.mode, $0.antialias) = (mode, antialias)
    }
    #expect(tensor.shape == [1, 1] + size)
    let found = try tensor.floats()
    #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 2e-6 }, "\(found)")
  }

  @Test func `of a table keeps the rows before its grid, and tells how many it took them for`() throws {
    let grid = try numbers([1, 1, 2, 2]).floats()
    let table = try Tensor(floats: ([9] + grid).flatMap { [$0, -$0] }, shape: [1, 5, 2])
    let (tensor, notes) = try output(table, [3, 3])
    let alone = try output(try Tensor(floats: grid, shape: [1, 1, 2, 2]), [3, 3]).0.floats()
    #expect(tensor.shape == [1, 10, 2])
    #expect(try tensor.floats() == ([9] + alone).flatMap { [$0, -$0] })
    #expect(notes == ["w: 2×2 places behind 1 without one"])
    // [N, C], with what is said.
    let flat = try output(try table.reshaped([5, 2]), [3, 3]) { $0.prefix = 1 }
    #expect(flat.0.shape == [10, 2] && flat.notes.isEmpty)
    #expect(try flat.0.floats() == tensor.floats())
    let wide = try output(try table.reshaped([5, 2]), [2, 2]) { $0.oldSize = [1, 4] }
    #expect(wide.0.shape == [5, 2])
  }

  @Test func `of channels that come last resamples the axes before them`() throws {
    let tensor = try Tensor(floats: (0..<12).map { Float($0) }, shape: [1, 2, 2, 3])
    let (last, notes) = try output(tensor, [1, 1]) { $0.mode = .bilinear }
    #expect(try last.shape == [1, 1, 1, 3] && last.floats() == [4.5, 5.5, 6.5])
    #expect(notes.count == 1 && notes[0].contains("[1, h, w, C]"))
    #expect(try output(tensor, [1, 1]) { $0.isChannelsLast = false }.0.shape == [1, 2, 1, 1])
    // Where the grid is not square either may be meant.
    let wide = try output(try tensor.reshaped([1, 2, 3, 2]), [1, 1])
    #expect(
      wide.0.shape == [1, 2, 1, 1]
        && wide.notes == ["w: taken for [1, C, h, w]; channels: last says otherwise"])
    #expect(try output(try tensor.reshaped([1, 3, 2, 2]), [1, 1]).notes.isEmpty)
  }

  @Test func `of the same size is the same tensor`() throws {
    let tensor = try numbers([2, 1, 3, 4])
    #expect(ViewIdentity(try output(tensor, [3, 4]).0) == ViewIdentity(tensor))
  }

  @Test func `of views that repeat what they view is bounded in all`() throws {
    // Views of one place are computed once: these are of several.
    let stored = try Tensor(floats: .init(repeating: 1, count: 11), shape: [11])
    let entries = try (0..<11).map { place in
      StateDict.Entry(
        name: "w\(place)",
        tensor: try Tensor(
          stored.storage, dtype: .float32, shape: [1, 1, 10_000, 10_000], strides: [0, 0, 0, 0], offset: place
        ))
    }
    let step = Interpolate(["*"], Interpolate.Options([2, 2]))
    let few = try Plan(of: try StateDict(Array(entries.prefix(10))), steps: [step])
    #expect(few.output.allSatisfy { $0.tensor.shape == [1, 1, 2, 2] })
    let all = try StateDict(entries)
    do {
      _ = try Plan(of: all, steps: [step])
      Issue.record("it is not refused")
    } catch { #expect("\(error)".contains("w10") && "\(error)".contains("4.0 GiB")) }
  }

  @Test func `of what has no grid is refused`() {
    #expect(refusal([7, 2]).contains("7 rows are no square grid, with one row before it or none"))
    #expect(refusal([6, 2]) { $0.prefix = 3 }.contains("6 rows are no square grid behind 3"))
    #expect(refusal([6, 2]) { ($0.oldSize, $0.prefix) = ([2, 2], 1) }.contains("6 rows are not 1 and 2×2"))
    #expect(refusal([2, 5, 2]).contains("no table"))
    #expect(refusal([5]).contains("no table"))
    #expect(refusal([1, 1, 2, 3]) { $0.oldSize = [2, 2] }.contains("its grid is 2×3"))
    #expect(refusal([1, 1, 2, 3]) { $0.prefix = 1 }.contains("no tokens before"))
    #expect(refusal([1, 1, 0, 3]).contains("its grid is empty"))
    #expect(refusal([1, 1, 2, 2], [0, 2]).contains("needs a height and a width"))
    #expect(refusal([1, 1, 2, 2], [2]).contains("needs a height and a width"))
    #expect(refusal([1, 1, 2, 2]) { ($0.mode, $0.antialias) = (.nearest, true) }.contains("no antialias"))
  }
}
