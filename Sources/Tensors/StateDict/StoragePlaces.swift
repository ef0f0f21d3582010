/// Which storages have been met, and where first, told apart as objects.
///
/// Nobody chooses where an object lies, so that its address needs no hash that withstands anyone.
package struct StoragePlaces: Sendable {
  /// The storages' addresses, or 0, and beside them where each was met first.
  private var slots: [UInt]
  private var places: [Int32]
  private var shift: Int
  private var count = 0

  /// - Parameter capacity: how many are expected; more find room too.
  package init(capacity: Int) {
    var bits = 4
    // At most three quarters are taken; a table that fits the processor's caches is the faster one.
    while 3 << bits < capacity * 4 { bits += 1 }
    (slots, places) = (.init(repeating: 0, count: 1 << bits), .init(repeating: 0, count: 1 << bits))
    shift = 64 - bits
  }

  /// Notes that `storage` is met at `place`, unless it was met before.
  ///
  /// - Returns: where it was met first, or `nil`. The storage has to stay alive.
  package mutating func note(_ storage: Storage, at place: Int) -> Int? {
    if (count + 1) * 4 > slots.count * 3 { grow() }
    let id = UInt(bitPattern: ObjectIdentifier(storage))
    let slot = slot(of: id)
    if slots[slot] == id { return Int(places[slot]) }
    (slots[slot], places[slot]) = (id, Int32(place))
    count += 1
    return nil
  }

  /// Where `storage` was met first; `nil` where it was not.
  package func place(of storage: Storage) -> Int? {
    let slot = slot(of: UInt(bitPattern: ObjectIdentifier(storage)))
    return slots[slot] == 0 ? nil : Int(places[slot])
  }

  /// The slot of a storage, or that in which it would be.
  private func slot(of id: UInt) -> Int {
    // Objects lie at multiples of sixteen; the upper bits of the product depend on all bits.
    var slot = Int(truncatingIfNeeded: (UInt64(id) &* 0x9E37_79B9_7F4A_7C15) >> UInt64(shift))
    while slots[slot] != 0, slots[slot] != id { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  private mutating func grow() {
    let (old, oldPlaces) = (slots, places)
    (slots, places) = (.init(repeating: 0, count: old.count * 2), .init(repeating: 0, count: old.count * 2))
    shift -= 1
    for (id, place) in zip(old, oldPlaces) where id != 0 {
      let slot = slot(of: id)
      (slots[slot], places[slot]) = (id, place)
    }
  }
}
