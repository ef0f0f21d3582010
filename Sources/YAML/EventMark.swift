/// A place as libyaml counts it: everything from 0, in characters.
struct EventMark: Equatable {
  let character: Int
  let line: Int
  let column: Int
}
