internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureText

extension WriteRequest.Program {
  /// Whose model files it reads.
  var dialect: ModelDialect {
    switch self {
    case .yolov5: .yolov5
    case .ultralytics: .ultralytics
    }
  }

  /// What a file for it holds around the state dict.
  ///
  /// - Parameter model: the model file that the weights are of.
  /// - Throws: `Failure` where that is another program's.
  func object(_ model: ModelFile?) throws(Failure) -> PlainObject {
    if let model, model.dialect != dialect {
      throw Failure(
        .usage,
        "the model file is one of \(model.dialect.program), and \(dialect.program) would build another model of it",
        remedies: Self.allCases.filter { $0.dialect == model.dialect }.map {
          .setting("as", value: $0.rawValue, "writes a file for \(model.dialect.program)")
        })
    }
    return switch self {
    case .yolov5: .yolov5(modelFile: model?.plain)
    case .ultralytics: .ultralytics(modelFile: model?.plain)
    }
  }
}
