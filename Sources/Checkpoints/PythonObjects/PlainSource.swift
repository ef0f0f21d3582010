internal import SutureBytes

/// A pickled object that is made plain data of when someone asks, from whatever thread.
final class PlainSource: Sendable {
  private let state: Guarded<State>

  /// The builder of tensors remembers what it built; the mutex lets one thread at a time do that.
  private struct State: @unchecked Sendable {
    let object: PickledObject
    let script: ScriptClasses?
    let choice: WrapperChoice
  }

  init(_ object: PickledObject, script: ScriptClasses?, _ choice: WrapperChoice) {
    state = Guarded(State(object: object, script: script, choice: choice))
  }

  func plain(keepsStructure: Bool) throws -> PlainObject {
    try state.withLock { state in
      var reader = PlainObjectReader(
        state.object, script: state.script, state.choice, keepsStructure: keepsStructure)
      return try reader.read()
    }
  }
}
