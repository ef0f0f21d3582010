internal import CSutureLibzip
internal import SutureBytes
internal import SutureText

/// A libzip archive open for reading.
///
/// Not safe to use from two threads at once.
@safe final class LibzipArchive {
  private let handle: OpaquePointer
  let watch: LibzipSource

  /// What libzip says about an entry.
  struct Entry {
    let name: [UInt8]
    let size: UInt64
    let compressedSize: UInt64
    let crc32: UInt32
    let method: UInt16
    let isEncrypted: Bool
  }

  init(_ source: any ByteSource) throws {
    if let missing = unsafe suture_libzip_open() {
      throw Failure(
        in: source.name, "a zip archive cannot be read without libzip: \(unsafe String(cString: missing))",
        remedies: ["on Debian: apt-get install libzip4"])
    }
    watch = LibzipSource(source)
    var error = unsafe zip_error_t()
    unsafe zip_error_init(&error)
    defer { unsafe zip_error_fini(&error) }
    let state = unsafe Unmanaged.passUnretained(watch).toOpaque()
    guard let zipSource = unsafe zip_source_function_create(LibzipSource.callback, state, &error) else {
      throw unsafe Failure.libzip(source.name, Self.text(&error))
    }
    guard let handle = unsafe zip_open_from_source(zipSource, ZIP_RDONLY, &error) else {
      let (code, text) = unsafe (zip_error_code_zip(&error), Self.text(&error))
      unsafe zip_source_free(zipSource)
      if let failure = watch.failure { throw failure }
      throw code == ZIP_ER_NOZIP || code == ZIP_ER_INCONS
        ? Failure.noDirectory(source.name) : Failure.libzip(source.name, text)
    }
    unsafe self.handle = handle
  }

  deinit { unsafe zip_discard(handle) }

  var entryCount: Int { unsafe Int(zip_get_num_entries(handle, 0)) }

  func entry(_ index: Int) throws -> Entry {
    var stat = unsafe zip_stat_t()
    unsafe zip_stat_init(&stat)
    guard unsafe zip_stat_index(handle, zip_uint64_t(index), zip_flags_t(ZIP_FL_ENC_RAW), &stat) == 0,
      let name = unsafe stat.name
    else { throw Failure.libzip(watch.source.name, "entry \(index) has no name") }
    let bytes = unsafe UnsafeRawBufferPointer(start: name, count: Self.length(name))
    return unsafe Entry(
      name: [UInt8](bytes), size: stat.size, compressedSize: stat.comp_size, crc32: stat.crc,
      method: stat.comp_method, isEncrypted: stat.encryption_method != ZIP_EM_NONE)
  }

  /// Where the entry's local header begins, found by watching libzip read, and where its payload does; no payload
  /// offset for an empty entry, which has none.
  ///
  /// - Parameter isSurvey: whether nothing is to be read for it; there is no payload offset then.
  func locate(_ index: Int, name: String, isSurvey: Bool) throws -> (header: Int, payload: Int?) {
    watch.forgetLocalHeader()
    watch.isSurveying = isSurvey
    defer { watch.isSurveying = false }
    guard let file = unsafe zip_fopen_index(handle, zip_uint64_t(index), zip_flags_t(ZIP_FL_COMPRESSED))
    else {
      throw failure(name)
    }
    defer { unsafe zip_fclose(file) }
    // libzip looks at the local header when the first byte is wanted.
    var byte: UInt8 = 0
    let got = unsafe zip_fread(file, &byte, 1)
    if got < 0 { throw failure(name) }
    // Of an empty entry it reads nothing; asked for the local extra fields, it does.
    if watch.localHeaderOffset == nil {
      _ = unsafe zip_file_extra_fields_count(handle, zip_uint64_t(index), zip_flags_t(ZIP_FL_LOCAL))
    }
    guard let header = watch.localHeaderOffset, header >= 0 else {
      throw Failure.noLocalHeader(watch.source.name, record: name)
    }
    return (header, got == 1 && !isSurvey ? watch.lastReadOffset : nil)
  }

  /// The entry's contents, inflated where they are deflated; never more than `size` bytes.
  func contents(_ index: Int, name: String, size: Int) throws -> [UInt8] {
    let stream = try open(index, name: name)
    defer { stream.close() }
    // The declared size is believed only as far as bytes come.
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: min(max(size, 1), 1 << 20))
    while result.count < size {
      let wanted = min(buffer.count, size - result.count)
      try stream.read(into: &buffer, count: wanted)
      result.append(contentsOf: buffer[..<wanted])
    }
    return result
  }

  /// Begins to inflate an entry.
  func open(_ index: Int, name: String) throws -> LibzipStream {
    guard let file = unsafe zip_fopen_index(handle, zip_uint64_t(index), 0) else { throw failure(name) }
    return unsafe LibzipStream(file, watch: watch, name: name)
  }

  private func failure(_ name: String) -> any Error {
    if let failure = watch.failure { return failure }
    let text = unsafe zip_strerror(handle).map { unsafe String(cString: $0) } ?? "unknown error"
    return Failure.libzip(watch.source.name, record: name, text)
  }

  private static func text(_ error: inout zip_error_t) -> String {
    unsafe String(cString: zip_error_strerror(&error))
  }

  private static func length(_ text: UnsafePointer<CChar>) -> Int {
    var count = 0
    while unsafe text[count] != 0 { count += 1 }
    return count
  }
}
