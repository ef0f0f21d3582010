import SutureBytes
import SuturePickle
import TestSupport

@testable import SutureCheckpoints

/// A folder of `torch.distributed.checkpoint`, as it would be written, or with what a test changes in it.
struct DistributedSet {
  struct Chunk {
    var offsets: [Int]
    var sizes: [Int]
    var file: String
    /// The item, which the metadata say lies where it is put.
    var bytes: [UInt8]
    /// What the metadata say instead.
    var place: (offset: Int, length: Int)?
    var transforms: [String] = []
    var isStored = true
  }

  enum Entry {
    case tensor(size: [Int], dtype: String, chunks: [Chunk])
    case value(file: String, bytes: [UInt8])
    case stranger
  }

  var entries: [(name: String, entry: Entry)]
  /// The keys that lead to each entry; without any there is no planner_data.
  var paths: [String: [Write]] = [:]
  /// What else the metadata hold.
  var attributes: [(String, Write)] = []

  /// `w` is [[0, 1], …, [6, 7]], of which two ranks have two rows each; `epoch` is 3.
  static func usual() throws -> DistributedSet {
    let rows = try [0, 1].map { rank in
      Chunk(
        offsets: [rank * 2, 0], sizes: [2, 2], file: "__\(rank)_0.distcp",
        bytes: try savedTensor((0..<4).map { Float(rank * 4 + $0) }, [2, 2]))
    }
    let epoch = try TorchFile { $0.int(3) }.bytes
    return DistributedSet(entries: [
      ("w", .tensor(size: [4, 2], dtype: "float32", chunks: rows)),
      ("epoch", .value(file: "__0_0.distcp", bytes: epoch)),
    ])
  }

  /// Changes what is said of `w`.
  mutating func change(_ body: (inout [Int], inout String, inout [Chunk]) throws -> Void) rethrows {
    guard case .tensor(var size, var dtype, var chunks) = entries[0].entry else { return }
    try body(&size, &dtype, &chunks)
    entries[0].entry = .tensor(size: size, dtype: dtype, chunks: chunks)
  }

  /// Writes the folder.
  ///
  /// - Parameter metadata: what the description is called.
  func write(to folder: TemporaryFolder, metadata: String = ".metadata") throws {
    var files: [(name: String, bytes: [UInt8])] = []
    var places: [(name: String, offset: [Int]?, file: String, range: (Int, Int), transforms: [String])] = []
    func put(_ bytes: [UInt8], in file: String) -> (Int, Int) {
      guard let place = files.firstIndex(where: { $0.name == file }) else {
        files.append((file, bytes))
        return (0, bytes.count)
      }
      defer { files[place].bytes += bytes }
      return (files[place].bytes.count, bytes.count)
    }
    for (name, entry) in entries {
      switch entry {
      case .stranger: break
      case .value(let file, let bytes): places.append((name, nil, file, put(bytes, in: file), []))
      case .tensor(_, _, let chunks):
        for chunk in chunks {
          let range = put(chunk.bytes, in: chunk.file)
          if chunk.isStored {
            places.append(
              (name, chunk.offsets, chunk.file, chunk.place.map { ($0, $1) } ?? range, chunk.transforms))
          }
        }
      }
    }
    for file in files where !file.name.hasPrefix("/") && !file.name.hasPrefix("..") {
      try folder.write(file.name, file.bytes)
    }
    var pickler = Pickler()
    pickler.object(Self.module, "Metadata", described(places) + attributes)
    try folder.write(metadata, pickler.finish())
  }

  private static let module = "torch.distributed.checkpoint.metadata"

  private func described(
    _ places: [(name: String, offset: [Int]?, file: String, range: (Int, Int), transforms: [String])]
  ) -> [(String, Write)] {
    [
      ("state_dict_metadata", { $0.dict(entries.map { ($0.name, self.write($0.entry)) }) }),
      (
        "planner_data",
        {
          if paths.isEmpty { return $0.none() }
          $0.dict(paths.sorted { $0.key < $1.key }.map { item in (item.key, { $0.tuple(of: item.value) }) })
        }
      ),
      (
        "storage_data",
        {
          $0.emptyDict()
          $0.mark()
          for place in places {
            $0.object(
              Self.module, "MetadataIndex",
              [
                ("fqn", { $0.string(place.name) }), ("index", { $0.int(0) }),
                ("offset", { if let offset = place.offset { $0.size(offset) } else { $0.none() } }),
              ])
            var info: [(String, Write)] = [
              ("relative_path", { $0.string(place.file) }), ("offset", { $0.int(place.range.0) }),
              ("length", { $0.int(place.range.1) }),
            ]
            if !place.transforms.isEmpty {
              info.append(
                ("transform_descriptors", { $0.list(place.transforms.map { word in { $0.string(word) } }) }))
            }
            $0.object("torch.distributed.checkpoint.filesystem", "_StorageInfo", info)
          }
          $0.setItems()
        }
      ),
    ]
  }

  private func write(_ entry: Entry) -> Write {
    switch entry {
    case .value: return { $0.object(Self.module, "BytesStorageMetadata", []) }
    case .stranger: return { $0.object("somebody.else", "Thing", []) }
    case .tensor(let size, let dtype, let chunks):
      return {
        $0.object(
          Self.module, "TensorStorageMetadata",
          [
            (
              "properties",
              {
                $0.object(Self.module, "TensorProperties") {
                  $0.tuple(of: [{ $0.global("torch", dtype) }, { $0.string("layout") }, { $0.bool(false) }])
                }
              }
            ), ("size", { $0.size(size) }),
            (
              "chunks",
              {
                $0.list(
                  chunks.map { chunk in
                    {
                      $0.object(
                        Self.module, "ChunkStorageMetadata",
                        [("offsets", { $0.size(chunk.offsets) }), ("sizes", { $0.size(chunk.sizes) })])
                    }
                  })
              }
            ),
          ])
      }
    }
  }
}
