public import SutureText

/// The layers of YOLOv5s that hold a copy of a backbone each, as the names of a state dict tell them, and the stage that
/// each of them runs.
///
/// A `ConvNeXt_Block(index)` builds the whole backbone and runs stage `index` of it, at whichever layer number it stands:
/// `model.4.stages.0.0.gamma` is read where the block of layer 4 has the index 0. No state dict holds the index. A module
/// that was pickled whole and a model file do; otherwise it follows where there is one way only:
///
/// - Four copies run the four stages in the order of their layers, for each stage takes the channels of the one before.
/// - Two or three from layer 0 on run the first stages.
/// - A copy of which nothing but one stage is left runs that.
public struct BackboneReplicas: Sendable {
  public struct Layer: Sendable {
    /// What stands before the names of the copy, such as `model.4.`.
    public let prefix: ExactString
    public let number: Int
    /// The stage that it runs; `nil` where nothing tells.
    public let stage: Int?
  }

  /// The layers of each model, in the order of their numbers; an EMA beside the weights is a model of its own.
  public let models: [[Layer]]
  private let stages: [ExactString: Int?]

  /// - Parameter told: the stage that a layer runs, by its prefix, where a module or a model file says so.
  public init(_ names: some Sequence<String>, told: [ExactString: Int] = [:]) {
    var found: [ExactString: (model: String, number: Int, held: Set<Int>)] = [:]
    for name in names {
      guard let place = Place(name) else { continue }
      found[place.prefix, default: (place.model, place.number, [])].held.insert(place.stage)
    }
    let copies = found.map {
      (prefix: $0.key, model: $0.value.model, number: $0.value.number, held: $0.value.held)
    }
    models = copies.grouped { ExactString($0.model) }.map { _, copies in
      let sorted = copies.sorted { ($0.number, $0.prefix) < ($1.number, $1.prefix) }
      let isInOrder =
        sorted.count == 4 || (2...3).contains(sorted.count) && sorted.map(\.number) == Array(sorted.indices)
      return sorted.enumerated().map { rank, copy in
        Layer(
          prefix: copy.prefix, number: copy.number,
          stage: told[copy.prefix] ?? (isInOrder ? rank : copy.held.count == 1 ? copy.held.first : nil))
      }
    }.sorted { $0[0].prefix < $1[0].prefix }
    stages = Dictionary(models.joined().map { ($0.prefix, $0.stage) }) { one, _ in one }
  }

  /// Whether the layer that holds the tensor `name` reads it; `nil` where it belongs to no copy of a backbone, or nothing
  /// tells which stage the layer runs.
  public func isRead(_ name: String) -> Bool? {
    guard let place = Place(name), let stage = stages[place.prefix] ?? nil else { return nil }
    return place.stage == stage
  }

  /// The layers of which nothing tells what they run.
  public var undecided: [Layer] { models.joined().filter { $0.stage == nil } }

  /// The prefixes of a model's four layers in the order of the stages that they run; `nil` where `prefixes` are no such four.
  public func inOrder(_ prefixes: [String]) -> [String]? {
    let wanted = Set(prefixes.map(ExactString.init))
    guard wanted.count == 4, let model = models.first(where: { Set($0.map(\.prefix)) == wanted }) else {
      return nil
    }
    let sorted = model.sorted { $0.stage ?? 4 < $1.stage ?? 4 }
    return sorted.map(\.stage) == [0, 1, 2, 3] ? sorted.map(\.prefix.string) : nil
  }

  /// Where in a copy a tensor lies: `model.<number>.stages.<stage>.…` or `model.<number>.downsample_layers.<stage>.…`.
  private struct Place {
    let prefix: ExactString
    /// The prefix without the layer's number.
    let model: String
    let number: Int
    let stage: Int

    init?(_ name: String) {
      let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      func number(_ part: Substring.UTF8View) -> Int? {
        part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(Substring(part)) : nil
      }
      for start in parts.indices.dropLast(4).reversed() where parts[start].elementsEqual("model".utf8) {
        guard let layer = number(parts[start + 1]), let stage = number(parts[start + 3]),
          (0...3).contains(stage),
          ["stages", "downsample_layers"].contains(where: { parts[start + 2].elementsEqual($0.utf8) })
        else { continue }
        model = String(name[..<parts[start + 1].startIndex])
        prefix = ExactString(String(name[..<parts[start + 2].startIndex]))
        (self.number, self.stage) = (layer, stage)
        return
      }
      return nil
    }
  }
}

extension ModelFile {
  /// The stage that each layer runs which holds a backbone, by its prefix in a state dict.
  package func stages(under prefix: String = "") -> [ExactString: Int] {
    var stages: [ExactString: Int] = [:]
    for layer in layers {
      guard let block = layer.module as? any BackboneStage else { continue }
      stages[ExactString("\(prefix)model.\(layer.index).")] = block.stage
    }
    return stages
  }
}
