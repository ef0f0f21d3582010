public import SutureArchitectures
public import SutureCheckpoints
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// What a YOLO model that was pickled whole says of itself, as training leaves it in `best.pt` and `last.pt`.
public struct TrainedModel: Sendable {
  /// Whose weights lie under a key of a training file.
  public struct Weights: Sendable {
    /// The key: `model`, `ema`.
    public let path: String
    /// A sentence without a full stop.
    public let whose: String
    /// Whether the state dict that was entered is this one.
    public let isTaken: Bool
  }

  /// Such as `models.yolo.DetectionModel`.
  public let className: String
  /// The name of the model file that it was built of, where it says so.
  public let file: String?
  /// The model file that lies in it; `nil` where it cannot be built here.
  public let model: ModelFile?
  /// Why it cannot.
  public let refusal: String?
  /// How many classes it has, where it says so.
  public let classes: Int?
  /// What they are called, in their order.
  public let names: [String]
  /// When it was saved, as the file says it.
  public let date: String?
  /// Whether batch norms were folded into the convolutions before them.
  public let isFused: Bool
  /// The weights that the file holds, where it is one of training.
  public let weights: [Weights]

  /// - Returns: `nil` where no model with a model file was pickled whole.
  public init?(_ checkpoint: Checkpoint) {
    guard let facts = checkpoint.moduleFacts().first, case .dict(let yaml)? = facts["yaml"] else {
      return nil
    }
    className = facts.className
    if case .string(let name)? = facts["yaml_file"] { file = name } else { file = nil }
    do {
      (model, refusal) = (try checkpoint.modelFile(), nil)
    } catch let error as any SutureError {
      (model, refusal) = (nil, error.reason)
    } catch { (model, refusal) = (nil, "\(error)") }
    let counts = [facts["nc"]] + yaml.filter { Self.text($0.key) == "nc" }.map { Optional($0.value) }
    classes = counts.compactMap { if case .int(let count)? = $0 { count } else { nil } }.first
    names =
      switch facts["names"] {
      case .list(let items), .tuple(let items): items.compactMap(Self.text)
      case .dict(let items): items.compactMap { Self.text($0.value) }
      default: []
      }
    date = Self.extra("date", of: checkpoint)
    isFused = !checkpoint.stateDict.fusedConvolutions.isEmpty
    weights = Self.weights(checkpoint)
  }

  private static func text(_ value: PlainValue) -> String? {
    if case .string(let text) = value { text } else { nil }
  }

  /// A text or a number that lies beside the model.
  private static func extra(_ path: String, of checkpoint: Checkpoint) -> String? {
    guard let extra = checkpoint.extras.first(where: { $0.path == path }),
      ["str", "int"].contains(extra.kind)
    else { return nil }
    let isQuoted = extra.value.count >= 2 && extra.value.hasPrefix("'") && extra.value.hasSuffix("'")
    return isQuoted ? String(extra.value.dropFirst().dropLast()) : extra.value
  }

  /// As YOLOv5 and Ultralytics write them: `ema` beside `model` while training goes on; when it is done the average takes
  /// the place of the model, and the epoch is −1.
  private static func weights(_ checkpoint: Checkpoint) -> [Weights] {
    let taken = checkpoint.wrapper.joined(separator: ".")
    let others = checkpoint.candidates.map(\.path)
    let held = ["model", "ema"].filter { taken == $0 || others.contains($0) }
    if held == ["model", "ema"] {
      return [
        Weights(
          path: "model", whose: "as the last step of training left them, from which it goes on",
          isTaken: taken == "model"),
        Weights(
          path: "ema", whose: "their running average, which detection and export take",
          isTaken: taken == "ema"),
      ]
    }
    guard held == ["model"] else {
      return held.map { Weights(path: $0, whose: "a running average, which detection takes", isTaken: true) }
    }
    guard extra("epoch", of: checkpoint) == "-1" else { return [] }
    return [
      Weights(
        path: "model", whose: "of a training that is done: the running average took their place",
        isTaken: taken == "model")
    ]
  }

  package var json: JSONObject {
    [
      "class": className, "file": file, "layers": model?.layers.count, "strides": model?.strides,
      "refusal": refusal, "classes": classes, "names": names, "date": date, "fused": isFused,
      "weights": weights.map { ["path": $0.path, "whose": $0.whose, "taken": $0.isTaken] as JSONObject },
    ]
  }
}

extension StateDict {
  /// The convolutions of a YOLO into which the norms behind them were folded: each has a bias, and nothing beside it.
  var fusedConvolutions: [String] {
    let held = Set(names.lazy.map { ExactString($0) })
    return names.compactMap { name in
      guard name.hasSuffix(".conv.bias"),
        !held.contains(ExactString(name.dropLast("conv.bias".count) + "bn.weight"))
      else { return nil }
      return String(name.dropLast(".bias".count))
    }
  }
}
