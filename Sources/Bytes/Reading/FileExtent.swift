/// Some of the bytes of a file, by its name.
public struct FileExtent: Sendable, Equatable {
  public let file: String
  public let range: Range<Int>

  public init(_ file: String, _ range: Range<Int>) { (self.file, self.range) = (file, range) }
}

extension Sequence<FileExtent> {
  /// The stretches of each file, ascending and apart; files in the order in which they come.
  public var joined: [(file: String, ranges: [Range<Int>])] {
    var (places, files) = ([String: Int](), [(file: String, ranges: [Range<Int>])]())
    for extent in self where !extent.range.isEmpty {
      if let place = places[extent.file] {
        files[place].ranges.append(extent.range)
      } else {
        places[extent.file] = files.count
        files.append((extent.file, [extent.range]))
      }
    }
    return files.map { file, ranges in
      var apart: [Range<Int>] = []
      for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if let last = apart.last, last.upperBound >= range.lowerBound {
          apart[apart.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
        } else {
          apart.append(range)
        }
      }
      return (file, apart)
    }
  }
}
