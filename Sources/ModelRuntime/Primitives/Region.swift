internal import Glibc

/// A piece of memory that many buffers share, in pages as large as the system gives.
@safe final class Region {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// Every buffer in a region begins at a multiple of this: a cache line.
  static let alignment = 64

  init(byteCount: Int) {
    let huge = 1 << 21
    self.byteCount = max(byteCount, 1)
    let isLarge = byteCount >= huge
    unsafe base = .allocate(byteCount: self.byteCount, alignment: isLarge ? huge : Self.alignment)
    // Zeroing 100 MB page by page takes longer than to run a network; 2 MiB pages spare most of it.
    if isLarge { unsafe madvise(base, byteCount, MADV_HUGEPAGE) }
  }

  deinit { unsafe base.deallocate() }

  static func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }

  /// What the machine has in memory, in bytes.
  static var physicalByteCount: Int { sysconf(CInt(_SC_PHYS_PAGES)) * sysconf(CInt(_SC_PAGESIZE)) }
}
