internal import SutureBytes
internal import SutureTensors
internal import SutureText
internal import SutureZipArchive

/// Writes arrays as `numpy.save` and `numpy.savez` do: in C order, little-endian.
enum NumPyWriter {
  /// Plans the file of one array, to the byte as `numpy.save` writes it.
  ///
  /// - Throws: `Failure` where there are more tensors than one, or NumPy has no such array.
  static func array(_ stateDict: StateDict, name: String) throws -> OutputPlan {
    guard let entry = stateDict.entries.first, stateDict.count == 1 else {
      throw Failure(
        in: name, "an .npy file holds one array, and there are \(Format.plural(stateDict.count, "tensor"))",
        remedies: [
          "give it a name that ends in .npz, which holds several", "edit can keep one of them alone",
        ],
        kind: .refused)
    }
    return try OutputPlan([.init(head: try header(entry, name), entry.tensor)])
  }

  /// Plans an archive of arrays, a record each, that are stored as they are.
  ///
  /// - Throws: `Failure` where NumPy has no such array, or where `numpy.load` could not tell two names apart.
  static func archive(_ stateDict: StateDict, name: String) throws -> OutputPlan {
    try check(stateDict, name: name)
    var archive = StoredArchivePlan()
    for entry in stateDict.entries {
      try archive.add(entry.name + suffix, ArrayRecord(header: try header(entry, name), tensor: entry.tensor))
    }
    return try archive.finish()
  }

  private static let suffix = ".npy"

  private static func check(_ stateDict: StateDict, name: String) throws {
    var names: [ExactString: String] = [:]
    for entry in stateDict.entries {
      func refused(_ reason: String) -> Failure {
        Failure(
          in: name, "\(entry.name.shownName): \(reason)",
          remedies: ["rename the tensor", "a .safetensors or a .pth takes any name"], kind: .refused)
      }
      if entry.name.utf8.contains(0) { throw refused("Python ends a name of an archive at its NUL") }
      // numpy.load takes the name of an array with its ending, too.
      if entry.name.hasSuffix(suffix), stateDict[String(entry.name.dropLast(suffix.count))] != nil {
        throw refused("numpy.load would give another tensor of nearly that name")
      }
      let key = ExactString(ArchiveReader.foldedName(entry.name))
      if let other = names.updateValue(entry.name, forKey: key) {
        throw refused("it differs from \(other.shownName) but for case, which readers of archives ignore")
      }
    }
  }

  /// All that stands before the elements, padded to a multiple of 64 bytes.
  private static func header(_ entry: StateDict.Entry, _ name: String) throws -> [UInt8] {
    let tensor = entry.tensor
    guard case .strided = tensor.layout, let code = NumpyDType.code(of: tensor.dtype) else {
      throw unwritable(entry, name)
    }
    let sizes = tensor.shape.map(String.init)
    let tuple = sizes.count == 1 ? "(\(sizes[0]),)" : "(\(sizes.joined(separator: ", ")))"
    var text = "{'descr': '\(code)', 'fortran_order': False, 'shape': \(tuple), }"
    // Room in which numpy lets the first axis grow.
    if let first = sizes.first { text += String(repeating: " ", count: max(0, 21 - first.utf8.count)) }
    let start = NpyFile.magic.count + 4
    text += String(repeating: " ", count: 64 - (start + text.utf8.count + 1) % 64) + "\n"
    var header = NpyFile.magic + [1, 0]
    header.append(littleEndian: UInt16(text.utf8.count))
    return header + Array(text.utf8)
  }

  private static func unwritable(_ entry: StateDict.Entry, _ name: String) -> Failure {
    let dtype = entry.tensor.dtype
    let remedies: [Remedy] =
      switch entry.tensor.layout {
      case .sparse: [.setting("sparse", value: "dense", "writes its zeros out")]
      case .quantized: ["dequantize() it in PyTorch"]
      case .meta: ["it has no elements: drop it"]
      case .strided:
        dtype.floatFormat == nil
          ? [] : [.setting("dtype", value: "float32", "casts floating tensors to one that NumPy has")]
      }
    let what = entry.tensor.layout.name.map { "\($0) tensors" } ?? "\(dtype)"
    return Failure(
      in: name, "\(entry.name.shownName): NumPy has no \(what)",
      remedies: remedies + ["a .safetensors or a .pth may hold it"], kind: .doesNotFit)
  }
}

/// A record of an archive: an array with its header.
private struct ArrayRecord: Payload {
  let header: [UInt8]
  let tensor: Tensor

  var byteCount: Int { header.count + tensor.byteCount }
  var distance: Distance? { tensor.distance }
  func extents(_ range: Range<Int>) -> [FileExtent] { tensor.extents(0..<tensor.byteCount) }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    try body(header, header.count)
    _ = try tensor.forEachChunk(body)
    return nil
  }

  func sharedPass() -> SharedPass? {
    guard let pass = tensor.sharedPass() else { return nil }
    return SharedPass(wantsChecksum: pass.wantsChecksum) { range, buffer in
      if range.lowerBound >= header.count {
        return try pass.read((range.lowerBound - header.count)..<(range.upperBound - header.count), &buffer)
      }
      let own = range.clamped(to: 0..<header.count)
      let rest = 0..<(range.count - own.count)
      try withBuffer(rest.count) { elements in
        if !rest.isEmpty { try pass.read(rest, &elements) }
        buffer.replaceSubrange(0..<range.count, with: header[own] + elements[rest])
      }
    } end: { crc32 in
      // That of the elements alone: what the header adds to it is taken out.
      try pass.end(crc32 ^ CRC32.joined(CRC32.of(header), 0, count: tensor.byteCount))
    }
  }
}
