import TestSupport
import Testing

@Suite("check")
struct CheckTests {
  private let corpus =
    projectFolder + "/Fixtures/Corpus"

  @Test(
    arguments: [
      ("001_zip_default.pth", 0, "sound"),
      ("022_zip_bitflip_storage.pth", 1, "storage archive/data/0 at byte 768 is corrupt: its CRC-32 is"),
      ("023_zip_bad_crc_pkl.pth", 1, "it is corrupt"), ("020_zip_crc_off.pth", 0, "not recorded"),
      ("076_legacy_tied.pth", 0, "not recorded"), ("200_expand_bomb.pth", 0, "sound"),
      ("411_expand_to_the_last_byte.pth", 0, "sound"), ("025_zip_dup_pkl.pth", 1, "comes twice"),
      ("017_zip_trailing_junk.pth", 0, "follow the end"),
      ("280_evil_posix.pth", 1, "posix.system"),
      ("407_nan.pth", 1, "odd: 1 NaN, 1 Inf, first NaN at [1]"),
      ("229_sparse_coo.pth", 0, "sound"), ("238_meta.pth", 0, "sound"), ("344_st_sharded", 0, "sound"),
      ("010_zip_deflated.pth", 0, "0 failed"),
      ("001_zip_default.pth", 0, "weights_only=True of torch 2.13 loads it"),
    ] as [(String, Int32, String)])
  func `tells sound files from others`(name: String, code: Int32, words: String) throws {
    let said = try suture("check", "\(corpus)/\(name)")
    #expect(said.code == code)
    #expect((said.output + said.messages).contains(words), "\(said.output)\(said.messages)")
    let json = try suture("check", "\(corpus)/\(name)", "--json")
    #expect(json.code == code)
    // A file that cannot be opened has failed the check, and says so as every failure does.
    let isRefused = json.output.contains("\"schema\": \"suture.error/1\"")
    #expect(isRefused == said.output.isEmpty)
    #expect(
      json.output.contains(isRefused ? "\"exit_code\": 1" : "\"passed\": \(code == 0)"), "\(json.output)")
    #expect(isRefused || json.output.contains("\"schema\": \"suture.check/1\""))
  }

  @Test func `lets NaN pass where it is told to`() throws {
    #expect(try suture("check", "\(corpus)/407_nan.pth", "--allow-nan").code == 0)
  }

  @Test func `cannot say anything about a file that is not there`() throws {
    #expect(try suture("check", "\(corpus)/nothing.pth").code == 3)
  }

  @Test func `and every other command raise limits by name`() throws {
    let deep = "\(corpus)/167_deep_list.pth"
    let refused = try suture("inspect", deep)
    #expect(refused.code == 3)
    #expect(refused.messages.contains("--limit depth=N"))
    #expect(try suture("inspect", deep, "--limit", "depth=300000", "--key", ".").code == 0)
    let few = try suture("inspect", "\(corpus)/001_zip_default.pth", "--limit", "values=5")
    #expect(few.code == 3)
    #expect(few.messages.contains("more than 5 values") && few.messages.contains("--limit values=N"))
    #expect(try suture("check", deep, "--limit", "height=3").code == 2)
    #expect(try suture("check", deep, "--limit", "depth=many").code == 2)
  }
}
