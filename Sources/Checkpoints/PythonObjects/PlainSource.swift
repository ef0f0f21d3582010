internal import SutureBytes

/// A pickled object that is made plain data of when someone asks, from whatever thread.
final class PlainSource: Sendable {
  private let state: Guarded<State>

  /// The builder of tensors remembers what it built; the mutex lets one thread at a time do that.
  private struct State: @unchecked Sendable {
    let object: PickledObject
    let choice: WrapperChoice
  }

  init(_ object: PickledObject, _ choice: WrapperChoice) {
    state = Guarded(State(object: object, choice: choice))
  }

  func plain(keepsStructure: Bool) throws -> PlainObject {
    try state.withLock { state in
      var reader = PlainObjectReader(state.object, state.choice, keepsStructure: keepsStructure)
      return try reader.read()
    }
  }

  /// What the modules of the state dict say of themselves.
  func facts() -> [ModuleFacts] {
    state.withLock { state in
      var reader = ModuleFactsReader(state.object)
      return reader.facts(at: state.choice.wrapper)
    }
  }
}
