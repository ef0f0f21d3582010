import Glibc
import Suture

// InspectInMemory FILE: the bytes are read by whoever has them, here from a file; Suture opens nothing.
guard let path = CommandLine.arguments.dropFirst().first else {
  print("usage: InspectInMemory FILE")
  exit(2)
}
let file = try FileSource(path)
var bytes: [UInt8] = Array(repeating: 0, count: file.byteCount)
try file.read(into: &bytes, count: bytes.count, at: 0)

let checkpoint = try Checkpoint.open(MemorySource(bytes, name: "upload"))
print("\(checkpoint.container.rawValue), \(checkpoint.stateDict.count) tensors under \(checkpoint.wrapper)")

// Checksums, bounds, NaN, and what is in the pickle, which nobody has run.
let check = try CheckReport(of: checkpoint)
print(check.passed ? "sound" : "not sound: \(check.integrity.problems.map(\.message))")
for global in checkpoint.globals where global.judgement != .known { print(global.name, global.judgement) }
if let torch = check.weightsOnly { print("torch.load(weights_only=True) loads it: \(torch.loads)") }

// A tensor's elements are read when they are asked for, and no others.
if let entry = checkpoint.stateDict.entries.first {
  let numbers = try entry.tensor.floats()
  print(entry.name, entry.tensor.dtype, entry.tensor.shape, numbers.count)
}

// Sums by module; `inspection.json` is the report that `suture inspect --json` prints.
let inspection = Inspection(of: checkpoint)
for module in inspection.sums(depth: 1) { print(module.name, module.tensorCount, module.byteCount) }
