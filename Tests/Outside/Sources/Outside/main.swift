import Suture

// Cuts a backbone out of a ConvNeXt and writes it under four names: Outside INPUT OUTPUT
let (input, output) = (CommandLine.arguments[1], CommandLine.arguments[2])

let checkpoint = try Checkpoint.open(input)
let surgery = Surgery {
  Drop("norm*", "head*")
  Replicate("model.{0..3}.")
}
let plan = try surgery.plan(for: checkpoint.stateDict, expecting: 496)
try CheckpointWriter.write(plan.output, to: output, WriteOptions(.pytorchZip))

let written = try Checkpoint.open(output)
guard let original = checkpoint.stateDict["stages.0.0.gamma"],
  let copy = written.stateDict["model.3.stages.0.0.gamma"],
  try original.contiguousBytes() == copy.contiguousBytes()
else { fatalError("\(output) does not hold what was put into it") }
print("\(output): \(written.stateDict.count) tensors, proven")
