/// Where names stand in somebody's list, found byte for byte; it keeps no copy of them.
///
/// A set or a dictionary of strings holds on to each, and hashes each anew whenever it grows. No file can choose names whose
/// hashes collide.
package struct NameIndex: Sendable {
  /// Half of a hash, and the place plus 1 below it; 0 where there is none.
  private var slots: [UInt64] = []
  private var count = 0

  package init(capacity: Int = 0) {
    guard capacity > 0, capacity <= Int(Int32.max) else { return }
    slots = [UInt64](repeating: 0, count: Self.size(for: capacity))
  }

  /// Notes that `name` stands at `place`, unless it stands at another.
  ///
  /// - Parameter names: gives the name at a place that was noted before.
  /// - Returns: the place at which it stood before, or `nil`.
  package mutating func insert(_ name: String, at place: Int, among names: (Int) -> String) -> Int? {
    insert(NameHash(name), at: place) { ExactString(names($0)) == ExactString(name) }
  }

  /// Notes that a name of that hash stands at `place`, unless it stands at another.
  ///
  /// - Parameter isSame: whether the name at a place that was noted before is the same.
  /// - Returns: the place at which it stood before, or `nil`.
  package mutating func insert(_ hash: NameHash, at place: Int, isSame: (Int) -> Bool) -> Int? {
    precondition(place >= 0 && place < Int(Int32.max))
    if (count + 1) * 4 > slots.count * 3 { grow() }
    let (slot, found) = probe(hash, isSame)
    if let found { return found }
    slots[slot] = UInt64(hash.value) << 32 | UInt64(place + 1)
    count += 1
    return nil
  }

  /// The place at which `name` stands.
  package func place(of name: String, among names: (Int) -> String) -> Int? {
    if slots.isEmpty { return nil }
    return probe(NameHash(name)) { ExactString(names($0)) == ExactString(name) }.found
  }

  /// The slot in which a name is noted, with its place, or that in which it would be.
  private func probe(_ hash: NameHash, _ isSame: (Int) -> Bool) -> (slot: Int, found: Int?) {
    var slot = slot(of: hash.value)
    while slots[slot] != 0 {
      if let found = Self.place(slots[slot], hash.value), isSame(found) { return (slot, found) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return (slot, nil)
  }

  /// Where a hash is looked for first, which its upper bits tell.
  private func slot(of hash: UInt32) -> Int {
    Int(truncatingIfNeeded: (UInt64(hash) &* UInt64(slots.count)) >> 32)
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: max(old.count * 2, Self.size(for: 8)))
    for value in old where value != 0 {
      var slot = slot(of: UInt32(truncatingIfNeeded: value >> 32))
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = value
    }
  }

  /// At most three quarters of the slots are taken: beyond a hundred thousand names the table is larger than the processor's
  /// caches, and what is not in them takes longer than a few slots more.
  private static func size(for capacity: Int) -> Int {
    var size = 16
    while size * 3 < capacity * 4 { size *= 2 }
    return size
  }

  private static func place(_ slot: UInt64, _ hash: UInt32) -> Int? {
    slot >> 32 == UInt64(hash) ? Int(slot & 0xFFFF_FFFF) - 1 : nil
  }
}
