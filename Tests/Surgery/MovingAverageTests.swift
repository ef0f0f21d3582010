import SutureJSON
import SutureTensors
import SutureText
import Testing

@testable import SutureSurgery

/// Moving averages under the names that libraries give them.
@Suite struct `A moving average` {
  private func dict(_ entries: KeyValuePairs<String, Float>) throws -> StateDict {
    try StateDict(
      entries.map { .init(name: $0.key, tensor: try Tensor(floats: [$0.value, 0], shape: [2])) })
  }

  private func scalar(_ value: Float) throws -> Tensor { try Tensor(floats: [value], shape: []) }

  /// The first number of each tensor that comes out.
  private func values(_ plan: Plan) throws -> [String: Float] {
    try Dictionary(uniqueKeysWithValues: plan.output.entries.map { ($0.name, try $0.tensor.floats()[0]) })
  }

  private func inputs(_ path: String, _ ema: StateDict, wrapper: String = "model") -> Inputs {
    var inputs = Inputs()
    (inputs.siblings, inputs.wrapper) = ([path], wrapper)
    inputs.sibling = { _ in ema }
    return inputs
  }

  /// The plan of taking it, of which every name is traced to where it came from.
  private func plan(_ weights: StateDict, _ inputs: Inputs = Inputs(), _ step: TakeEMA = TakeEMA()) throws
    -> Plan
  {
    let plan = try Plan(of: weights, steps: [PlannedStep(step)], with: inputs)
    let records = try plan.reports.map { try JSONParser.parse(JSONWriter.bytes($0.record.json)) }
    for (entry, origins) in zip(plan.output.entries, plan.origins) {
      #expect(NameTrace(entry.name, through: records).sources == origins, "\(entry.name)")
    }
    return plan
  }

  private func refusal(_ weights: StateDict, _ inputs: Inputs = Inputs(), _ step: TakeEMA = TakeEMA()) throws
    -> SurgeryError?
  {
    do {
      _ = try Plan(of: weights, steps: [PlannedStep(step)], with: inputs)
      return nil
    } catch { return error }
  }

  @Test(arguments: ["swa_state_dict", "swa_model", "model_ema", "checkpoint.ema_state_dict"])
  func `lies under the names that training code gives it, SWA's too`(place: String) throws {
    var ema = try dict(["module.a.w": 5])
    try ema.append("n_averaged", try scalar(3))
    let plan = try plan(try dict(["a.w": 1]), inputs(place, ema, wrapper: "state_dict"))
    #expect(try values(plan) == ["a.w": 5])
    #expect(plan.reports[0].notes.contains("taken from \(place)"))
  }

  @Test func `has the weights' names, whatever its library puts before them`() throws {
    let weights = try dict(["a.w": 1, "a.running_mean": 2])
    for (prefix, counter) in [
      ("module.", "n_averaged"), ("ema_model.", "step"), ("shadow.", "decay"), ("", "num_updates"),
    ] {
      var ema = try dict(["\(prefix)a.w": 5])
      try ema.append(counter, try scalar(0.9))
      let plan = try plan(weights, inputs("ema", ema))
      #expect(try values(plan) == ["a.w": 5, "a.running_mean": 2], "\(prefix)")
      #expect(plan.reports[0].notes.contains("left out: its own \(counter)"))
      #expect(
        plan.reports[0].notes.contains {
          $0.contains("1 keys that it lacks are the weights' own: a.running_mean")
        })
    }
    // The weights may have a prefix that it has not.
    let wrapped = try plan(try dict(["module.a.w": 1]), inputs("ema", try dict(["a.w": 5])))
    #expect(try values(wrapped) == ["module.a.w": 5])
    // ema_pytorch keeps the weights beside it.
    let both = try dict(["ema_model.a.w": 5, "online_model.a.w": 1])
    #expect(try values(plan(weights, inputs("ema", both))) == ["a.w": 5, "a.running_mean": 2])
  }

  @Test func `of LitEma has the names without dots, beside its model or in a place of its own`() throws {
    var flat = try dict([
      "model.net.in.0.w": 1, "model.net.in.10.w": 2, "first_stage.w": 3, "model_ema.netin0w": 5,
      "model_ema.netin10w": 6,
    ])
    try flat.append("model_ema.decay", try scalar(0.99))
    try flat.append("model_ema.num_updates", try Tensor(Storage([3, 0, 0, 0]), dtype: .int32, shape: []))
    let whole = try plan(flat)
    #expect(try values(whole) == ["model.net.in.0.w": 5, "model.net.in.10.w": 6, "first_stage.w": 3])
    #expect(whole.reports[0].notes.contains("left out: its own model_ema.decay and model_ema.num_updates"))
    let apart = try plan(
      try dict(["net.in.0.w": 1, "net.bn.running_var": 4]), inputs("model_ema", try dict(["netin0w": 5])))
    #expect(try values(apart) == ["net.in.0.w": 5, "net.bn.running_var": 4])
  }

  @Test func `whose names fit no weight, or several, is refused with the names`() throws {
    let weights = try dict(["a.b1.c": 1, "a.b.1c": 2, "x.y": 3])
    let ambiguous = try #require(try refusal(weights, inputs("ema", try dict(["ab1c": 5, "xy": 6]))))
    #expect(ambiguous.cause == .impossible && ambiguous.reason.contains("ab1c"))
    #expect(ambiguous.remedies.contains { $0.description.contains("may be a.b1.c and a.b.1c") })
    let strange = try #require(try refusal(weights, inputs("ema", try dict(["xy": 6, "zz": 7]))))
    #expect(strange.reason.contains("1 keys are no weight's, or several's: zz"))
    let narrow = try StateDict([.init(name: "xy", tensor: try Tensor(floats: [1], shape: [1]))])
    #expect(try refusal(weights, inputs("ema", narrow))?.cause == .doesNotFit)
    // Unicode has two spellings of an accent, and to PyTorch they are two names.
    let accents = try #require(
      try refusal(try dict(["e\u{301}.w": 1]), inputs("ema", try dict(["\u{e9}w": 5]))))
    #expect(accents.reason.contains("not those of the weights"))
  }

  @Test func `of another shape than the weight is refused, wherever it lies`() throws {
    let short = try Tensor(floats: [1], shape: [1])
    for prefix in ["", "module."] {
      let ema = try StateDict([.init(name: "\(prefix)a.w", tensor: short)])
      let error = try refusal(try dict(["a.w": 1, "b.w": 2]), inputs("model_ema", ema))
      #expect(error?.cause == .doesNotFit && error?.description.contains("has [1]") == true, "\(prefix)")
    }
    let beside = try StateDict(
      try dict(["a.w": 1]).entries + [.init(name: "model_ema.a.w", tensor: short)])
    #expect(try refusal(beside)?.cause == .doesNotFit)
  }

  @Test func `that is a list is paired by order where that is asked for`() throws {
    var weights = StateDict()
    let tied = try Tensor(floats: [1, 0], shape: [2])
    try weights.append("embed.w", tied)
    try weights.append("bn.w", try Tensor(floats: [2, 0], shape: [2]))
    try weights.append("bn.running_mean", try Tensor(floats: [3, 0], shape: [2]))
    try weights.append("bn.num_batches_tracked", try Tensor(Storage([7]), dtype: .uint8, shape: []))
    try weights.append("head.w", tied)
    var list = StateDict()
    try list.append("shadow_params.1", try Tensor(floats: [6, 0], shape: [2]))
    try list.append("shadow_params.0", try Tensor(floats: [5, 0], shape: [2]))
    try list.append("collected_params.0", try Tensor(floats: [9, 0], shape: [2]))
    let refused = try #require(try refusal(weights, inputs("ema", list)))
    #expect(refused.cause == .impossible && refused.reason.contains("a list of 2 tensors"))
    #expect(
      refused.remedies.contains(.setting("take-ema-by-order", "pairs them by their order")))
    let done = try plan(weights, inputs("ema", list), TakeEMA(byOrder: true))
    let numbers = try ["embed.w", "bn.w", "bn.running_mean", "head.w"].map {
      try #require(done.output[$0]).floats()[0]
    }
    // A parameter under two names is one, and has one average.
    #expect(numbers == [5, 6, 3, 5] && done.output["head.w"]?.storage === done.output["embed.w"]?.storage)
    var alone = Inputs()
    alone.wrapper = "ema"
    #expect(try refusal(list, alone, TakeEMA(byOrder: true))?.reason.contains("no weights beside it") == true)
    try list.append("shadow_params.2", tied)
    let more = try #require(try refusal(weights, inputs("ema", list), TakeEMA(byOrder: true)))
    #expect(more.reason.contains("3 averages under ema for 2 parameters"))
  }

  @Test func `among the weights as mmcv has it may have been exchanged, so it is asked for`() throws {
    let weights = try dict(["conv.w": 1, "bn.running_mean": 2, "ema_conv_w": 5])
    let refused = try #require(try refusal(weights))
    #expect(refused.reason.contains("mmcv exchanges"))
    #expect(refused.remedies.contains { $0.description.hasPrefix("take-ema-from-buffers") })
    let done = try plan(weights, Inputs(), TakeEMA(fromBuffers: true))
    #expect(try values(done) == ["conv.w": 5, "bn.running_mean": 2])
    let more = try dict(["conv.w": 1, "ema_conv_w": 5, "ema_fc_w": 6])
    #expect(try refusal(more, Inputs(), TakeEMA(fromBuffers: true))?.reason.contains("ema_fc_w") == true)
    // Names that only begin so are nobody's average.
    #expect(try refusal(try dict(["conv.w": 1, "ema_rate": 5]))?.cause == .noMatch)
  }

  @Test func `is completed where it lies among the other keys`() throws {
    let flat = try plan(try dict(["model.a": 1, "model.b": 2, "ema.a": 5, "epoch": 9]))
    #expect(try values(flat) == ["a": 5, "b": 2])
    #expect(flat.reports[0].notes.contains("1 keys that it lacks are the weights' own: b"))
    #expect(flat.accounting.dropped == ["model.a", "epoch"])
    // The other networks of a file may have no average, but names without dots are made of a network's.
    let bare = try plan(try dict(["ema.a.b": 5, "discriminator.c": 9]))
    #expect(try values(bare) == ["a.b": 5])
    let joined = try #require(try refusal(try dict(["ema.ab": 5, "ema.cd": 6, "discriminator.c": 9])))
    #expect(joined.reason.contains("not those of the weights: ab and cd"))
    #expect(bare.reports[0].notes.contains("nothing beside it has its names, so nothing completes it"))
  }

  @Test func `that its library put in the weights' place is there already`() throws {
    let weights = try dict(["a.w": 1])
    var mmengine = try dict(["module.a.w": 5])
    try mmengine.append("steps", try scalar(3))
    let exchanged = try plan(weights, inputs("ema_state_dict", mmengine, wrapper: "state_dict"))
    #expect(try values(exchanged) == ["a.w": 1])
    #expect(exchanged.reports[0].notes[0].contains("mmengine exchanges them"))
    var lightning = inputs("current_model_state", try dict(["a.w": 5]), wrapper: "state_dict")
    lightning.extras = ["averaging_state.n_averaged"]
    #expect(try values(plan(weights, lightning)) == ["a.w": 1])
    // Of a wrapper with such names but no counter they are the average.
    let plain = try plan(weights, inputs("ema_state_dict", try dict(["module.a.w": 5])))
    #expect(try values(plain) == ["a.w": 5])
  }

  // MARK: Averages of averages

  /// A file with weights, and an EMA where there is one.
  private struct File {
    var weights: StateDict
    var wrapper = "model"
    var ema: StateDict?
  }

  private func average(_ first: File, _ second: File, take: Bool) throws -> Plan {
    func beside(_ file: File) -> Inputs {
      var inputs = Inputs()
      inputs.wrapper = file.wrapper
      if let ema = file.ema {
        inputs.siblings = ["model_ema"]
        inputs.sibling = { _ in ema }
      }
      return inputs
    }
    var inputs = beside(first)
    inputs.checkpoint = { _ in second.weights }
    let other = beside(second)
    inputs.beside = { _ in other }
    let steps: [any Step] = take ? [TakeEMA(), Average("other")] : [Average("other")]
    return try Plan(of: first.weights, steps: steps.map { PlannedStep($0) }, with: inputs)
  }

  @Test func `is averaged with moving averages, and never with weights`() throws {
    let one = File(weights: try dict(["w": 1, "bn.running_mean": 2]), ema: try dict(["w": 10]))
    let two = File(weights: try dict(["w": 3, "bn.running_mean": 4]), ema: try dict(["module.w": 20]))
    let both = try average(one, two, take: true)
    #expect(try values(both) == ["w": 15, "bn.running_mean": 3])
    #expect(both.reports[1].notes.contains { $0.hasPrefix("of other: taken from model_ema") })
    let raw = try average(one, two, take: false)
    #expect(try values(raw) == ["w": 2, "bn.running_mean": 3])
    #expect(raw.reports[0].notes.contains { $0.hasPrefix("each has an EMA beside its weights") })
    // A file that has none, one that is nothing else, and one that does not say.
    let none = File(weights: two.weights)
    let mixed = #expect(throws: SurgeryError.self) { try average(one, none, take: true) }
    #expect(mixed?.cause == .impossible && mixed?.reason.contains("other none beside its weights") == true)
    let alone = File(weights: try dict(["w": 20, "bn.running_mean": 8]), wrapper: "model_ema")
    #expect(try values(average(one, alone, take: true)) == ["w": 15, "bn.running_mean": 5])
    #expect(try values(average(alone, two, take: false)) == ["w": 20, "bn.running_mean": 6])
    let wrong = #expect(throws: SurgeryError.self) { try average(one, alone, take: false) }
    #expect(wrong?.remedies.contains(.setting("take-ema", "takes the EMA of each")) == true)
    let bare = File(weights: alone.weights, wrapper: "")
    let assumed = try average(one, bare, take: true)
    #expect(try values(assumed) == ["w": 15, "bn.running_mean": 5])
    #expect(assumed.reports[1].notes.contains("other is taken for an EMA: nothing in it says so"))
    #expect(try average(bare, alone, take: false).reports[0].notes[0].contains("nothing in the file says so"))
  }
}
