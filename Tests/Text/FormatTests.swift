import SutureText
import Testing

@Suite struct `Figures for people` {
  @Test func `are whole, decimal or in powers of ten`() {
    #expect(Format.count(28_589_128) == "28,589,128" && Format.count(-1234) == "-1,234")
    #expect(Format.plural(1, "tensor") == "1 tensor" && Format.plural(1000, "tensor") == "1,000 tensors")
    #expect(Format.bytes(1023) == "1023 B" && Format.bytes(114_400_000) == "109.1 MiB")
    #expect(Format.decimal(1.005, places: 1) == "1.0" && Format.decimal(-0.04, places: 1) == "0.0")
    #expect(Format.significant(0.01234) == "0.01234" && Format.significant(1.2e10) == "1.2e+10")
    #expect(Format.scientific(3.14e-7) == "3.1e-07" && Format.scientific(9.99e9) == "1.0e+10")
    #expect(Format.significant(.nan) == "nan" && Format.decimal(1e300, places: 2) == "1e+300")
  }

  @Test func `stand beside names that are inert`() {
    #expect(Format.name("") == "\"\"" && Format.name("stem.0") == "stem.0")
    #expect(!Format.name("a\u{1B}[2J").contains("\u{1B}") && Format.shape([2, 3]) == "[2, 3]")
  }
}
