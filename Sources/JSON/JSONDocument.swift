/// A JSON document as it lies in its bytes: where each value begins and ends, and no value made of any.
///
/// A header may describe a hundred thousand tensors, of whose texts most are looked at once. Made by
/// ``JSONParser/document(_:limits:)``, which has checked all of it.
public struct JSONDocument: Sendable {
  /// The place of a value, or of the key of a member.
  public struct Place: Hashable, Sendable {
    let index: Int
  }

  /// What kind of value stands at a place.
  public enum Kind: Sendable { case null, bool, number, string, array, object }

  /// A value or a key: where it begins, and where a plain one ends; of an array or object, which node follows all of it.
  struct Node {
    let start: UInt32
    var end: UInt32
  }

  /// The bit of a string's end that says that it holds escape sequences.
  static let escapes: UInt32 = 1 << 31
  /// A document may be no longer, so that a node takes eight bytes.
  static let byteLimit = Int(escapes) - 1

  let bytes: [UInt8]
  let nodes: [Node]

  /// The place of the document's one value.
  public var root: Place { Place(index: 0) }

  public func kind(_ place: Place) -> Kind {
    switch bytes[Int(nodes[place.index].start)] {
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
    case UInt8(ascii: "n"): .null
    default: .number
    }
  }

  // MARK: Walking

  /// Calls `body` with each key of an object and its value, in their order; not at all where it is no object.
  public func forEachMember<E: Error>(
    _ place: Place, _ body: (_ key: Place, _ value: Place) throws(E) -> Void
  ) throws(E) {
    guard kind(place) == .object else { return }
    let end = Int(nodes[place.index].end)
    var key = place.index + 1
    while key < end {
      try body(Place(index: key), Place(index: key + 1))
      key = next(key + 1)
    }
  }

  /// Calls `body` with each element of an array, in their order; not at all where it is no array.
  public func forEachElement<E: Error>(_ place: Place, _ body: (Place) throws(E) -> Void) throws(E) {
    guard kind(place) == .array else { return }
    let end = Int(nodes[place.index].end)
    var element = place.index + 1
    while element < end {
      try body(Place(index: element))
      element = next(element)
    }
  }

  /// How many members an object has, or elements an array.
  public func count(_ place: Place) -> Int {
    var count = 0
    forEachMember(place) { _, _ in count += 1 }
    forEachElement(place) { _ in count += 1 }
    return count
  }

  /// The node behind all of the value at `index`.
  func next(_ index: Int) -> Int { JSONDocument.next(index, nodes, bytes) }

  static func next(_ index: Int, _ nodes: [Node], _ bytes: [UInt8]) -> Int {
    // Of all bytes that a value may begin with, these two have the bits of an opening bracket.
    let isOpening = bytes[Int(nodes[index].start)] & 0xDF == UInt8(ascii: "[")
    return isOpening ? Int(nodes[index].end) : index + 1
  }

  // MARK: What stands there

  /// The text of a key or a string; `nil` where it is neither.
  public func string(_ place: Place) -> String? {
    guard kind(place) == .string else { return nil }
    return JSONString.string(bytes, nodes[place.index])
  }

  /// Whether it is a key or a string of just that text.
  public func string(_ place: Place, is text: StaticString) -> Bool {
    kind(place) == .string && JSONString.isEqual(bytes, nodes[place.index], text)
  }

  /// Whether two keys or strings are the same text in the same spelling, which is quick to tell.
  public func isSpelledAlike(_ one: Place, _ other: Place) -> Bool {
    JSONString.isSpelledAlike(bytes, nodes[one.index], nodes[other.index])
  }

  /// The value of an integer that fits 64 bits; `nil` where it is none.
  public func integer(_ place: Place) -> Int? {
    guard kind(place) == .number else { return nil }
    let node = nodes[place.index]
    return JSONNumber.integer(bytes, Int(node.start)..<Int(node.end))
  }

  /// The value at a place with all that is in it.
  public func value(_ place: Place) -> JSONValue {
    let node = nodes[place.index]
    switch kind(place) {
    case .null: return .null
    case .bool: return .bool(bytes[Int(node.start)] == UInt8(ascii: "t"))
    case .number: return JSONNumber.value(bytes, Int(node.start)..<Int(node.end))
    case .string: return .string(JSONString.string(bytes, node))
    case .array:
      var elements: [JSONValue] = []
      forEachElement(place) { elements.append(value($0)) }
      return .array(elements)
    case .object:
      var members: [(key: String, value: JSONValue)] = []
      forEachMember(place) { members.append((JSONString.string(bytes, nodes[$0.index]), value($1))) }
      return .object(members)
    }
  }
}
