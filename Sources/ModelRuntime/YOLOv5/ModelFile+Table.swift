extension ModelFile {
  /// The layers as YOLOv5 prints them when it builds the model.
  ///
  /// - Throws: an error with the place in the file where YOLOv5 would build something wrong, or nothing.
  public func table() throws -> String { DetectorTable.text(try LayerParser(self).layers) }
}
