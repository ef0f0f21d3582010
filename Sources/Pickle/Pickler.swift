internal import SutureBytes
internal import SutureText

/// Writes a protocol 2 stream with the opcodes that torch's `weights_only` loader knows.
///
/// Globals and repeated strings go through the memo, as Python's own pickler does it.
public struct Pickler {
  private var bytes: [UInt8] = [0x80, 2]
  private var memo: [ExactString: UInt32] = [:]
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

  /// A string; the second time, a reference to the first.
  public mutating func string(_ value: String) {
    if recall("s" + value) { return }
    emit(.binunicode)
    bytes.append(littleEndian: UInt32(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
    remember("s" + value)
  }

  /// A class or function.
  public mutating func global(_ module: String, _ name: String) {
    let key = "g\(module)\n\(name)"
    if recall(key) { return }
    emit(.global)
    bytes.append(contentsOf: "\(module)\n\(name)\n".utf8)
    remember(key)
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

  private mutating func recall(_ key: String) -> Bool {
    guard let slot = memo[ExactString(key)] else { return false }
    if slot <= 0xFF {
      emit(.binget)
      bytes.append(UInt8(slot))
    } else {
      emit(.longBinget)
      bytes.append(littleEndian: slot)
    }
    return true
  }

  private mutating func remember(_ key: String) {
    memo[ExactString(key)] = memoCount
    if memoCount <= 0xFF {
      emit(.binput)
      bytes.append(UInt8(memoCount))
    } else {
      emit(.longBinput)
      bytes.append(littleEndian: memoCount)
    }
    memoCount += 1
  }
}
