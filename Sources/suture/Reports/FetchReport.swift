internal import SutureArchitectures
internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

/// What `fetch` says.
struct FetchReport {
  private let report: Fetching.Report

  init(_ report: Fetching.Report) { self.report = report }

  /// The file that a word means, which may be the name of a published checkpoint.
  static func located(_ word: String) throws -> String {
    try Fetching.located(word, progress: Progress.auto.handler) { FetchReport($0).tell() }
  }

  static func isFolder(_ path: String) -> Bool { SutureBytes.isFolder(path) }

  func tell() {
    let size = Format.bytes(report.byteCount)
    if report.wasThere {
      Console.note("there  \(report.path)  \(size)")
    } else {
      let seconds = report.seconds ?? 0
      let resumed = report.resumedFrom > 0 ? ", \(Format.bytes(report.resumedFrom)) of it from before" : ""
      Console.note("fetch  \(report.address)")
      Console.note("write  \(report.path)  \(size), \(Format.decimal(seconds, places: 2)) s\(resumed)")
    }
    Console.note("check  \(hash)")
    if let variant = report.variant { Console.note("       it is a \(variant), as its name says") }
  }

  private var hash: String {
    switch report.hash?.promise {
    case .asked: "its SHA-256 is the one that was asked for"
    case .name: "its SHA-256 begins as its name says: \(report.hash?.sha256.prefix(16) ?? "")…"
    case .hub: "its SHA-256 is that of the Hub's record"
    case nil:
      "there is no hash to compare with: neither its name nor the server says one; "
        + (report.checkpoint == nil
          ? "its length is what the server said"
          : report.checksumCount > 0
            ? "its length and \(Format.plural(report.checksumCount, "CRC")) are right"
            : "its length is right, and it can be read; it records no CRCs")
    }
  }

  // MARK: The names

  static var table: [String] {
    var table = Table(
      [("NAME", .left), ("VARIANT", .left), ("CLASSES", .right), ("ADDRESS", .left)], dispensable: ["ADDRESS"]
    )
    for entry in PublishedCheckpoint.all {
      table.add([
        entry.shortName ?? entry.name, entry.variant, entry.classes.map(String.init) ?? "–", entry.address,
      ])
    }
    return table.lines
  }

  /// The schema `suture.published/1`.
  static var list: JSONReport {
    JSONReport(
      "suture.published/1",
      [
        "checkpoints": PublishedCheckpoint.all.map {
          [
            "name": $0.shortName ?? $0.name, "file": $0.fileName, "variant": $0.variant,
            "classes": $0.classes.json, "address": $0.address,
          ] as JSONObject
        }
      ])
  }
}
