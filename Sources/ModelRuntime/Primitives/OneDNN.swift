internal import CSutureOneDNN
internal import SutureArchitectures

/// oneDNN's engine for this processor, and the stream that its primitives run in.
@safe final class OneDNN: @unchecked Sendable {
  // A network runs under a lock, one primitive after the other.
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t

  init() throws {
    var (engine, stream): (dnnl_engine_t?, dnnl_stream_t?) = (nil, nil)
    try unsafe check(dnnl_engine_create(&engine, dnnl_cpu, 0), "no engine for this processor")
    try unsafe check(
      dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue), "no stream for this processor")
    guard let engine = unsafe engine, let stream = unsafe stream else {
      throw ModelError.engine("it gave neither an error nor an engine")
    }
    unsafe (self.engine, self.stream) = unsafe (engine, stream)
  }

  deinit {
    unsafe dnnl_stream_destroy(stream)
    unsafe dnnl_engine_destroy(engine)
  }
}

func check(_ status: dnnl_status_t, _ what: @autoclosure () -> String) throws {
  if status != dnnl_success { throw ModelError.engine("\(what()) (status \(status.rawValue))") }
}
