internal import SutureBytes
internal import SutureText

/// Writes a protocol 2 stream with the opcodes that torch's `weights_only` loader knows.
///
/// Globals and repeated strings go through the memo, as Python's own pickler does it.
public struct Pickler {
  private var bytes: [UInt8] = [0x80, 2]
  /// The slots of what may come again.
  private var strings: [(text: String, slot: UInt32)] = []
  private var places = NameIndex()
  private var byteStrings: [[UInt8]: UInt32] = [:]
  private var globals: [ExactString: UInt32] = [:]
  private var memoCount: UInt32 = 0

  public init() {}

  /// Ends the stream and gives its bytes.
  public consuming func finish() -> [UInt8] {
    emit(.stop)
    return bytes
  }

  public mutating func mark() { emit(.mark) }
  public mutating func tuple() { emit(.tuple) }
  public mutating func emptyTuple() { emit(.emptyTuple) }
  public mutating func emptyDict() { emit(.emptyDict) }
  public mutating func emptyList() { emit(.emptyList) }
  public mutating func appends() { emit(.appends) }
  public mutating func setItems() { emit(.setitems) }
  public mutating func reduce() { emit(.reduce) }
  /// An object made by its class's `__new__`.
  public mutating func newObject() { emit(.newobj) }
  public mutating func build() { emit(.build) }
  public mutating func persistentID() { emit(.binpersid) }
  public mutating func none() { emit(.none) }
  public mutating func bool(_ value: Bool) { emit(value ? .newtrue : .newfalse) }

  /// An integer in its shortest form.
  public mutating func int(_ value: Int) {
    switch value {
    case 0...0xFF:
      emit(.binint1)
      bytes.append(UInt8(value))
    case 0...0xFFFF:
      emit(.binint2)
      bytes.append(littleEndian: UInt16(value))
    case Int(Int32.min)...Int(Int32.max):
      emit(.binint)
      bytes.append(littleEndian: Int32(value))
    default:
      emit(.long1)
      bytes.append(8)
      bytes.append(littleEndian: Int64(value))
    }
  }

  /// An integer of any size: two's complement, little-endian, less than 256 bytes.
  public mutating func long(_ twosComplement: [UInt8]) {
    precondition(twosComplement.count < 256)
    emit(.long1)
    bytes.append(UInt8(twosComplement.count))
    bytes += twosComplement
  }

  public mutating func float(_ value: Double) {
    emit(.binfloat)
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
    }
  }

  /// How many bytes of UTF-8 a string may have that this can say.
  public static let longestString = Int(UInt32.max)

  /// A string of no more than ``longestString``; the second time, a reference to the first.
  public mutating func string(_ value: String) {
    let known = places.insert(value, at: strings.count) { strings[$0].text }
    if let known { return recall(strings[known].slot) }
    emit(.binunicode)
    bytes.append(littleEndian: UInt32(value.utf8.count))
    bytes.append(text: value)
    strings.append((value, remember()))
  }

  /// A string of which each character is a byte; the second time, a reference to the first.
  ///
  /// It has no more than ``longestString`` bytes of UTF-8: two for each byte from 128 on.
  public mutating func string(latin1 value: [UInt8]) {
    if let slot = byteStrings[value] { return recall(slot) }
    emit(.binunicode)
    let count = value.reduce(value.count) { $0 + Int($1 >> 7) }
    bytes.append(littleEndian: UInt32(count))
    bytes.reserveCapacity(bytes.count + count)
    for byte in value {
      if byte < 0x80 {
        bytes.append(byte)
      } else {
        bytes.append(0xC0 | byte >> 6)
        bytes.append(0x80 | byte & 0x3F)
      }
    }
    byteStrings[value] = remember()
  }

  /// A class or function.
  public mutating func global(_ module: String, _ name: String) {
    let key = ExactString("\(module)\n\(name)")
    if let slot = globals[key] { return recall(slot) }
    emit(.global)
    bytes.append(contentsOf: "\(module)\n\(name)\n".utf8)
    globals[key] = remember()
  }

  /// A tuple of integers.
  public mutating func tuple(_ values: [Int]) {
    switch values.count {
    case 0: emit(.emptyTuple)
    case 1...3:
      for value in values { int(value) }
      emit([.tuple1, .tuple2, .tuple3][values.count - 1])
    default:
      emit(.mark)
      for value in values { int(value) }
      emit(.tuple)
    }
  }

  private mutating func emit(_ code: Opcode) { bytes.append(code.rawValue) }

  private mutating func recall(_ slot: UInt32) {
    if slot <= 0xFF {
      emit(.binget)
      bytes.append(UInt8(slot))
    } else {
      emit(.longBinget)
      bytes.append(littleEndian: slot)
    }
  }

  /// Puts what was written last into the next slot of the memo.
  private mutating func remember() -> UInt32 {
    let slot = memoCount
    if slot <= 0xFF {
      emit(.binput)
      bytes.append(UInt8(slot))
    } else {
      emit(.longBinput)
      bytes.append(littleEndian: slot)
    }
    memoCount += 1
    return slot
  }
}
