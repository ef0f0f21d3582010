/// Where names stand in somebody's list, found byte for byte; it keeps no copy of them.
///
/// A set or a dictionary of strings holds on to each, and hashes each anew whenever it grows. Hashes are seeded by the process,
/// so that no file can choose names that collide.
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
    precondition(place >= 0 && place < Int(Int32.max))
    if (count + 1) * 2 > slots.count { grow() }
    let (hash, slot, found) = probe(name, names)
    if let found { return found }
    slots[slot] = UInt64(hash) << 32 | UInt64(place + 1)
    count += 1
    return nil
  }

  /// The place at which `name` stands.
  package func place(of name: String, among names: (Int) -> String) -> Int? {
    slots.isEmpty ? nil : probe(name, names).found
  }

  /// The slot in which `name` is noted, with its place, or that in which it would be.
  private func probe(_ name: String, _ names: (Int) -> String) -> (hash: UInt32, slot: Int, found: Int?) {
    let hash = Self.hash(name)
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 {
      if let found = Self.place(slots[slot], hash), ExactString(names(found)) == ExactString(name) {
        return (hash, slot, found)
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return (hash, slot, nil)
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: max(old.count * 2, Self.size(for: 8)))
    for value in old where value != 0 {
      var slot = Int(value >> 32) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = value
    }
  }

  /// At most half of the slots are taken.
  private static func size(for capacity: Int) -> Int {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    return size
  }

  private static func place(_ slot: UInt64, _ hash: UInt32) -> Int? {
    slot >> 32 == UInt64(hash) ? Int(slot & 0xFFFF_FFFF) - 1 : nil
  }

  private static func hash(_ name: String) -> UInt32 {
    var hasher = Hasher()
    ExactString(name).hash(into: &hasher)
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }
}
