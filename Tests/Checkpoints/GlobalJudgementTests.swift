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
    GlobalJudgement(
      try graph { pickler in
        pickler.global(module, name)
        pickler.mark()
        pickler.string("x")
        pickler.tuple()
        pickler.reduce()
      })
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
        pickler.global("__builtin__", "getattr")
        pickler.mark()
        pickler.global(module, name)
        pickler.string("__call__")
        pickler.tuple()
        pickler.reduce()
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
        pickler.global("__builtin__", "map")
        pickler.mark()
        pickler.global(module, name)
        pickler.mark()
        pickler.string("x")
        pickler.tuple()
        pickler.tuple()
        pickler.reduce()
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
    "torch._dynamo.decorators _DimRange", "torch.nn.modules.conv Conv2d",
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

  @Test func `are judged through attrgetter, methodcaller, partial and what imports by name`() throws {
    func getter(_ maker: String, _ pickler: inout Pickler) {
      pickler.global("operator", maker)
      pickler.mark()
      pickler.string("system")
      pickler.tuple()
      pickler.reduce()
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
        pickler.global("cloudpickle.cloudpickle", "subimport")
        pickler.mark()
        pickler.string("os.system")
        pickler.tuple()
        pickler.reduce()
        pickler.emptyTuple()
        pickler.reduce()
      })
    #expect(imported.harmfulCalls.count == 1)
    let partial = GlobalJudgement(
      try graph { pickler in
        pickler.global("functools", "partial")
        pickler.mark()
        pickler.global("os", "system")
        pickler.tuple()
        pickler.reduce()
        pickler.emptyTuple()
        pickler.reduce()
      })
    #expect(partial.harmfulCalls.count == 1)
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
    second.global("os", "system")
    second.mark()
    second.string("id")
    second.tuple()
    second.reduce()
    let bytes = pickler.finish() + (kind == 0 ? [] : Array("N.".utf8)) + second.finish()
    let file = try TorchFile(bytes: bytes)
    let error = #expect(throws: Failure.self) { try Checkpoint.open(file.path) }
    #expect(error?.kind == .unsafe)
  }
}
