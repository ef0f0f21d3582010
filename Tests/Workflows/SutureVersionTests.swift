import SutureWorkflows
import Testing

@Suite struct `The version` {
  @Test func `is three numbers, as version tags are`() {
    #expect(SutureVersion.text.split(separator: ".").compactMap { Int($0) }.count == 3)
  }
}
