internal import SutureSurgery

/// The steps as options of the command line, which run in the order given.
extension Edit {
  static var stepArguments: [Argument<Self>] { nameArguments + tensorArguments + recipeArguments }

  private static var nameArguments: [Argument<Self>] {
    [
      .option("drop", "PATTERN", "Leave out the tensors whose whole name fits.") {
        $0.steps.append(Drop($1))
      },
      .option("keep", "PATTERN", "Leave out all others.") { $0.steps.append(Keep($1)) },
      .option("rename", "PATTERN=NAME", "Rename; * or {1} in NAME is what the wildcards matched.") {
        let (pattern, name) = try StepWords("rename", $1, "PATTERN=NAME").pair()
        $0.steps.append(Rename(pattern, to: name))
      },
      .option("map", "FILE", "Rename by a table of PATTERN: NAME, in YAML or JSON.") {
        $0.steps.append(try MapNames(try readText($1), name: $1))
      },
      .option("map-reversed", "FILE", "Rename by the table read backwards.") {
        $0.steps.append(try MapNames(try readText($1), name: $1, reversed: true))
      },
      .option("add-prefix", "PREFIX", "Put PREFIX before every name.") { $0.steps.append(AddPrefix($1)) },
      .option("strip-prefix", "PREFIX", "Take PREFIX from every name that has it.") {
        $0.steps.append(StripPrefix($1))
      },
      .option("replicate", "PREFIXES", "Copy every tensor under each prefix: 'model.{0..3}.'.") {
        $0.steps.append(Replicate($1))
      },
      .naming { $0.steps.append(AdoptNaming($1)) },
      .step("live-only", "Of a replicated backbone, keep what a forward pass reads.", LiveOnly()),
      .option("tie", "PATTERN=NAME", "Make the tensors that fit the very same as NAME.") {
        let (pattern, name) = try StepWords("tie", $1, "PATTERN=NAME").pair()
        $0.steps.append(Tie(pattern, to: name))
      },
      .option("untie", "PATTERN", "Give each tensor that fits a storage of its own.") {
        $0.steps.append(Untie($1))
      },
    ]
  }

  private static var tensorArguments: [Argument<Self>] {
    [
      .option("cast", "PATTERN=DTYPE", "Cast floating tensors: '*.weight=bfloat16'.") {
        let (pattern, dtype) = try StepWords("cast", $1, "PATTERN=DTYPE").pair()
        $0.steps.append(CastTo(dtype, pattern))
      },
      .option("transpose", "PATTERN[=A,B]", "Swap two axes, 0 and 1 where none are named.") {
        let words = StepWords("transpose", $1, "PATTERN=AXIS,AXIS")
        $0.steps.append(Transpose([words.pattern], axes: try words.value.map(words.integers) ?? [0, 1]))
      },
      .option("permute", "PATTERN=A,B,C", "Put the axes in another order.") {
        let words = StepWords("permute", $1, "PATTERN=AXIS,AXIS,AXIS")
        let (pattern, order) = try words.pair()
        $0.steps.append(Permute(pattern, order: try words.integers(order)))
      },
      .option("reshape", "PATTERN=SIZES", "Give the elements other sizes: 'fc.weight=-1,96'.") {
        let words = StepWords("reshape", $1, "PATTERN=SIZE,SIZE")
        let (pattern, sizes) = try words.pair()
        $0.steps.append(Reshape(pattern, to: try words.integers(sizes)))
      },
      .option("slice", "PATTERN=FROM:TO[@AXIS]", "Take a range of an axis, written as in Python.") {
        let words = StepWords("slice", $1, "PATTERN=FROM:TO@AXIS")
        let (pattern, text) = try words.pair()
        let (range, axis) = words.axis(text)
        guard let range = SliceRange(range) else { throw words.error }
        $0.steps.append(Slice(pattern, range: range, axis: axis))
      },
      .option("concat", "PATTERN=NAME[@AXIS]", "Join along an axis: '*.{q,k,v}.w={1}.qkv.w'.") {
        let words = StepWords("concat", $1, "PATTERN=NAME@AXIS")
        let (pattern, text) = try words.pair()
        let (name, axis) = words.axis(text)
        $0.steps.append(Concat(pattern, to: name, axis: axis))
      },
      .option("stack", "PATTERN=NAME[@AXIS]", "Join along a new axis: 'experts.#.w=experts.w'.") {
        let words = StepWords("stack", $1, "PATTERN=NAME@AXIS")
        let (pattern, text) = try words.pair()
        let (name, axis) = words.axis(text)
        $0.steps.append(Stack(pattern, to: name, axis: axis))
      },
      .option("split", "PATTERN=NAMES[@AXIS[:SIZES]]", "Cut along an axis: '*.qkv.w={1}.{q,k,v}.w'.") {
        let words = StepWords("split", $1, "PATTERN=NAMES@AXIS:SIZE,SIZE")
        let (pattern, text) = try words.pair()
        let (names, axis, sizes) = words.axisAndSizes(text)
        $0.steps.append(Split(pattern, to: names, axis: axis, sizes: sizes))
      },
      .option("fill", "PATTERN=WHAT", "New elements: zeros, a number, or 'normal(MEAN,STD,SEED)'.") {
        let words = StepWords("fill", $1, "PATTERN=zeros, a number or normal(MEAN,STD,SEED)")
        $0.steps.append(Fill(words.pattern, with: try words.content()))
      },
      .option("adapt-input", "PATTERN=N", "Make convolutions of 3 input channels take N, as timm does.") {
        let words = StepWords("adapt-input", $1, "PATTERN=CHANNELS")
        guard let channels = Int(try words.pair().1) else { throw words.error }
        $0.steps.append(AdaptInput(words.pattern, channels: channels))
      },
      .option("fuse-bn", "CONV=NORM[@EPS]", "Fuse batch norms into convolutions: '*.conv=*.bn@1e-3'.") {
        let words = StepWords("fuse-bn", $1, "CONVOLUTION=NORM@EPS")
        let (norm, epsilon) = words.number(try words.pair().1)
        $0.steps.append(FuseBatchNorm(words.pattern, with: norm, epsilon: epsilon ?? 1e-5))
      },
      .option(
        "fold-normalization", "PATTERN[=MEAN/STD]",
        "Let a stem take x for (x-MEAN)/STD; ImageNet's if unsaid."
      ) {
        let words = StepWords("fold-normalization", $1, "PATTERN=MEAN,MEAN,MEAN/STD,STD,STD")
        $0.steps.append(try words.normalization())
      },
      .option("average", "FILE", "The mean with FILE, or with several where it comes several times.") {
        if let last = $0.steps.last as? Average {
          $0.steps[$0.steps.count - 1] = last.adding($1)
        } else {
          $0.steps.append(Average($1))
        }
      },
      .step("take-ema", "Take the moving average of the weights, such as model_ema.", TakeEMA()),
      .step("strip-optimizer", "Leave out the optimizer, the schedule and the scaler.", StripOptimizer()),
    ]
  }

  private static var recipeArguments: [Argument<Self>] {
    [
      .option("recipe", "FILE", "Do the steps of a recipe in YAML or JSON.") {
        $0.add(try Recipe(try readText($1), name: $1))
      },
      .option("preset", "NAME", "Do the steps of a recipe that comes along; suture presets lists them.") {
        $0.add(try Presets.named($1).recipe())
      },
    ]
  }
}

extension Argument<Edit> {
  static func step(_ name: String, _ help: String, _ step: any Step) -> Self {
    Argument(form: .flag, name: name, short: nil, placeholder: "", help: help) { edit, _ in
      edit.steps.append(step)
    }
  }
}
