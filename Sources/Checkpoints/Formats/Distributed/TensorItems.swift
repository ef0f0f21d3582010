internal import SutureBytes
internal import SutureTensors
internal import SutureZipArchive

/// The items of a folder that hold a tensor each.
///
/// There may be tens of thousands, and most are as another is but for the elements: the first of a kind is opened as any file of
/// `torch.save`, and those that are the same byte for byte around their elements are not taken apart again.
final class TensorItems: Sendable {
  /// An item, and where it lies.
  struct Item {
    let file: FileSource
    let offset: Int
    let bytes: SourceSlice
  }

  /// What items may have in common that are alike.
  struct Kind: Hashable {
    let byteCount: Int
    let dtype: DType
    let shape: [Int]
  }

  private struct Model {
    let layout: ArchiveTemplate
    let tensor: Tensor
  }

  private let models = Guarded<[Kind: Model]>([:])
  /// Each takes some kilobytes.
  private static let most = 256

  /// The tensor of an item.
  ///
  /// - Parameters:
  ///   - kind: what it seems to be; what it is its bytes say.
  ///   - name: what errors call the tensor.
  func open(_ item: Item, _ kind: Kind, _ name: String, _ limits: ReadLimits) throws -> Tensor {
    let model = models.withLock { $0[kind] }
    if let model, let match = try model.layout.match(item.bytes) {
      let range = model.layout.payloadRange
      let storage = Storage(
        item.file, offset: item.offset + range.lowerBound, byteCount: range.count, label: name,
        crc32: limits.verifies ? match.checksum : nil)
      let tensor = model.tensor
      return try Tensor(
        storage, dtype: tensor.dtype, shape: tensor.shape, strides: tensor.strides, offset: tensor.offset)
    }
    let part = try PickledPart.open(item.bytes, limits)
    let tensor = try part.tensor(part.root)
    if model == nil, let new = try Self.model(part, tensor) {
      models.withLock { if $0.count < Self.most { $0[kind] = new } }
    }
    return tensor
  }

  /// `nil` where the file says more than another could be held to.
  private static func model(_ part: PickledPart, _ tensor: Tensor) throws -> Model? {
    guard part.isPlain, case .strided = tensor.layout, tensor.lazyBits.isEmpty,
      tensor.storage.whole === tensor.storage,
      let layout = try part.object.tensors.references.layout(around: tensor.storage)
    else { return nil }
    return Model(layout: layout, tensor: tensor)
  }
}
