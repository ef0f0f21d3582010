import Glibc
import TestSupport
import Testing

/// What `--help` prints is what people read first: a change of it is seen, and meant.
///
///     SUTURE_UPDATE_SNAPSHOTS=1 swift test --filter HelpTests
@Suite struct HelpTests {
  private static let folder = projectFolder + "/Tests/suture/Snapshots"

  @Test func `the help of every command is as its snapshot has it`() throws {
    let overview = try suture("--help")
    let commands = overview.output.split(separator: "\n").compactMap { line in
      line.hasPrefix("  ") ? line.split(separator: " ").first.map(String.init) : nil
    }
    #expect(commands.contains("inspect") && commands.contains("bench"), "the overview lists the commands")
    try compare(overview, with: "suture")
    for command in commands { try compare(try suture(command, "--help"), with: command) }
    let snapshots = (["suture"] + commands).map { $0 + ".txt" }.sorted()
    #expect(names(in: Self.folder) == snapshots, "each snapshot is of a command")
  }

  private func compare(_ said: Said, with name: String) throws {
    #expect(said.code == 0 && said.messages.isEmpty, "\(name): \(said.messages)")
    let path = "\(Self.folder)/\(name).txt"
    if getenv("SUTURE_UPDATE_SNAPSHOTS") != nil { try write(Array(said.output.utf8), to: path) }
    #expect(
      said.output == (try? text(of: path)),
      "if the help of \(name) is meant to be so: SUTURE_UPDATE_SNAPSHOTS=1 swift test --filter HelpTests")
  }

  @Test func `the documentation's reference is made from the lists that the command is made from`() throws {
    let folder = projectFolder + "/Sources/Suture/Suture.docc"
    let pages = try suture("__reference").output.split(separator: "\n").map(String.init)
    #expect(pages.contains("Steps") && pages.contains("Commands/suture-edit"))
    for page in pages {
      let said = try suture("__reference", page)
      #expect(said.code == 0, "\(page): \(said.messages)")
      let path = "\(folder)/\(page).md"
      if getenv("SUTURE_UPDATE_SNAPSHOTS") != nil { try write(Array(said.output.utf8), to: path) }
      #expect(said.output == (try? text(of: path)), "make reference writes \(page) anew")
    }
    let commands = pages.compactMap { $0.hasPrefix("Commands/") ? String($0.dropFirst(9)) + ".md" : nil }
    #expect(names(in: folder + "/Commands") == commands.sorted(), "each page is of a command")
  }

  @Test func `the version is the newest of the changelog`() throws {
    let newest = try text(of: projectFolder + "/CHANGELOG.md").split(separator: "## [").dropFirst().first
    #expect(try suture("--version").output == "suture \(newest?.prefix { $0 != "]" } ?? "")\n")
  }
}
