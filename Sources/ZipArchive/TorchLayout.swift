internal import SutureBytes

/// The headers of torch's archive layout; ``StoredArchivePlan`` draws how they follow each other.
///
/// miniz, which torch writes with, switches to 64 bits at 0xFFFFFFFF.
enum TorchLayout {
  private static let limit = 0xFFFF_FFFF

  static func localHeader(name: [UInt8], size: Int, offset: Int) -> [UInt8] {
    var extra = wideField(size: size, offset: offset)
    let start = offset + 30 + name.count + extra.count + 4
    let padding =
      (StoredArchivePlan.alignment - start % StoredArchivePlan.alignment) % StoredArchivePlan.alignment
    extra += Array("FB".utf8)
    extra.append(littleEndian: UInt16(padding))
    extra += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)

    var header: [UInt8] = [0x50, 0x4B, 3, 4]
    header.append(littleEndian: UInt16(0))
    header.append(littleEndian: flags(size: size))
    for _ in 0..<3 { header.append(littleEndian: UInt16(0)) }
    for _ in 0..<3 { header.append(littleEndian: UInt32(0)) }
    header.append(littleEndian: UInt16(name.count))
    header.append(littleEndian: UInt16(extra.count))
    return header + name + extra
  }

  static func descriptor(crc32: UInt32, size: Int, offset: Int) -> [UInt8] {
    if size == 0 { return [] }
    var descriptor: [UInt8] = [0x50, 0x4B, 7, 8]
    descriptor.append(littleEndian: crc32)
    if size >= limit || offset >= limit {
      descriptor.append(littleEndian: UInt64(size))
      descriptor.append(littleEndian: UInt64(size))
    } else {
      descriptor.append(littleEndian: UInt32(size))
      descriptor.append(littleEndian: UInt32(size))
    }
    return descriptor
  }

  static func centralHeader(name: [UInt8], crc32: UInt32, size: Int, offset: Int) -> [UInt8] {
    let extra = wideField(size: size, offset: offset)
    var header: [UInt8] = [0x50, 0x4B, 1, 2]
    header.append(littleEndian: UInt16(0))
    header.append(littleEndian: UInt16(0))
    header.append(littleEndian: flags(size: size))
    for _ in 0..<3 { header.append(littleEndian: UInt16(0)) }
    header.append(littleEndian: crc32)
    header.append(littleEndian: UInt32(min(size, limit)))
    header.append(littleEndian: UInt32(min(size, limit)))
    header.append(littleEndian: UInt16(name.count))
    header.append(littleEndian: UInt16(extra.count))
    for _ in 0..<3 { header.append(littleEndian: UInt16(0)) }
    header.append(littleEndian: UInt32(0))
    header.append(littleEndian: UInt32(min(offset, limit)))
    return header + name + extra
  }

  static func end(count: Int, start: Int, size: Int) -> [UInt8] {
    var end: [UInt8] = [0x50, 0x4B, 6, 6]
    end.append(littleEndian: UInt64(44))
    end.append(littleEndian: UInt16(798))
    end.append(littleEndian: UInt16(45))
    end.append(littleEndian: UInt32(0))
    end.append(littleEndian: UInt32(0))
    for value in [count, count, size, start] { end.append(littleEndian: UInt64(value)) }

    end += [0x50, 0x4B, 6, 7]
    end.append(littleEndian: UInt32(0))
    end.append(littleEndian: UInt64(start + size))
    end.append(littleEndian: UInt32(1))

    end += [0x50, 0x4B, 5, 6]
    end.append(littleEndian: UInt16(0))
    end.append(littleEndian: UInt16(0))
    end.append(littleEndian: UInt16(min(count, 0xFFFF)))
    end.append(littleEndian: UInt16(min(count, 0xFFFF)))
    end.append(littleEndian: UInt32(min(size, limit)))
    end.append(littleEndian: UInt32(min(start, limit)))
    end.append(littleEndian: UInt16(0))
    return end
  }

  /// Extra field 1: the sizes and the offset that 32 bits do not hold; nothing where they do.
  private static func wideField(size: Int, offset: Int) -> [UInt8] {
    var values: [Int] = size >= limit ? [size, size] : []
    if offset >= limit { values.append(offset) }
    if values.isEmpty { return [] }
    var field: [UInt8] = []
    field.append(littleEndian: UInt16(1))
    field.append(littleEndian: UInt16(values.count * 8))
    for value in values { field.append(littleEndian: UInt64(value)) }
    return field
  }

  /// UTF-8 names, and a descriptor behind every payload that is not empty.
  private static func flags(size: Int) -> UInt16 { size == 0 ? 0x0800 : 0x0808 }
}
