import SutureText
import SutureWorkflows
import Testing

/// Which part a process does, by what the user or a scheduler says.
@Suite struct `The number of a part` {
  private func number(_ word: String, of parts: Int = 16, _ environment: [String: String] = [:]) throws
    -> PartNumber
  {
    try PartNumber(word, of: parts) { environment[$0] }
  }

  private func refusal(_ word: String, of parts: Int = 16, _ environment: [String: String] = [:]) -> String {
    let error = #expect(throws: Failure.self) { _ = try number(word, of: parts, environment) }
    #expect(error?.kind == .usage)
    return error.map { "\($0)" } ?? ""
  }

  @Test func `is said as K of N`() throws {
    #expect(try number("3/16").part == 3)
    #expect(try number("3/16").variable == nil)
    #expect(refusal("3/8").contains("the plan has 16 parts, and not 8"))
    for word in ["0/16", "17/16"] { #expect(refusal(word).contains("there is no part")) }
    for word in ["3", "a/16", "", "3/16/1", "99999999999999999999/16"] {
      #expect(refusal(word).contains("K/N or auto"))
    }
  }

  @Test(arguments: PartNumber.variables.map { ($0.name, $0.first) })
  func `is taken from what each scheduler counts from`(name: String, first: Int) throws {
    let found = try number("auto", [name: "\(first)"])
    #expect(found.part == 1 && found.variable == name)
    #expect(try number("auto", [name: "\(first + 15)"]).part == 16)
    #expect(refusal("auto", [name: "\(first + 16)"]).contains("\(first) to \(first + 15)"))
    #expect(refusal("auto", [name: "\(Int.min)"]).contains("the array counts from"))
  }

  @Test func `is refused where nobody says it, or two say others`() throws {
    #expect(refusal("auto").contains("SLURM_ARRAY_TASK_ID"))
    #expect(refusal("auto", ["SGE_TASK_ID": "undefined"]).contains("no variable"))
    #expect(
      refusal("auto", ["SLURM_ARRAY_TASK_ID": "2", "PARALLEL_SEQ": "5"]).contains(
        "SLURM_ARRAY_TASK_ID says part 2"))
    #expect(try number("auto", ["SLURM_ARRAY_TASK_ID": "2", "PARALLEL_SEQ": "2"]).part == 2)
  }

  @Test(arguments: [([3], "3"), ([1, 2, 3], "1-3"), ([7, 1, 3, 4], "1,3-4,7"), ([], "")])
  func `of several is an expression as arrays take it`(parts: [Int], text: String) {
    #expect(PartNumber.expression(parts) == text)
  }
}
