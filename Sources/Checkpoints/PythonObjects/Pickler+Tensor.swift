internal import SuturePickle
internal import SutureTensors

/// The calls by which torch pickles tensors, as ``TensorBuilder`` reads them.
extension Pickler {
  mutating func tensor(_ tensor: Tensor, _ storages: StorageTable) {
    switch tensor.layout {
    case .sparse(let parts): sparse(parts, shape: tensor.shape, storages)
    case .quantized(let quantization): quantized(tensor, quantization, storages)
    case .strided, .meta: strided(tensor, storages)
    }
  }

  private mutating func strided(_ tensor: Tensor, _ storages: StorageTable) {
    let version = storages.type(of: tensor.storage) != nil ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3"
    global("torch._utils", version)
    mark()
    view(tensor, storages)
    bool(false)
    emptyOrderedDict()
    if version.hasSuffix("_v3") { global("torch", tensor.dtype.rawValue) }
    if !tensor.lazyBits.isEmpty { bits(tensor.lazyBits) }
    tuple()
    reduce()
  }

  /// The storage, the offset, the sizes and the strides.
  private mutating func view(_ tensor: Tensor, _ storages: StorageTable) {
    let type = storages.type(of: tensor.storage)
    mark()
    string("storage")
    if let type, let name = TorchDType.storageClass(of: type) {
      global("torch", name)
    } else {
      global("torch.storage", "UntypedStorage")
    }
    string(storages.key(of: tensor.storage))
    string("cpu")
    int(tensor.storage.byteCount / (type?.byteCount ?? 1))
    tuple()
    persistentID()
    int(tensor.offset)
    tuple(tensor.shape)
    tuple(tensor.strides)
  }

  private mutating func bits(_ bits: LazyBits) {
    emptyDict()
    mark()
    if bits.contains(.conjugate) {
      string("conj")
      bool(true)
    }
    if bits.contains(.negative) {
      string("neg")
      bool(true)
    }
    setItems()
  }

  private mutating func quantized(_ tensor: Tensor, _ quantization: Quantization, _ storages: StorageTable) {
    global("torch._utils", "_rebuild_qtensor")
    mark()
    view(tensor, storages)
    mark()
    switch quantization {
    case .perTensor(let scale, let zeroPoint):
      global("torch", "per_tensor_affine")
      float(scale)
      int(zeroPoint)
    case .perChannel(let scales, let zeroPoints, let axis, let isFloat):
      global("torch", isFloat ? "per_channel_affine_float_qparams" : "per_channel_affine")
      strided(scales, storages)
      strided(zeroPoints, storages)
      int(axis)
    }
    tuple()
    bool(false)
    emptyOrderedDict()
    tuple()
    reduce()
  }

  private mutating func sparse(_ sparse: SparseParts, shape: [Int], _ storages: StorageTable) {
    global("torch._utils", "_rebuild_sparse_tensor")
    mark()
    global("torch.serialization", "_get_layout")
    mark()
    string("torch.\(sparse.format.rawValue)")
    tuple()
    reduce()
    mark()
    for part in sparse.parts { strided(part.tensor, storages) }
    tuple(shape)
    if let isCoalesced = sparse.isCoalesced { bool(isCoalesced) }
    tuple()
    tuple()
    reduce()
  }
}
