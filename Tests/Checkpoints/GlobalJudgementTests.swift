import SuturePickle
import SutureTensors
import SutureText
import Testing

@testable import SutureCheckpoints

@Suite("Names in a pickle")
struct GlobalJudgementTests {
  /// What starts a process, runs code, imports, opens files or ends Python, as a pickle may spell it.
  static let harmful = [
    "os system", "posix system", "nt system", "builtins exec", "__builtin__ eval", "subprocess Popen",
    "commands getoutput", "_posixsubprocess fork_exec", "_bootsubprocess check_output", "pty spawn",
    "torch.serialization os.system", "numpy os.system", "logging os.system", "pathlib os.popen",
    "torch os.system",
    "shutil os.execv", "torch.hub load", "torch load", "torch.serialization load", "torch save",
    "torch._utils _import_dotted_name", "torch.export load", "torch.fx.graph_module _exec_with_source",
    "torch.UntypedStorage from_file", "torch UntypedStorage.from_file",
    "torch.testing._internal.common_utils shell",
    "numpy testing.runstring", "numpy.testing runstring", "numpy.testing._private.utils runstring",
    "numpy.ctypeslib load_library", "numpy.lib.format open_memmap", "numpy save", "numpy savetxt",
    "importlib import_module", "_frozen_importlib _gcd_import", "pkgutil resolve_name", "pydoc locate",
    "_frozen_importlib_external SourceFileLoader.load_module", "zipimport zipimporter.load_module",
    "io open", "_io FileIO", "_pyio open", "codecs open", "pathlib Path.unlink", "sqlite3 connect",
    "tempfile mkdtemp", "logging.handlers RotatingFileHandler", "logging.config _resolve", "mailbox Maildir",
    "ctypes CDLL", "_signal raise_signal", "faulthandler _sigsegv", "timeit timeit", "trace Trace.run",
    "unittest main", "unittest.mock _importer", "warnings _getcategory", "typing ForwardRef._evaluate",
    "xml.sax make_parser", "xml.etree.ElementTree ElementTree.write", "lib2to3.pgen2.grammar Grammar.loads",
    "sympy sympify", "sympy.parsing.sympy_parser parse_expr", "PIL.ImageMath unsafe_eval", "code interact",
    "profile run", "cProfile run", "bdb Bdb.run", "_xxsubinterpreters run_string",
    "multiprocessing.util spawnv_passfds",
    "multiprocessing.spawn _fixup_main_from_path", "setuptools._distutils.spawn spawn", "site addpackage",
    "pip._internal.utils.subprocess call_subprocess", "fsspec.registry _import_class", "joblib load",
    "builtins __dict__.__getitem__", "torch.serialization __builtins__.get", "six exec_",
    "_pyrepl.pager pipe_pager", "platform _syscmd_file", "concurrent.interpreters create",
    "httplib HTTPSConnection", "urllib2 urlopen",
    "torch.distributed.nn.jit.instantiator _do_instantiate_remote_module_template",
    "werkzeug.utils import_string", "torch.distributed.checkpoint load", "safetensors.torch save_file",
  ]

  private func graph(_ body: (inout Pickler) -> Void) throws -> PickleGraph {
    var pickler = Pickler()
    body(&pickler)
    return try Unpickler.load(pickler.finish())
  }

  private func parts(_ name: String) -> (module: String, name: String) {
    let words = name.split(separator: " ").map(String.init)
    return (words[0], words[1])
  }

  private func called(_ module: String, _ name: String) throws -> GlobalJudgement {
    GlobalJudgement(try graph { $0.call(module, name, { $0.string("x") }) })
  }

  @Test(arguments: harmful) func `are harmful where calling them does harm, by whatever road`(spelled: String)
    throws
  {
    let (module, name) = parts(spelled)
    let direct = try called(module, name)
    #expect(direct.harmfulCalls.count == 1)
    #expect(direct.globals.first?.judgement == .harmful)
    #expect(direct.globals.first?.isCalled == true)
    // getattr(function, "__call__")("x")
    let attribute = GlobalJudgement(
      try graph { pickler in
        pickler.call("__builtin__", "getattr", { $0.global(module, name) }, { $0.string("__call__") })
        pickler.emptyTuple()
        pickler.reduce()
      })
    #expect(attribute.harmfulCalls.count == 1)
  }

  @Test(arguments: harmful) func `are told and do no harm where they are only named`(spelled: String) throws {
    let (module, name) = parts(spelled)
    let judgement = GlobalJudgement(
      try graph { $0.dict([("x", { $0.global(module, name) })]) })
    #expect(judgement.harmfulCalls.isEmpty)
    #expect(judgement.globals.map(\.judgement) == [.harmful])
    #expect(judgement.globals.first?.isCalled == false)
  }

  @Test(arguments: harmful) func `are as harmful where they are handed to a function that may call them`(
    spelled: String
  )
    throws
  {
    let (module, name) = parts(spelled)
    let judgement = GlobalJudgement(
      try graph { pickler in
        pickler.call("__builtin__", "map", { $0.global(module, name) }, { $0.string("x") })
      })
    #expect(judgement.harmfulCalls.count == 1)
  }

  @Test(arguments: [
    "models.yolo SegmentationModel", "code.models Config", "profile.net Config", "commands2.x Y",
    "http.models Net",
    "transformers_modules.org.model-v2.abc.configuration Config", "__main__ Net.Block", "functools partial",
    "dill._dill _load_type", "cloudpickle.cloudpickle _make_function", "fastai.learner Learner",
    "signal.net Model",
    "posixpath join", "os.path join", "operator attrgetter", "typing Optional", "mypackage.os Config",
    "torch._dynamo.decorators _DimRange", "torch.distributed.checkpoint.metadata Metadata",
    "torch.nn.modules.conv Conv2d",
  ])
  func `are inert where they are classes of somebody's own`(spelled: String) throws {
    let (module, name) = parts(spelled)
    let judgement = try called(module, name)
    #expect(judgement.harmfulCalls.isEmpty)
    #expect(judgement.globals.map(\.judgement) == [.unknown])
  }

  @Test(arguments: [
    "torch._utils _rebuild_tensor_v2", "torch FloatStorage", "collections OrderedDict", "__builtin__ set",
    "torch.nn.parameter Parameter", "torch float8_e4m3fn", "torch uint7", "torch.cuda.sparse HalfTensor",
    "torch.serialization _get_layout", "_codecs encode", "torch ComplexFloatStorage",
  ])
  func `are known where torch's weights_only takes them`(spelled: String) throws {
    let (module, name) = parts(spelled)
    #expect(try called(module, name).globals.map(\.judgement) == [.known])
  }

  @Test(arguments: ["a b", "x\u{0C}y", "", "f()", "a;b", "\u{202E}m"])
  func `are harmful where Python could import nothing of that spelling`(name: String) throws {
    #expect(try called("module", name).globals.first?.harm == "is no name that Python could import")
  }

  @Test func `of torch.fx's modules run code, of which their tensors need nothing`() throws {
    let judgement = GlobalJudgement(
      try graph { $0.call("torch.fx.graph_module", "reduce_graph_module", { $0.emptyDict() }) })
    #expect(judgement.harmfulCalls.isEmpty)
    #expect(judgement.globals.map(\.judgement) == [.harmful] && judgement.globals[0].isCalled)
  }

  @Test func `are the 144 of torch's list, and none of them is harmful`() throws {
    #expect(KnownGlobals.names.count == 144)
    for name in KnownGlobals.names {
      let parts = name.split(separator: ".").map(String.init)
      let harm = HarmfulGlobals.harm(
        module: parts.dropLast().joined(separator: "."), attributes: [parts.last ?? ""])
      #expect(harm == nil, "\(name)")
    }
  }

  @Test func `are judged through attrgetter, methodcaller, partial and what imports by name`() throws {
    func getter(_ maker: String, _ pickler: inout Pickler) {
      pickler.call("operator", maker, { $0.string("system") })
      pickler.mark()
      pickler.global("torch", "os")
      pickler.tuple()
      pickler.reduce()
    }
    for maker in ["attrgetter", "methodcaller"] {
      let judgement = GlobalJudgement(
        try graph { pickler in
          getter(maker, &pickler)
          pickler.emptyTuple()
          pickler.reduce()
        })
      #expect(!judgement.harmfulCalls.isEmpty, "\(maker)")
    }
    let imported = GlobalJudgement(
      try graph { pickler in
        pickler.call("cloudpickle.cloudpickle", "subimport", { $0.string("os.system") })
        pickler.emptyTuple()
        pickler.reduce()
      })
    #expect(imported.harmfulCalls.count == 1)
    let partial = GlobalJudgement(
      try graph { pickler in
        pickler.call("functools", "partial", { $0.global("os", "system") })
        pickler.emptyTuple()
        pickler.reduce()
      })
    #expect(partial.harmfulCalls.count == 1)
  }

  @Test(arguments: [["system"], ["path", "system"], ["path.join", "system"]])
  func `are told where attrgetter looks them up, though nothing calls them`(names: [String]) throws {
    func looked(_ pickler: inout Pickler) {
      pickler.call("operator", "attrgetter", { pickler in for name in names { pickler.string(name) } })
      pickler.mark()
      pickler.global("torch", "os")
      pickler.tuple()
      pickler.reduce()
    }
    let found = GlobalJudgement(try graph { looked(&$0) })
    #expect(found.harmfulCalls.isEmpty)
    let global = try #require(found.globals.first { $0.judgement == .harmful })
    #expect(global.name == "torch.os.system" && !global.isCalled)
    let handed = GlobalJudgement(
      try graph { pickler in
        pickler.call("some", "function", { looked(&$0) })
      })
    #expect(handed.harmfulCalls.count == 1)
  }

  @Test func `may be anything where the name that is looked up is not known`() throws {
    let hidden = GlobalJudgement(
      try graph { pickler in
        // partial(methodcaller, "system", "true")()(os)
        pickler.call(
          "functools", "partial", { $0.global("operator", "methodcaller") }, { $0.string("system") })
        pickler.emptyTuple()
        pickler.reduce()
        pickler.mark()
        pickler.global("torch", "os")
        pickler.tuple()
        pickler.reduce()
      })
    #expect(hidden.harmfulCalls.count == 1)
    // What nothing is looked up in does no harm.
    let kept = GlobalJudgement(
      try graph { pickler in
        pickler.call(
          "functools", "partial", { $0.global("operator", "methodcaller") }, { $0.string("system") })
      })
    #expect(kept.harmfulCalls.isEmpty && kept.globals.allSatisfy { $0.judgement == .unknown })
  }

  /// Pickles that come to call `os.system("true")` by what seems to keep, rebuild or set it only.
  static let detours: [(String, String)] = [
    (
      "a class with it as a method",
      "cbuiltins\ntype\n(X\u{1}\0\0\0X)}X\u{8}\0\0\0__init__cos\nsystem\nstR(§tR"
    ),
    ("a static method", "cbuiltins\nstaticmethod\n(cos\nsystem\ntR(§tR"),
    (
      "a dict that makes its missing items",
      "c_operator\ngetitem\n(ccollections\ndefaultdict\n(cfunctools\npartial\n(cos\nsystem\n§tRtR§tR"
    ),
    (
      "an item that is looked up in such a dict",
      "cbuiltins\ngetattr\n(ccollections\ndefaultdict\n(cfunctools\npartial\n(cos\nsystem\n§tRtRX\u{B}\0\0\0__getitem__tR(§tR"
    ),
    (
      "what getattr gives where it finds nothing",
      "cbuiltins\ngetattr\n(ctorch\nnn\nX\u{1}\0\0\0zcos\nsystem\ntR(§tR"
    ),
    ("two states", "cm\nC\n)\u{81}}X\u{C}\0\0\0__setstate__cos\nsystem\nsb§b"),
    ("two states, the first of slots", "cm\nC\n)\u{81}N}X\u{C}\0\0\0__setstate__cos\nsystem\ns\u{86}b§b"),
    ("torch's rebuilder", "ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\n(§t}tR"),
    (
      "torch's rebuilder, and a function that calls it",
      "ctorch._tensor\n_rebuild_from_type_v2\n(cbuiltins\nmap\nctorch\nTensor\n(cos\nsystem\n(§tt}tR"
    ),
    ("the base of an old object", "ccopy_reg\n_reconstructor\n(cm\nC\ncsubprocess\nPopen\n§tR"),
    ("the maker of a class", "ccloudpickle.cloudpickle\n_make_skeleton_class\n(cos\nsystem\n§)}tR"),
    ("a module's own name for another", "ccollections\n_sys.exit\n(§tR"),
    ("a function of its own code", "ctypes\nFunctionType\n(N}tR)R"),
    ("a function that dill makes", "cdill._dill\n_create_function\n(N}tR)R"),
    ("a function of a type that dill finds", "cdill._dill\n_load_type\n(X\u{C}\0\0\0FunctionTypetR(N}tR)R"),
    ("a function that cloudpickle makes", "ccloudpickle\ncloudpickle._make_function\n(N}tR)R"),
    (
      "a function of its own code, and torch's rebuilder",
      "ctorch._tensor\n_rebuild_from_type_v2\n(ctypes\nFunctionType\n(N}tRctorch\nTensor\n)}tR"
    ),
  ]

  /// A pickle of which every character is a byte, but `§`, which is the text "true".
  private func load(_ words: String) throws -> PickleGraph {
    try Unpickler.load(
      [0x80, 2]
        + words.unicodeScalars.flatMap { scalar -> [UInt8] in
          scalar == "§" ? Array("X\u{4}\0\0\0true".utf8) : [UInt8(truncatingIfNeeded: scalar.value)]
        } + Array(".".utf8))
  }

  @Test(arguments: detours) func `are harmful where a detour calls them`(name: String, words: String) throws {
    let judgement = GlobalJudgement(try load(words))
    #expect(!judgement.harmfulCalls.isEmpty, "\(name)")
    #expect(judgement.globals.contains { $0.judgement == .harmful && $0.isCalled })
  }

  @Test(arguments: [
    "cbuiltins\ntype\n(X\u{1}\0\0\0X)}X\u{8}\0\0\0__init__cos\nsystem\nstR",
    "ccollections\ndefaultdict\n(cos\nsystem\ntR", "ctypes\nFunctionType\n(N}tR",
    "cm\nC\n)\u{81}}X\u{C}\0\0\0__setstate__cos\nsystem\nsb",
    "ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\ncos\nsystem\n)}tR",
    "cdill._dill\n_load_type\n(X\u{8}\0\0\0CodeTypetR)R",
  ]) func `do no harm where they are kept, and nothing calls them`(words: String) throws {
    #expect(GlobalJudgement(try load(words)).harmfulCalls.isEmpty)
  }

  @Test func `that do harm leave the tensors that do not depend on them to salvage`() throws {
    let file = try TorchFile { pickler in
      pickler.dict([
        ("w", { $0.tensor() }),
        (
          "x",
          { pickler in
            pickler.global("os", "system")
            pickler.mark()
            pickler.tensor()
            pickler.tuple()
            pickler.reduce()
          }
        ),
      ])
    }
    let error = #expect(throws: Failure.self) { try Checkpoint.open(file.path) }
    #expect(error?.kind == .unsafe)
    #expect(error?.reason == "the pickle calls os.system, which starts a process, if Python loads it")
    #expect(error?.remedies.last == .setting("salvage", value: nil, "takes these, and leaves out the rest"))
    var limits = ReadLimits()
    limits.salvages = true
    let checkpoint = try Checkpoint.open(file.path, limits: limits)
    #expect(checkpoint.stateDict.names == ["w"])
    #expect(checkpoint.warnings.contains { $0.contains("what depends on it is left out") })
  }

  @Test(arguments: [0, 1]) func `are judged in whatever follows the end of a pickle, and in bare ones`(
    kind: Int
  ) throws {
    var pickler = Pickler()
    pickler.dict([("a", { $0.int(1) })])
    var second = Pickler()
    second.call("os", "system", { $0.string("id") })
    let bytes = pickler.finish() + (kind == 0 ? [] : Array("N.".utf8)) + second.finish()
    let file = try TorchFile(bytes: bytes)
    let error = #expect(throws: Failure.self) { try Checkpoint.open(file.path) }
    #expect(error?.kind == .unsafe)
  }

  @Test(arguments: ["an archive", "a bare pickle"])
  func `that do harm before a fault are told, and not the fault alone`(kind: String) throws {
    var pickler = Pickler()
    pickler.call("os", "system", { $0.string("id") })
    // Instead of STOP, a text that is longer than the file.
    let bytes = pickler.finish().dropLast() + [UInt8(ascii: "X"), 0xFF, 0xFF, 0xFF, 0x7F]
    let file = try kind == "an archive" ? TorchFile(pickle: Array(bytes)) : TorchFile(bytes: Array(bytes))
    let error = #expect(throws: Failure.self) { try Checkpoint.open(file.path) }
    #expect(error?.kind == .unsafe)
    #expect(error?.reason.contains("os.system") == true)
  }

  @Test(arguments: [2, 9, 60, 70, 1000]) func `are judged however many look-ups lead to them`(count: Int)
    throws
  {
    // getattr(getattr(torch, "a"), "a") … os.system
    let judgement = GlobalJudgement(
      try graph { pickler in
        for _ in 0..<count {
          pickler.global("builtins", "getattr")
          pickler.mark()
        }
        pickler.global("torch", "serialization")
        for step in 0..<count {
          pickler.string(step == count - 1 ? "system" : step == count - 2 ? "os" : "a")
          pickler.tuple()
          pickler.reduce()
        }
        pickler.emptyTuple()
        pickler.reduce()
      })
    #expect(judgement.harmfulCalls.count == 1)
  }

  @Test func `are found in a list that gets them after it was handed to a call`() throws {
    // map(L), and then L.append(os.system): a map looks into its list when it is read.
    let stream: [UInt8] = [0x80, 2] + Array("]q\0cbuiltins\nmap\n(h\0tR0h\0cos\nsystem\na.".utf8)
    #expect(GlobalJudgement(try Unpickler.load(stream)).harmfulCalls.count == 1)
  }

  /// A tuple and a list of a hundred thousand items, each handed to a hundred thousand calls: ten thousand million steps where
  /// each call is looked through by itself.
  @Test func `cost no more for what many calls share`() throws {
    let count = 100_000
    var stream: [UInt8] = [0x80, 2] + Array("(".utf8)
    for _ in 0..<count { stream += Array("K\u{1}".utf8) }
    stream += Array("tq\0".utf8) + Array("](".utf8)
    for _ in 0..<count { stream += Array("K\u{1}".utf8) }
    stream += Array("eq\u{1}\u{85}q\u{2}".unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
    stream += Array("cm\nf\nq\u{3}(".utf8)
    for _ in 0..<count { stream += [0x68, 3, 0x68, 0, 0x52, 0x68, 3, 0x68, 2, 0x52] }
    stream += Array("t.".utf8)
    let judgement = GlobalJudgement(try Unpickler.load(stream))
    #expect(judgement.harmfulCalls.isEmpty && judgement.globals.map(\.name) == ["m.f"])
  }

  @Test func `taint what is made of them, however long the chain`() throws {
    // f(f(f(… os.system("x")))), and a tensor that lies beside it.
    let judgement = GlobalJudgement(
      try graph { pickler in
        pickler.mark()
        for _ in 0..<20_000 {
          pickler.global("m", "f")
          pickler.mark()
        }
        pickler.call("os", "system", { $0.string("x") })
        for _ in 0..<20_000 {
          pickler.tuple()
          pickler.reduce()
        }
        pickler.tensor()
        pickler.tuple()
      })
    #expect(judgement.harmfulCalls.count == 1 && judgement.tainted.count == 20_001)
  }
}

extension GlobalJudgement {
  fileprivate init(_ graph: PickleGraph) { self.init(graph, PickleLocation(path: "test.pkl")) }
}
