/// Which storages have been met, and where first, told apart as objects.
///
/// Nobody chooses where an object lies, so that its address needs no hash that withstands anyone.
package struct StoragePlaces: Sendable {
  private var slots: [(storage: ObjectIdentifier?, place: Int)]
  private var shift: Int
  private var count = 0

  /// - Parameter capacity: how many are expected; more find room too.
  package init(capacity: Int) {
    var bits = 4
    while 1 << bits < capacity * 2 { bits += 1 }
    (slots, shift) = (.init(repeating: (nil, 0), count: 1 << bits), 64 - bits)
  }

  /// Notes that `storage` is met at `place`, unless it was met before.
  ///
  /// - Returns: where it was met first, or `nil`. The storage has to stay alive.
  package mutating func note(_ storage: Storage, at place: Int) -> Int? {
    if (count + 1) * 2 > slots.count { grow() }
    let id = ObjectIdentifier(storage)
    let slot = slot(of: id)
    if slots[slot].storage == id { return slots[slot].place }
    slots[slot] = (id, place)
    count += 1
    return nil
  }

  /// Where `storage` was met first; `nil` where it was not.
  package func place(of storage: Storage) -> Int? {
    let slot = slot(of: ObjectIdentifier(storage))
    return slots[slot].storage == nil ? nil : slots[slot].place
  }

  /// The slot of a storage, or that in which it would be.
  private func slot(of id: ObjectIdentifier) -> Int {
    // Objects lie at multiples of sixteen; the upper bits of the product depend on all bits.
    let address = UInt64(UInt(bitPattern: id))
    var slot = Int(truncatingIfNeeded: (address &* 0x9E37_79B9_7F4A_7C15) >> UInt64(shift))
    while let other = slots[slot].storage, other != id { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  private mutating func grow() {
    let old = slots
    (slots, shift) = (.init(repeating: (nil, 0), count: old.count * 2), shift - 1)
    for entry in old {
      if let id = entry.storage { slots[slot(of: id)] = entry }
    }
  }
}
