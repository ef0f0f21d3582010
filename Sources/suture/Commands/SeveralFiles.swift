internal import SutureText
internal import SutureWorkflows

extension Command {
  /// Does the same for each file: one that fails does not keep the others from their reports.
  ///
  /// - Returns: the first code that is not 0.
  /// - Throws: what `body` throws, where there is one file.
  func eachFile(_ files: [String], json: Bool, _ body: (String) throws -> ExitCode) throws -> ExitCode {
    if files.count == 1 { return try body(files[0]) }
    var first = ExitCode.done
    for (place, file) in files.enumerated() {
      if place > 0, !json { try Console.print([""]) }
      let code: ExitCode
      do { code = try body(file) } catch {
        let diagnosis = Diagnosis(error)
        Console.error(diagnosis)
        if json { try Console.print(diagnosis.report(["path": file]), isLine: true) }
        code = diagnosis.code
      }
      if first.rawValue == 0 { first = code }
      try Console.flush()
    }
    return first
  }
}
