internal import SutureBytes
internal import SutureText

/// Where each name stands, byte for byte.
struct NameTable {
  private var places: [ExactString: Int] = [:]

  init(_ names: [String]) {
    for (place, name) in names.enumerated() { places[ExactString(name)] = place }
  }

  subscript(name: String) -> Int? { places[ExactString(name)] }
}
