internal import SutureCheckpoints
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

extension PreparedWrite {
  /// What writing will cost or lose, before it does.
  var costLines: [String] {
    var lines: [String] = []
    let copied = plan.copiedNames.count
    if copied > 0, !format.sharesStorages {
      let why =
        request.shared == .alias
        ? "share bytes in a way that the metadata cannot tell"
        : "share storage with another; \(format.title) cannot"
      lines.append(
        "copy   \(Format.plural(copied, "name")) of \(Format.count(plan.tensorCount)) \(why): each is written in full, "
          + "\(Format.bytes(plan.payloadByteCount)) instead of \(Format.bytes(plan.storedByteCount))")
    }
    if plan.aliasCount > 0 {
      lines.append("alias  \(Format.plural(plan.aliasCount, "name")) recorded in the metadata as another's")
    }
    let most = 8
    lines += plan.notes.prefix(most).map { "       \($0)" }
    if plan.notes.count > most {
      lines.append("       … \(plan.notes.count) in all; suture inspect --extras lists what there is")
    }
    return lines
  }

  /// What would be written where.
  var planLines: [String] {
    costLines + [
      "plan   \(Format.plural(plan.tensorCount, "tensor")) in "
        + "\(Format.plural(max(plan.paths.count, 1), "file")), \(Format.bytes(plan.byteCount))"
    ] + plan.paths.prefix(20).map { "       \($0)" }
  }
}

extension WriteReport {
  /// Says what was written, and what a careful reader should see.
  func tell() {
    let shards = files.count > 1 ? "\(Format.plural(files.count - 1, "shard")), " : ""
    Console.note(
      "write  \(output)  \(shards)\(Format.plural(tensorCount, "tensor")), "
        + "\(Format.plural(storageCount, "storage")), \(Format.bytes(byteCount)), "
        + "\(Format.decimal(seconds ?? 0, places: 2)) s\(isProven ? ", proven" : "")")
    for alike in overflows.grouped(by: { [$0.dtype.rawValue, $0.isComputed ? "computed" : ""] }) {
      let first = alike.members[0]
      let count = Format.plural(alike.members.reduce(0) { $0 + $1.count }, "number")
      Console.warning(
        (first.isComputed
          ? "\(count) came out too large for \(first.dtype), or undefined"
          : "\(count) too large for \(first.dtype) became \(first.dtype.overflowed)")
          + ", the first in \(Format.name(first.names[0]))")
    }
  }
}

extension DType {
  /// What becomes of a number that is too large for it.
  fileprivate var overflowed: String {
    switch self {
    case .float8_e4m3fn: "448, the largest there is"
    case .float8_e4m3fnuz, .float8_e5m2fnuz, .float8_e8m0fnu: "NaN"
    default: "infinite"
    }
  }
}
