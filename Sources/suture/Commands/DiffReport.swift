internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors

/// What `diff` says: the schema `suture.diff/1`.
struct DiffReport {
  let one: Checkpoint
  let other: Checkpoint
  let diff: StateDictDiff
  let isVerbose: Bool

  var json: JSONValue {
    let strings = { (names: [String]) in JSONValue.array(names.map { .string($0) }) }
    let integers = { (sizes: [Int]) in JSONValue.array(sizes.map { .integer($0) }) }
    let moves = { (moves: [StateDictDiff.Move]) in
      JSONValue.array(
        moves.map {
          [
            "a": .string($0.from), "b": .string($0.to), "shape_a": integers($0.fromShape),
            "shape_b": integers($0.toShape),
          ]
        })
    }
    return [
      "schema": "suture.diff/1", "a": .string(one.path), "b": .string(other.path),
      "same": .bool(diff.passed),
      "tolerance": diff.tolerance.map {
        [
          "atol": .double($0.absolute), "rtol": .double($0.relative), "equal_nan": .bool($0.equalNaN),
        ]
      } ?? .null,
      "added": strings(diff.added), "removed": strings(diff.removed), "renamed": moves(diff.renamed),
      "copied": moves(diff.copied),
      "advice": diff.advice.map { .array($0.repairs.flatMap(\.flags).map { .string($0) }) } ?? .null,
      "reshaped": .array(
        diff.reshaped.map {
          [
            "name": .string($0.name), "a": integers($0.from), "b": integers($0.to),
            "same_elements": .bool($0.keepsElements),
          ]
        }),
      "recast": .array(
        diff.recast.map { ["name": .string($0.name), "a": .string($0.from), "b": .string($0.to)] }),
      "compared": .integer(diff.values.count),
      "bit_equal": .integer(diff.values.count { $0.difference.isBitEqual }),
      "values": .array(
        diff.values.filter { !$0.difference.isBitEqual || !$0.difference.passed }.map(Self.json)),
    ]
  }

  /// A tensor that is not the same; numbers that are infinite are null, because JSON has none.
  private static func json(_ values: StateDictDiff.Values) -> JSONValue {
    let difference = values.difference
    var members: [(key: String, value: JSONValue)] = [
      ("name", .string(values.name)), ("same", .bool(difference.passed)),
      ("bit_equal", .bool(difference.isBitEqual)), ("elements", .integer(difference.elementCount)),
    ]
    if difference.isNumeric, !difference.isBitEqual {
      members += [
        ("differing", .integer(difference.differing)), ("max_abs", .double(difference.maximum)),
        ("max_abs_at", difference.maximumIndex.map { .array($0.map { .integer($0) }) } ?? .null),
        ("max_rel", .double(difference.maximumRelative)),
        ("cosine", difference.cosine.map { .double($0) } ?? .null),
      ]
    }
    members.append(
      (
        "nan",
        [
          "a": .integer(difference.nanInFirst), "b": .integer(difference.nanInSecond),
          "both": .integer(difference.nanInBoth),
        ]
      ))
    if let notClose = difference.notClose { members.append(("not_close", .integer(notClose))) }
    return .object(members)
  }
}
