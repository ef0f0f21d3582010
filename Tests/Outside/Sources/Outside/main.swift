import Suture

// Cuts the backbone out of a ConvNeXt, writes it under four names, and proves what was written: Outside INPUT OUTPUT
let (input, output) = (CommandLine.arguments[1], CommandLine.arguments[2])

var editing = Editing(of: input, WriteRequest(to: output))
editing.steps = [Drop("norm*", "head*"), Replicate("model.{0..3}.")]
editing.expectation.output = 496
let edited = try editing.run()

let proof = try Verification(
  of: Checkpoint.open(output), against: Checkpoint.open(input), image: .testImage(side: 64)
).run()
guard proof.passed else { fatalError("\(output) does not compute what \(input) does") }
print("\(output): \(edited.plan.output.count) tensors, \(proof.checks.count) checks passed")
