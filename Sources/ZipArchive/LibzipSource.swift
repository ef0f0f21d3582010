internal import CSutureLibzip
internal import SutureBytes

/// Our end of a `zip_source_function`: gives libzip the bytes of a ``ByteSource`` and watches where it reads.
///
/// libzip has no call that tells where an entry's payload lies. But it reads through us, so the offset of the last
/// read after it has opened an entry is where the payload begins.
final class LibzipSource {
  let source: any ByteSource
  private(set) var position = 0

  /// The offset of the last read.
  private(set) var lastReadOffset = 0

  /// Where the local header of the entry at hand begins, as far as libzip has looked at it.
  private(set) var localHeaderOffset: Int?

  /// Whether reads give zeros instead of bytes.
  ///
  /// Where an entry begins shows in where libzip reads; what it reads there costs a request each in an archive that is far
  /// away.
  var isSurveying = false

  /// What reading the source threw; libzip itself knows only that a read failed.
  private(set) var failure: (any Error)?

  private var buffer: [UInt8] = []

  /// Makes sure that the next local header is the next entry's.
  func forgetLocalHeader() { localHeaderOffset = nil }

  /// Of a local header libzip reads the two lengths, 4 bytes at 26.
  private static let lengths = (offset: 26, count: 4)

  init(_ source: any ByteSource) { self.source = source }

  /// The commands that this source answers, as `zip_source_make_command_bitmap` would make it.
  private static let supported: zip_int64_t = [
    ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
    ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS,
  ].reduce(0) { $0 | (1 << zip_int64_t($1.rawValue)) }

  /// What libzip calls; `state` is an unretained ``LibzipSource``.
  static let callback: zip_source_callback = { state, data, length, command in
    guard let state = unsafe state else { return -1 }
    let source = unsafe Unmanaged<LibzipSource>.fromOpaque(state).takeUnretainedValue()
    return unsafe source.answer(command, data, length)
  }

  private func answer(
    _ command: zip_source_cmd_t, _ data: UnsafeMutableRawPointer?, _ length: zip_uint64_t
  ) -> zip_int64_t {
    switch command {
    case ZIP_SOURCE_OPEN:
      position = 0
      return 0
    case ZIP_SOURCE_CLOSE, ZIP_SOURCE_FREE: return 0
    case ZIP_SOURCE_READ: return unsafe read(data, length)
    case ZIP_SOURCE_SEEK: return unsafe seek(data, length)
    case ZIP_SOURCE_TELL: return zip_int64_t(position)
    case ZIP_SOURCE_STAT:
      guard unsafe length >= MemoryLayout<zip_stat_t>.size,
        let stat = unsafe data?.assumingMemoryBound(to: zip_stat_t.self)
      else { return -1 }
      unsafe zip_stat_init(stat)
      unsafe stat.pointee.valid = zip_uint64_t(ZIP_STAT_SIZE)
      unsafe stat.pointee.size = zip_uint64_t(source.byteCount)
      return unsafe zip_int64_t(MemoryLayout<zip_stat_t>.size)
    case ZIP_SOURCE_ERROR:
      guard length >= 2 * MemoryLayout<CInt>.size, let codes = unsafe data?.assumingMemoryBound(to: CInt.self)
      else {
        return -1
      }
      unsafe codes[0] = CInt(ZIP_ER_READ)
      unsafe codes[1] = 0
      return zip_int64_t(2 * MemoryLayout<CInt>.size)
    case ZIP_SOURCE_SUPPORTS: return Self.supported
    default: return -1
    }
  }

  private func read(_ data: UnsafeMutableRawPointer?, _ length: zip_uint64_t) -> zip_int64_t {
    guard let data = unsafe data, let wanted = Int(exactly: length) else { return -1 }
    let count = min(wanted, max(source.byteCount - position, 0))
    if count == 0 { return 0 }
    if isSurveying {
      unsafe data.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    } else {
      if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
      do { try source.read(into: &buffer, count: count, at: position) } catch {
        failure = error
        return -1
      }
      unsafe buffer.withUnsafeBytes {
        unsafe data.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(data), byteCount: count)
      }
    }
    lastReadOffset = position
    if localHeaderOffset == nil, count == Self.lengths.count {
      localHeaderOffset = position - Self.lengths.offset
    }
    position += count
    return zip_int64_t(count)
  }

  private func seek(_ data: UnsafeMutableRawPointer?, _ length: zip_uint64_t) -> zip_int64_t {
    guard length >= MemoryLayout<zip_source_args_seek_t>.size, let data = unsafe data else { return -1 }
    let arguments = unsafe data.load(as: zip_source_args_seek_t.self)
    let base: Int
    switch arguments.whence {
    case 0: base = 0
    case 1: base = position
    case 2: base = source.byteCount
    default: return -1
    }
    let (target, overflow) = base.addingReportingOverflow(Int(arguments.offset))
    guard !overflow, target >= 0, target <= source.byteCount else { return -1 }
    position = target
    return 0
  }
}
