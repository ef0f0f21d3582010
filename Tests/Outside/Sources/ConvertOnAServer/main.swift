import Glibc

// ConvertOnAServer FOLDER UPLOAD…: answers for several uploads at once, as a server would for each request.
let arguments = Array(CommandLine.arguments.dropFirst())
guard let folder = arguments.first else {
  print("usage: ConvertOnAServer FOLDER UPLOAD…")
  exit(2)
}
let conversions = Conversions(folder: folder)

await withTaskGroup(of: String.self) { group in
  for (number, upload) in arguments.dropFirst().enumerated() {
    group.addTask {
      let answer = conversions.answer(to: upload, named: "upload-\(number)")
      return "\(answer.status) upload-\(number): \(answer.text)"
    }
  }
  var lines: [String] = []
  for await line in group { lines.append(line) }
  for line in lines.sorted() { print(line) }
}
