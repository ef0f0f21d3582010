import SutureBytes

/// A zip archive of stored records, as Python's zipfile writes it, but that the records in `unchecked` have 0 for a CRC.
func plainZip(_ records: [(name: String, bytes: [UInt8])], unchecked: Set<String> = []) -> [UInt8] {
  var (file, directory): ([UInt8], [UInt8]) = ([], [])
  for (name, bytes) in records {
    let offset = file.count
    var fields: [UInt8] = [20, 0, 0, 8] + [UInt8](repeating: 0, count: 6)
    fields.append(littleEndian: unchecked.contains(name) ? 0 : CRC32.of(bytes))
    for _ in 0..<2 { fields.append(littleEndian: UInt32(bytes.count)) }
    fields.append(littleEndian: UInt16(name.utf8.count))
    fields += [0, 0]
    file += [0x50, 0x4B, 3, 4] + fields + Array(name.utf8) + bytes
    directory += [0x50, 0x4B, 1, 2, 20, 0] + fields + [UInt8](repeating: 0, count: 10)
    directory.append(littleEndian: UInt32(offset))
    directory += Array(name.utf8)
  }
  var end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
  for _ in 0..<2 { end.append(littleEndian: UInt16(records.count)) }
  for value in [directory.count, file.count] { end.append(littleEndian: UInt32(value)) }
  return file + directory + end + [0, 0]
}

/// An array as `numpy.save` writes it.
func npy(_ descr: String, shape: String, _ bytes: [UInt8]) -> [UInt8] {
  let header = Array("{'descr': \(descr), 'fortran_order': False, 'shape': \(shape), }\n".utf8)
  var file = [0x93] + Array("NUMPY".utf8) + [1, 0]
  file.append(littleEndian: UInt16(header.count))
  return file + header + bytes
}
