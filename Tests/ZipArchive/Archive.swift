import SutureBytes

/// An archive built field by field, so that it can lie.
struct Archive {
  struct Entry {
    var name: String
    var payload: [UInt8]
    var localName: String?
    var flags: UInt16 = 0x0800
    var localFlags: UInt16?
    var method: UInt16 = 0
    var localMethod: UInt16?
    var size: Int?
    var compressedSize: Int?
    var localSize: Int?
    var crc32: UInt32?
    var localCRC: UInt32?

    init(_ name: String, _ payload: [UInt8]) { (self.name, self.payload) = (name, payload) }
  }

  var entries: [Entry]
  /// Where the second entry's central header points, instead of its own place.
  var secondPointsToFirst = false
  var comment: [UInt8] = []

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var offsets: [Int] = []
    for entry in entries {
      offsets.append(file.count)
      file += [0x50, 0x4B, 3, 4]
      file += header(
        entry, flags: entry.localFlags ?? entry.flags, method: entry.localMethod ?? entry.method,
        crc: entry.localCRC ?? entry.crc32 ?? CRC32.of(entry.payload),
        compressed: entry.localSize ?? entry.compressedSize ?? entry.payload.count,
        size: entry.localSize ?? entry.size ?? entry.payload.count, name: entry.localName ?? entry.name)
      file += Array((entry.localName ?? entry.name).utf8) + entry.payload
    }
    let start = file.count
    for (index, entry) in entries.enumerated() {
      file += [0x50, 0x4B, 1, 2]
      file.append(littleEndian: UInt16(20))
      file += header(
        entry, flags: entry.flags, method: entry.method, crc: entry.crc32 ?? CRC32.of(entry.payload),
        compressed: entry.compressedSize ?? entry.payload.count, size: entry.size ?? entry.payload.count,
        name: entry.name)
      file += [UInt8](repeating: 0, count: 10)
      file.append(littleEndian: UInt32(secondPointsToFirst && index == 1 ? offsets[0] : offsets[index]))
      file += Array(entry.name.utf8)
    }
    let size = file.count - start
    file += [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
    file.append(littleEndian: UInt16(entries.count))
    file.append(littleEndian: UInt16(entries.count))
    file.append(littleEndian: UInt32(size))
    file.append(littleEndian: UInt32(start))
    file.append(littleEndian: UInt16(comment.count))
    return file + comment
  }

  /// What local and central headers have in common, from the version to the extra length.
  private func header(
    _ entry: Entry, flags: UInt16, method: UInt16, crc: UInt32, compressed: Int, size: Int, name: String
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt16(20))
    bytes.append(littleEndian: flags)
    bytes.append(littleEndian: method)
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: crc)
    bytes.append(littleEndian: UInt32(compressed))
    bytes.append(littleEndian: UInt32(size))
    bytes.append(littleEndian: UInt16(name.utf8.count))
    bytes.append(littleEndian: UInt16(0))
    return bytes
  }
}
