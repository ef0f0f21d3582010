internal import CSutureLibzip
internal import SutureBytes
internal import SutureText

/// An entry being inflated from its start on.
///
/// Belongs to its ``LibzipArchive``: not to be used from two threads at once, nor while another thread uses that.
@safe final class LibzipStream {
  private let file: OpaquePointer
  private let watch: LibzipSource
  private let name: String
  /// How many bytes have been given out.
  private(set) var position = 0

  init(_ file: OpaquePointer, watch: LibzipSource, name: String) {
    (unsafe self.file, self.watch, self.name) = (unsafe file, watch, name)
  }

  func close() { unsafe zip_fclose(file) }

  /// Fills the first `count` bytes of `buffer` with those that come next.
  func read(into buffer: inout [UInt8], count: Int) throws {
    precondition(count <= buffer.count)
    var done = 0
    while done < count {
      let got = unsafe buffer.withUnsafeMutableBytes {
        unsafe zip_fread(file, $0.baseAddress.map { unsafe $0 + done }, zip_uint64_t(count - done))
      }
      if got < 0 {
        if let failure = watch.failure { throw failure }
        throw fault("its compressed data is damaged")
      }
      if got == 0 {
        throw fault("it should hold \(position + count - done) bytes, but ends after \(position)")
      }
      done += Int(got)
      position += Int(got)
    }
  }

  private func fault(_ reason: String) -> Failure {
    Failure(in: watch.source.name, record: name, reason, remedies: [.fetchAgain])
  }
}
