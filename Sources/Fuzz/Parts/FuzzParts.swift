internal import SutureJSON
internal import SutureWorkflows

/// Any bytes as a plan of parts: refused, or read as what it says.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let plan = try? PartPlan(bytes, name: "fuzz") else { return 0 }
  precondition(
    plan.jobs.flatMap(\.files).allSatisfy { (1...plan.parts).contains($0.part) }, "a file is of no part")
  precondition(
    (try? PartPlan(Array(plan.json.text().utf8), name: "again"))?.id == plan.id, "it reads as another")
  return 0
}
