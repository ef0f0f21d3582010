internal import SutureArchitectures
internal import SutureJSON
public import SutureSurgery

extension StateDictDiff {
  /// The schema `suture.diff/1`.
  ///
  /// - Parameters:
  ///   - one: the path of the first.
  ///   - other: the path of the second.
  ///   - flags: the words of a program that do what is advised.
  ///   - depth: by how many components of their names the tensors are summed up; `nil` where they are not.
  public func json(_ one: String, _ other: String, flags: [String]?, depth: Int? = nil) -> JSONReport {
    let list = { (moves: [Move]) in
      moves.map {
        ["a": $0.from, "b": $0.to, "shape_a": $0.fromShape, "shape_b": $0.toShape] as JSONObject
      }
    }
    return JSONReport(
      "suture.diff/1",
      [
        "a": one, "b": other, "same": passed,
        "tolerance": tolerance.map {
          ["atol": $0.absolute, "rtol": $0.relative, "equal_nan": $0.equalNaN] as JSONObject
        }.json,
        "added": added, "removed": removed, "renamed": list(renamed),
        "copied": list(copied),
        "advice": flags.json,
        "reshaped": reshaped.map {
          ["name": $0.name, "a": $0.from, "b": $0.to, "same_elements": $0.keepsElements] as JSONObject
        },
        "recast": recast.map { ["name": $0.name, "a": $0.from, "b": $0.to] as JSONObject },
        "values_compared": comparesValues, "compared": values.count,
        "bit_equal": values.count { $0.difference.isBitEqual },
        "cast_equal": castEqualCount,
        "values": valuesByChange.filter { !$0.difference.isBitEqual || !$0.difference.passed }.map(Self.json),
        "modules_by_depth": depth.map { depth in
          changes(depth: depth).map {
            [
              "name": $0.name, "compared": $0.comparedCount, "changed": $0.changedCount,
              "change": $0.relativeChange, "max_abs": $0.maximum, "most": $0.most,
            ] as JSONObject
          }
        },
      ])
  }

  /// A tensor that is not the same; numbers that are infinite are null, because JSON has none.
  private static func json(_ values: Values) -> JSONObject {
    let difference = values.difference
    var object: JSONObject = [
      "name": values.name, "same": difference.passed, "bit_equal": difference.isBitEqual,
      "cast_equal": difference.isEqualAfterCast, "elements": difference.elementCount,
      "change": difference.relativeChange,
    ]
    if difference.isNumeric, !difference.isBitEqual {
      object["differing"] = difference.differing
      object["max_abs"] = difference.maximum
      object["max_abs_at"] = difference.maximumIndex?.json ?? .null
      object["max_rel"] = difference.maximumRelative
      object["cosine"] = difference.cosine?.json ?? .null
    }
    object["nan"] =
      [
        "a": difference.nanInFirst, "b": difference.nanInSecond, "both": difference.nanInBoth,
      ] as JSONObject
    object["not_close"] = difference.notClose
    return object
  }
}
