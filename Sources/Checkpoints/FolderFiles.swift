internal import SutureBytes
internal import SutureText

/// The files of a folder that something in it names: each is opened once, and none outside of the folder.
final class FolderFiles {
  let folder: String
  private var sources: [ExactString: FileSource] = [:]
  /// The paths of the files that were opened, in that order.
  private(set) var opened: [String] = []

  init(_ folder: String) { self.folder = folder }

  /// How many bytes they have together.
  var byteCount: Int { sources.values.reduce(0) { $0.adding(saturating: $1.byteCount) } }

  /// Whether a path names something in the folder it is relative to, whatever links lie there.
  static func staysInside(_ path: String) -> Bool {
    !path.utf8.contains(0)
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".."
      }
  }

  /// Whether it is the name of something in a folder, and no path.
  static func isName(_ name: String) -> Bool { staysInside(name) && !name.contains("/") }

  func path(_ name: String) -> String { folder.isEmpty ? name : "\(folder)/\(name)" }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - named: the file that names it.
  ///   - needed: what is missing where the file is.
  /// - Throws: `Failure` where the path leads out of the folder, or the file is not there.
  func open(_ name: String, named: String, needed: @autoclosure () -> String) throws -> FileSource {
    if let known = sources[ExactString(name)] { return known }
    guard Self.staysInside(name) else {
      throw Failure(
        in: named,
        "it says that \(needed()) is in \(name.quoted(atMost: 200)), which is no file of this folder",
        remedies: ["the files lie beside it, or in folders beside it: no name may lead out of there"])
    }
    do {
      let source = try FileSource(path(name))
      // That a file is a link is how its owner keeps it; a folder on the way that leads elsewhere came with the names.
      guard isInside(SutureBytes.folder(of: path(name)), folder) else {
        throw Failure(
          in: named, "the folder of \(name) is a link that leads out of the folder of this file",
          remedies: ["move the files into the folder of this one"])
      }
      sources[ExactString(name)] = source
      opened.append(path(name))
      return source
    } catch let error as SystemError where error.isMissing {
      throw Failure(
        in: named, "the file \(name.shownName) is missing, and with it \(needed())",
        remedies: ["fetch it into the folder of this file"])
    }
  }
}
