internal import SutureBytes

extension Unpickler {
  /// Runs one opcode.
  ///
  /// - Throws: ``PickleError`` or `TruncatedInput`.
  mutating func execute(_ code: Opcode, _ reader: inout ByteReader) throws {
    switch code {
    case .stop: break
    case .proto:
      let version = Int(try reader.byte())
      if version > 5 { throw error("protocol \(version) is unknown; 0 to 5 are supported") }
    case .frame:
      let length = try size(try reader.integer(UInt64.self))
      try reader.require(length)
      frameEnd = reader.offset + length

    case .none: try push(.none)
    case .newtrue: try push(.bool(true))
    case .newfalse: try push(.bool(false))
    case .binint: try push(.int(Int(try reader.integer(Int32.self))))
    case .binint1: try push(.int(Int(try reader.byte())))
    case .binint2: try push(.int(Int(try reader.integer(UInt16.self))))
    case .long1: try push(Self.integer(try reader.array(Int(try reader.byte()))))
    case .long4: try push(Self.integer(try reader.array(try length(try reader.integer(Int32.self)))))
    case .binfloat: try push(.float(try reader.bigEndianDouble()))
    case .int: try push(try textInteger(&reader))
    case .long: try push(try textLong(&reader))
    case .float: try push(try textFloat(&reader))

    case .shortBinunicode: try pushText(Int(try reader.byte()), &reader)
    case .binunicode: try pushText(Int(try reader.integer(UInt32.self)), &reader)
    case .binunicode8: try pushText(try size(try reader.integer(UInt64.self)), &reader)
    case .shortBinstring: try push(python2String(try reader.array(Int(try reader.byte()))))
    case .binstring: try push(python2String(try reader.array(try length(try reader.integer(Int32.self)))))
    case .string: try push(try quotedString(&reader))
    case .unicode: try push(try escapedUnicode(&reader))
    case .shortBinbytes: try push(.bytes(try reader.array(Int(try reader.byte()))))
    case .binbytes: try push(.bytes(try reader.array(Int(try reader.integer(UInt32.self)))))
    case .binbytes8, .bytearray8:
      try push(.bytes(try reader.array(try size(try reader.integer(UInt64.self)))))

    case .mark:
      marks.append(stack.count)
      if marks.count > limits.marks { throw exceeded("open MARKs", limits.marks, name: "marks") }
    case .pop:
      // As in CPython, POP on a MARK takes the MARK.
      if stack.count == (marks.last ?? 0), !marks.isEmpty { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popToMark()
    case .dup: stack.append(try top())

    case .emptyTuple: try push(.tuple([]))
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    case .tuple3: try pushTuple(3)
    case .tuple: try pushTuple(from: try popMark())
    case .emptyList: try push(.list([]))
    case .list: try push(.list(try popToMark()))
    case .emptyDict: try push(.dict([]))
    case .dict: try push(.dict(try popPairs()))
    case .emptySet: try push(.set([]))
    case .frozenset: try push(.set(try popToMark()))
    case .append: try addElements([try pop()])
    case .appends, .additems: try addElements(try popToMark())
    case .setitem:
      let value = try pop()
      try addItems([(try pop(), value)])
    case .setitems: try addItems(try popPairs())

    case .put: try remember(try textIndex(&reader))
    case .binput: try remember(Int(try reader.byte()))
    case .longBinput: try remember(Int(try reader.integer(UInt32.self)))
    case .memoize: try remember(memo.count)
    case .get: try recall(try textIndex(&reader))
    case .binget: try recall(Int(try reader.byte()))
    case .longBinget: try recall(Int(try reader.integer(UInt32.self)))

    case .global: try push(try globalLines(&reader))
    case .stackGlobal: try pushStackGlobal()
    case .reduce: try pushCall(keywords: nil)
    case .newobj: try pushCall(keywords: nil, isNew: true)
    case .newobjEx: try pushCall(keywords: try pop())
    case .obj: try pushObj()
    case .inst:
      let callable = graph.add(try globalLines(&reader), at: offset)
      try push(.object(PickleObject(callable: callable, arguments: try popToMark(), keywords: nil)))
    case .build: try build()
    case .binpersid: try push(.persistent(try pop()))
    case .persid:
      let id = graph.add(.string(try line(&reader)), at: offset)
      try push(.persistent(id))
    case .ext1, .ext2, .ext4, .nextBuffer, .readonlyBuffer:
      throw error("this opcode refers to data outside the file")
    }
  }

  // MARK: Containers

  private mutating func pushTuple(_ count: Int) throws(PickleError) {
    guard stack.count - count >= (marks.last ?? 0) else { throw error("the stack is empty") }
    try pushTuple(from: stack.count - count)
  }

  /// Makes a tuple of what the stack holds from `place` on.
  private mutating func pushTuple(from place: Int) throws(PickleError) {
    try requireRoom()
    let made = graph.add(tuple: stack[place...], at: offset)
    stack.removeSubrange(place...)
    stack.append(made)
  }

  private mutating func addElements(_ items: [PickleID]) throws(PickleError) {
    let found: String? = graph.update(try top()) { value in
      switch value {
      case .list(var elements):
        value = .none  // the array must have one owner, or every append would copy it
        elements.append(contentsOf: items)
        value = .list(elements)
      case .set(var elements):
        value = .none
        elements.append(contentsOf: items)
        value = .set(elements)
      case .object(var object):
        value = .none
        object.elements.append(contentsOf: items)
        value = .object(object)
      default: return value.kind
      }
      return nil
    }
    if let found { throw wrong("a list or a set", found: found) }
  }

  private mutating func addItems(_ pairs: [(key: PickleID, value: PickleID)]) throws(PickleError) {
    let found: String? = graph.update(try top()) { value in
      switch value {
      case .dict(var items):
        value = .none
        items.append(contentsOf: pairs)
        value = .dict(items)
      case .object(var object):
        value = .none
        object.items.append(contentsOf: pairs)
        value = .object(object)
      default: return value.kind
      }
      return nil
    }
    if let found { throw wrong("a dict", found: found) }
  }

  // MARK: Globals and calls

  private mutating func pushStackGlobal() throws(PickleError) {
    let (name, module) = (try pop(), try pop())
    guard let moduleText = graph.string(module), let nameText = graph.string(name) else {
      throw wrong("a module and a name", found: graph[module].kind)
    }
    try push(try global(moduleText, nameText))
  }

  func global(_ module: String, _ name: String) throws(PickleError) -> PickleValue {
    if module.utf8.count > limits.globalName || name.utf8.count > limits.globalName {
      throw exceeded("bytes in the name of a global", limits.globalName, name: "name-bytes")
    }
    return .global(module: module, name: name)
  }

  private mutating func pushCall(keywords: PickleID?, isNew: Bool = false) throws(PickleError) {
    let (arguments, callable) = (try pop(), try pop())
    guard graph.tuple(arguments) != nil else {
      throw wrong("a tuple of arguments", found: graph[arguments].kind)
    }
    guard graph.mayBeCalled(callable) else {
      throw wrong("a class or function", found: graph[callable].kind)
    }
    try requireRoom()
    stack.append(graph.add(call: callable, arguments, keywords: keywords, isNew: isNew, at: offset))
  }

  private mutating func pushObj() throws(PickleError) {
    let items = try popToMark()
    guard let callable = items.first, graph.mayBeCalled(callable) else {
      throw wrong("a class", found: items.first.map { graph[$0].kind } ?? "nothing")
    }
    try push(.object(PickleObject(callable: callable, arguments: Array(items.dropFirst()), keywords: nil)))
  }

  private mutating func build() throws(PickleError) {
    let state = try pop()
    let found: String? = graph.update(try top()) { value in
      guard case .object(var object) = value else { return value.kind }
      value = .none
      object.states.append(state)
      value = .object(object)
      return nil
    }
    if let found { throw wrong("an object", found: found) }
  }
}
