/// A ConvNeXt that a layer holds as a library builds it, under names of its own within the layer.
package struct LibraryBackbone: Sendable {
  /// Under whose names it is put into the layer.
  package let scheme: NamingScheme
  /// Of a network named so, the tensors that the layer holds, as patterns.
  package let kept: [String]
  /// What their names become within the layer: pattern and template.
  package let renames: [(pattern: String, template: String)]
  /// The weights that the program fetches when it builds the layer; `nil` where it has random ones.
  package let fetched: String?
}

/// A module that holds such a backbone.
protocol LibraryBackboneModule: YOLOModule {
  var backbone: LibraryBackbone { get }
}

extension LibraryBackboneModule {
  static var holdsBackbone: Bool { true }
}

extension ModelFile {
  /// The layers that hold a ConvNeXt as a library builds it.
  package var libraryBackbones: [(layer: Int, backbone: LibraryBackbone)] {
    layers.compactMap { layer in
      (layer.module as? any LibraryBackboneModule).map { (layer.index, $0.backbone) }
    }
  }
}

extension ModuleRow {
  /// Refuses what a ConvNeXt's stem does not take.
  func requirePicture() throws {
    guard repeats == 1 else { throw error("it cannot be repeated") }
    guard try onlyInput() == 3 else {
      throw error(
        "its stem takes 3 channels, \(sources[0] < 0 ? "the image" : "layer \(sources[0])") gives \(inputs[0])"
      )
    }
  }
}

extension ConvNeXtConfiguration {
  /// The tensors of these parts as a module's, whose names have `start` before them.
  func moduleTensors(_ keys: [ConvNeXtKey], under start: String) -> [ModuleTensor] {
    keys.map { ModuleTensor(start + (scheme.name($0) ?? ""), storedShape(of: $0), $0.initialValues) }
  }

  /// The side of the map that the downsampling before a stage gives.
  static func downsampledSide(_ stage: Int, _ input: Int) throws(ModuleMisfit) -> Int {
    let kernel = Sides(downsampling(stage))
    return try ConvolutionLayer.outputSize(input, input, kernel: kernel, stride: kernel, padding: 0).height
  }
}
