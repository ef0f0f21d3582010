internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

// An .npy file:
//
//   1. 6 bytes       0x93 'NUMPY'
//   2. 2 bytes       the version: 1.0, 2.0 or 3.0
//   3. 2 or 4 bytes  the header's length, little-endian; 4 from version 2 on
//   4.               the header, a Python dict in text: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
//   5. to the end    the elements

/// One array that `numpy.save` wrote.
struct NpyFile {
  let tensor: Tensor
  let byteOffset: Int
  /// How many bytes follow the array.
  let trailing: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let headerLimit = 1 << 20

  /// - Parameter label: what to call the array's storage.
  init(_ source: any ByteSource, label: String) throws {
    func fault(_ reason: String, at offset: Int) -> Failure {
      Failure(
        in: source.name, at: offset, reason, remedies: ["numpy.save writes files that are whole"])
    }
    let start = try source.bytes(0..<min(12, source.byteCount))
    guard start.starts(with: Self.magic), start.count >= 10 else {
      throw fault("not the start of an .npy file", at: 0)
    }
    guard (1...3).contains(start[6]), start[7] == 0 else {
      throw fault("version \(start[6]).\(start[7]) of the format is unknown; 1.0 to 3.0 are read", at: 6)
    }
    let isLong = start[6] > 1
    guard start.count == 12 || !isLong else { throw fault("the file ends in its header", at: start.count) }
    let length = isLong ? Int(start.integer(at: 8, UInt32.self)) : Int(start.integer(at: 8, UInt16.self))
    let headerOffset = isLong ? 12 : 10
    guard length <= Self.headerLimit, length <= source.byteCount - headerOffset else {
      throw fault("its header should take \(length) bytes", at: 8)
    }
    let text = String(decoding: try source.bytes(headerOffset..<(headerOffset + length)), as: UTF8.self)
    guard let header = NpyHeader(text) else {
      throw fault("its header is not the dict that numpy.save writes", at: headerOffset)
    }
    guard let type = NumpyDType(header.descr) else {
      throw OddArray(source.name, descr: header.descr, contentOffset: headerOffset + length)
    }
    byteOffset = headerOffset + length
    do {
      let byteCount = try Shape.elementCount(header.shape).multiplied(checked: type.dtype.byteCount)
      guard byteCount <= source.byteCount - byteOffset else {
        throw fault(
          "the array needs \(byteCount) bytes, \(source.byteCount - byteOffset) are left", at: byteOffset
        ).of(.bounds)
      }
      trailing = source.byteCount - byteOffset - byteCount
      let storage = Storage(
        source, offset: byteOffset, byteCount: byteCount, label: label,
        swapWidth: type.isBigEndian ? type.dtype.swapWidth : 1)
      tensor = try Tensor(
        storage, dtype: type.dtype, shape: header.shape,
        strides: try NumpyArray.strides(header.shape, isFortran: header.isFortran), offset: 0)
    } catch let error as Failure {
      throw error
    } catch {
      throw fault("its shape \(header.shape) cannot be right: \(error)", at: headerOffset)
    }
  }
}

/// An array that is sound, and of a kind that torch has nothing for.
struct OddArray: SutureError {
  let place: FailurePlace
  /// NumPy's spelling of its dtype.
  private let descr: String
  /// Where its elements begin; of objects, the pickle that holds them.
  let contentOffset: Int

  init(_ name: String, descr: String, contentOffset: Int) {
    (place, self.descr, self.contentOffset) = (FailurePlace(file: name), descr, contentOffset)
  }

  var kind: FailureKind { .unreadable }
  var holdsObjects: Bool { descr.hasSuffix("O") }
  var remedies: [Remedy] { ["in Python: save it as an array of numbers"] }

  /// What it is, as a sentence goes on after "it".
  var what: String {
    let code = descr.drop { "<>|=".contains($0) }
    switch code.first {
    case "[": return "is a structured array, several fields to an element"
    case "O": return "is an array of Python objects"
    case "U", "S", "a": return "holds texts (dtype \(descr.quoted()))"
    case "M", "m": return "holds times (dtype \(descr.quoted()))"
    case "f", "c": return "holds numbers of a precision that torch lacks (dtype \(descr.quoted()))"
    default: return "has the dtype \(descr.quoted()), which torch lacks"
    }
  }

  var reason: String { "it \(what)" }
}

extension NpyFile: CheckpointFormat {
  static let suffixes = [".npy"]

  /// What its only tensor is called.
  static let arrayName = "array"

  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    guard let file = input.file, input.head.starts(with: magic) else { return nil }
    let array: NpyFile
    do { array = try NpyFile(file, label: arrayName) } catch let odd as OddArray where odd.holdsObjects {
      let contents = try objects(input, file, from: odd.contentOffset, PickleLocation(path: input.name))
      return Checkpoint(input, .npy, contents)
    }
    try input.requireNoKey("npy")
    return Checkpoint(
      input, .npy, try StateDict([.init(name: arrayName, tensor: array.tensor)]),
      warnings: array.trailing > 0 ? ["\(array.trailing) bytes follow the array"] : [])
  }
}

extension NpyFile {
  /// What `numpy.save` makes of a dict: an array of one object, pickled behind the header.
  static func objects(
    _ input: CheckpointInput, _ source: any ByteSource, from offset: Int, _ location: PickleLocation,
    key: String? = nil, warnings: [String] = []
  ) throws -> PickledObject.Contents {
    var location = location
    location.start = offset
    let graph: PickleGraph
    do { graph = try Unpickler.load(source, at: offset, limits: input.limits.pickle) } catch let error
      as PickleError
    {
      throw location.failure(error, usually: "the pickle is damaged or cut short")
    }
    let object = PickledObject(
      graph: graph, location: location, references: NoReferences(path: input.name), limits: input.limits)
    return try object.contents(key: key ?? input.key, warnings: warnings)
  }
}

extension Checkpoint.Container {
  public static let npy = Self(rawValue: "npy")
}

/// The dict at the head of an .npy file.
struct NpyHeader {
  let descr: String
  let isFortran: Bool
  let shape: [Int]

  /// `nil` where the text is not a dict of exactly these three.
  init?(_ text: String) {
    var rest = Substring(text)
    var (descr, isFortran, shape): (String?, Bool?, [Int]?)
    guard Self.take("{", &rest) else { return nil }
    while !Self.take("}", &rest) {
      guard let key = Self.quoted(&rest), Self.take(":", &rest) else { return nil }
      switch key {
      case "descr": descr = Self.quoted(&rest) ?? Self.list(&rest)
      case "fortran_order":
        isFortran = Self.take("True", &rest) ? true : Self.take("False", &rest) ? false : nil
      case "shape": shape = Self.tuple(&rest)
      default: return nil
      }
      if !Self.take(",", &rest), rest.first != "}" { return nil }
    }
    guard let descr, let isFortran, let shape else { return nil }
    (self.descr, self.isFortran, self.shape) = (descr, isFortran, shape)
  }

  private static func take(_ token: String, _ rest: inout Substring) -> Bool {
    rest = rest.drop { $0 == " " || $0 == "\n" }
    guard rest.hasPrefix(token) else { return false }
    rest = rest.dropFirst(token.count).drop { $0 == " " || $0 == "\n" }
    return true
  }

  private static func quoted(_ rest: inout Substring) -> String? {
    guard let quote = rest.first, quote == "'" || quote == "\"" else { return nil }
    let text = rest.dropFirst().prefix { $0 != quote }
    let end = rest.dropFirst(1 + text.count)
    guard end.first == quote else { return nil }
    rest = end.dropFirst()
    return String(text)
  }

  /// A list in brackets, as it is spelled: the fields of a structured array.
  private static func list(_ rest: inout Substring) -> String? {
    var depth = 0
    guard rest.first == "[" else { return nil }
    let text = rest.prefix { character in
      if depth == 0, character == "," { return false }
      depth += character == "[" ? 1 : character == "]" ? -1 : 0
      return true
    }
    // The comma that ends it stands behind the last bracket.
    guard depth == 0 else { return nil }
    rest = rest.dropFirst(text.count).drop { $0 == " " }
    return String(text)
  }

  private static func tuple(_ rest: inout Substring) -> [Int]? {
    guard take("(", &rest) else { return nil }
    var values: [Int] = []
    while !take(")", &rest) {
      // Python 2 wrote long integers with an L.
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let value = Int(digits) else { return nil }
      values.append(value)
      rest = rest.dropFirst(digits.count)
      _ = take("L", &rest)
      if !take(",", &rest), rest.first != ")" { return nil }
    }
    return values
  }
}
