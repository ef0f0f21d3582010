/// How numbers and names are shown to people.
package enum Format {
  /// Bytes with a binary prefix: "109.1 MiB".
  package static func bytes(_ count: Int) -> String {
    if count < 1024 { return String(count) + " B" }
    var value = Double(count)
    var unit = "B"
    for next in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
      value /= 1024
      unit = next
    }
    return "\(decimal(value, places: 1)) \(unit)"
  }

  /// A whole number with thousands apart: "28,589,128".
  package static func count(_ value: Int) -> String {
    let digits = Array(String(value))
    return digits.enumerated().map { index, digit in
      let left = digits.count - index
      return index > 0 && left % 3 == 0 && digits[index - 1] != "-" ? ",\(digit)" : String(digit)
    }.joined()
  }

  /// "1 tensor", "2 tensors".
  package static func plural(_ count: Int, _ noun: String) -> String {
    "\(Format.count(count)) \(noun)\(count == 1 ? "" : "s")"
  }

  package static func decimal(_ value: Double, places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    if places == 1, value >= 0 { return String(Int(scaled) / 10) + "." + String(Int(scaled) % 10) }
    let digits = String(Int(scaled))
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return places == 0 ? sign + padded : sign + padded.dropLast(places) + "." + padded.suffix(places)
  }

  /// Four significant digits: "0.01234", "1.234e+10".
  package static func significant(_ value: Double) -> String {
    let magnitude = value.magnitude
    if value == 0 { return "0" }
    guard value.isFinite, magnitude >= 1e-4, magnitude < 1e6 else { return scientific(value) }
    var places = 3
    var limit = 10.0
    while magnitude >= limit, places > 0 { (limit, places) = (limit * 10, places - 1) }
    limit = 1
    while magnitude < limit { (limit, places) = (limit / 10, places + 1) }
    return decimal(value, places: min(places, 8))
  }

  /// Two significant digits and a power of ten: "3.1e-07".
  package static func scientific(_ value: Double) -> String {
    if value == 0 { return "0" }
    guard value.isFinite else { return "\(value)" }
    var exponent = 0
    var mantissa = value.magnitude
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    if (mantissa * 10).rounded() >= 100 { (mantissa, exponent) = (1, exponent + 1) }
    let digits = String(exponent.magnitude)
    let sign = value < 0 ? "-" : ""
    return
      "\(sign)\(decimal(mantissa, places: 1))e\(exponent < 0 ? "-" : "+")\(digits.count < 2 ? "0" : "")\(digits)"
  }

  package static func shape(_ sizes: [Int]) -> String {
    var text = "["
    for (axis, size) in sizes.enumerated() {
      if axis > 0 { text += ", " }
      text += String(size)
    }
    return text + "]"
  }

  /// A name with what a terminal would act on made visible.
  package static func name(_ text: String) -> String {
    text.isEmpty ? "\"\"" : text.visible
  }
}
