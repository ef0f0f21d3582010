internal import SutureBytes
internal import SutureText

/// What files are called in reports that leave this machine.
///
/// A file below the folder in which the command runs is called as it is from there. Of any other no more of the last parts
/// of its path are told than tell it from the others, unless absolute paths are asked for.
struct ArtifactNames {
  /// A file as a URI, and the text that stands for it in sentences.
  struct Name {
    let text: String
    let uri: String
    /// Whether the URI is to be resolved against the folder in which the command runs.
    let isRelative: Bool

    init(_ text: String, prefix: String = "", isRelative: Bool) {
      (self.text, uri, self.isRelative) = (text, prefix + ArtifactNames.encoded(text), isRelative)
    }

    init(address: String) { (text, uri, isRelative) = (address, address, false) }
  }

  /// Where the command runs, as a URI with a slash at its end.
  let folder: String
  private var names: [String: Name] = [:]

  /// - Parameter areAbsolute: whether whole paths are told.
  init(_ paths: [String], areAbsolute: Bool) {
    let here = realPath("") ?? ""
    folder = "file://" + Self.encoded(here.hasSuffix("/") ? here : here + "/")
    var outside: [(path: String, parts: [Substring])] = []
    var known: Set<String> = []
    for path in paths where known.insert(path).inserted {
      if Address.isAddress(path) {
        names[path] = Name(address: path)
        continue
      }
      if path == StandardInput.word {
        names[path] = Name(StandardInput.name, isRelative: true)
        continue
      }
      let whole = Self.absolute(path, here)
      if areAbsolute {
        names[path] = Name(whole, prefix: "file://", isRelative: false)
      } else if let rest = whole.rest(after: here + "/"), !rest.isEmpty {
        names[path] = Name(String(rest), isRelative: true)
      } else {
        outside.append((path, whole.split(separator: "/")))
      }
    }
    nameApart(outside)
  }

  subscript(path: String) -> Name { names[path] ?? Name(path, isRelative: true) }

  /// A sentence about a file, in which that and its parts are called so too.
  func told(_ sentence: String, of file: CheckedFile) -> String {
    // The longest first: one path may begin as another does.
    let paths = ([file.path] + file.files).filter { $0.contains("/") }.sorted {
      $0.utf8.count > $1.utf8.count
    }
    return paths.reduce(sentence.visible) { sentence, path in
      sentence.replacing(path.visible, with: self[path].text.visible)
    }
  }

  /// Takes of each path as many last parts as tell it from the others.
  private mutating func nameApart(_ outside: [(path: String, parts: [Substring])]) {
    var (left, count) = (outside, 1)
    while !left.isEmpty {
      func tail(_ parts: [Substring]) -> String { parts.suffix(count).joined(separator: "/") }
      let groups = left.grouped { tail($0.parts) }
      left = []
      for (text, members) in groups {
        if members.count == 1 || members.allSatisfy({ $0.parts.count <= count }) {
          for member in members { names[member.path] = Name(text, isRelative: true) }
        } else {
          left += members
        }
      }
      count += 1
    }
  }

  /// A path from the root; a file that is a symbolic link keeps its name.
  private static func absolute(_ path: String, _ here: String) -> String {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    if name == "." || name == ".." || name.isEmpty { return realPath(path) ?? path }
    let folder = realPath(SutureBytes.folder(of: path)) ?? SutureBytes.folder(of: path)
    return folder + (folder.hasSuffix("/") ? "" : "/") + name
  }

  /// A path as a part of a URI.
  fileprivate static func encoded(_ path: String) -> String {
    path.utf8.reduce(into: "") { text, byte in
      let scalar = UnicodeScalar(byte)
      if scalar.isASCII,
        scalar.properties.isAlphabetic || (48...57).contains(byte) || "-._~/".unicodeScalars.contains(scalar)
      {
        text.unicodeScalars.append(scalar)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += digits.count < 2 ? "%0\(digits)" : "%\(digits)"
      }
    }
  }
}
