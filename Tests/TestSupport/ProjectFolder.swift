/// The folder that the project lies in, without a slash at its end.
public let projectFolder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
