/// The classes and functions that do harm when unpickling calls them: they start a process, run code, import what they are
/// told to, write files, open connections, or end Python.
///
/// Nothing here could call them: a name is only a name. They are told because whoever put a call of one into a checkpoint
/// meant harm to those who open it in Python. No such table is complete, so what it lacks is *unknown*, never safe.
/// Source: the documentation of Python 3.8 to 3.13 and of the packages, and what is known of attacks on pickle.
enum HarmfulGlobals {
  /// What a function does.
  enum Harm: String, CaseIterable {
    case process = "starts a process"
    case code = "runs code"
    case imports = "imports a module by its name"
    case file = "opens or changes files"
    case network = "opens connections"
    case native = "loads native code"
    case load = "unpickles something else"
    case crash = "ends Python"
    case reach = "reaches into what Python keeps hidden"
    case spelling = "is no name that Python could import"
  }

  /// What calling `name` would do; `nil` where nothing is known.
  ///
  /// A pickle may reach a function by way of whatever module has imported it: `torch.serialization.os.system` is
  /// `os.system`. So every tail of the name that begins behind `module` is looked up as well.
  ///
  /// - Parameters:
  ///   - module: the module that is imported.
  ///   - attributes: what is looked up in it, one in the other.
  static func harm(module: String, attributes: [String]) -> Harm? {
    let parts =
      module.isEmpty ? [] : module.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if !(parts + attributes).allSatisfy(isSpelledAsAName) { return .spelling }
    if let harm = harm(of: canonical(parts) + attributes) { return harm }
    for start in attributes.indices {
      var tail = Array(attributes[start...])
      // A module that others keep for themselves: collections._sys is sys.
      if tail[0].hasPrefix("_"), modules[String(tail[0].dropFirst())] != nil { tail[0].removeFirst() }
      if let harm = harm(of: canonical(tail)) { return harm }
    }
    // Whichever module hands such a function out, it is the same one; and what is hidden leads to everything.
    return attributes.last.flatMap { anywhere[$0] }
      ?? (attributes.contains(where: hidden.contains) ? .reach : nil)
  }

  /// The parts of a name as Python 3 of today spells them.
  static func canonical(_ parts: [String]) -> [String] {
    guard let first = parts.first, let today = renamed.first(where: { $0.key == first })?.value
    else { return parts }
    return today.split(separator: ".").map(String.init) + parts.dropFirst()
  }

  private static func harm(of parts: [String]) -> Harm? {
    guard let root = parts.first, parts.count > 1 else { return nil }
    // What a class or a module has, however deep, is what itself is.
    let heads = (2...min(parts.count, longest)).map { parts.prefix($0).joined(separator: ".") }
    if heads.contains(where: harmless.contains) { return nil }
    return heads.lazy.compactMap { functions[$0] ?? folders[$0] }.first ?? modules[root]
  }

  /// How many parts the names in the tables have at most.
  private static let longest = 8

  private static func isSpelledAsAName(_ part: String) -> Bool {
    if part.isEmpty { return false }
    // Most names are of these bytes alone, and no property of theirs needs to be looked up.
    if part.utf8.allSatisfy({ ($0 | 32) >= 97 && ($0 | 32) <= 122 || $0 == 95 || $0 >= 48 && $0 <= 57 }) {
      return true
    }
    return part.unicodeScalars.allSatisfy {
      !$0.properties.isWhitespace && $0.properties.generalCategory != .control
        && $0.properties.generalCategory != .format && !"()[]{}\"'`;:,=&|$\\/".unicodeScalars.contains($0)
    }
  }

  private static let renamed: KeyValuePairs = [
    "__builtin__": "builtins", "posix": "os", "nt": "os", "_io": "io", "_pyio": "io", "cPickle": "pickle",
    "_pickle": "pickle", "_operator": "operator", "_functools": "functools", "copy_reg": "copyreg",
    "_ctypes": "ctypes", "_socket": "socket", "_ssl": "ssl", "_signal": "signal",
    "_posixsubprocess": "subprocess",
    "_bootsubprocess": "subprocess", "commands": "subprocess", "popen2": "subprocess",
    "_winapi": "subprocess",
    "_frozen_importlib": "importlib", "_frozen_importlib_external": "importlib", "_imp": "importlib",
    "imp": "importlib", "urllib2": "urllib.request", "httplib": "http.client", "anydbm": "dbm",
    "_xxsubinterpreters": "_interpreters",
    "_sqlite3": "sqlite3", "_testcapi": "_interpreters",
  ]

  /// Modules of Python's library, all of whose functions count, but for those in ``harmless``.
  ///
  /// A module whose name others give to their own packages (`code`, `profile`, `http`, `signal`) is not here: its
  /// functions are.
  private static let modules: [String: Harm] = [
    "os": .process, "subprocess": .process, "pty": .process, "_osx_support": .process, "webbrowser": .process,
    "sys": .reach, "gc": .reach, "inspect": .reach, "shutil": .file, "socket": .network, "ssl": .network,
    "runpy": .code, "codeop": .code, "timeit": .code, "bdb": .code, "pdb": .code, "cProfile": .code,
    "doctest": .code,
    "_interpreters": .code, "trace": .code, "lib2to3": .code, "idlelib": .code, "pyclbr": .code,
    "rlcompleter": .code,
    "importlib": .imports, "pkgutil": .imports, "pydoc": .imports, "zipimport": .imports, "site": .code,
    "modulefinder": .code, "venv": .process, "ensurepip": .process, "pip": .process, "distutils": .process,
    "setuptools": .process, "ctypes": .native, "cffi": .native, "marshal": .load, "shelve": .load,
    "pickle": .load,
    "asyncio": .process, "atexit": .code, "ftplib": .network, "smtplib": .network, "telnetlib": .network,
    "imaplib": .network, "poplib": .network, "nntplib": .network, "xmlrpc": .network,
    "socketserver": .network,
    "requests": .network, "urllib3": .network, "aiohttp": .network, "paramiko": .network, "fabric": .process,
    "execnet": .process, "fileinput": .file, "sqlite3": .file, "dbm": .file, "mailbox": .file,
    "tempfile": .file,
    "zipfile": .file, "tarfile": .file, "gzip": .file, "bz2": .file, "lzma": .file, "zipapp": .file,
    "py_compile": .file, "compileall": .file, "readline": .file, "faulthandler": .crash,
    "antigravity": .process,
    "nose": .code, "curses": .reach, "resource": .reach, "mmap": .file, "pipes": .process, "sched": .code,
    "unittest": .code, "tkinter": .code, "turtle": .code, "test": .code, "IPython": .code,
    "pexpect": .process, "_pyrepl": .process,
  ]

  /// Parts of packages, all of whose functions count.
  private static let folders: [String: Harm] = [
    "torch.hub": .load, "torch.utils.cpp_extension": .native, "torch._inductor": .code,
    "torch._dynamo": .code,
    "torch.package": .code, "torch.distributed.rpc": .network, "torch.distributed.nn.jit": .code,
    "torch.distributed.elastic": .process,
    "torch.distributed.run": .process, "torch.distributed.launcher": .process,
    "torch.multiprocessing": .process,
    "torch.testing": .process, "torch.utils.bottleneck": .code, "torch.utils.collect_env": .process,
    "torch.utils.data.datapipes": .file, "torch.utils._config_module": .load,
    "torch.utils.show_pickle": .code,
    "torch.utils.model_dump": .file, "torch.utils.model_zoo": .load, "torch.export": .load,
    "torch.jit.unsupported_tensor_ops": .code, "torch.fx.experimental.symbolic_shapes": .code,
    "numpy.f2py": .native, "numpy.distutils": .process, "numpy.testing": .code, "numpy.ctypeslib": .native,
    "urllib.request": .network, "http.client": .network, "http.server": .network, "logging.handlers": .file,
    "logging.config": .imports, "multiprocessing.spawn": .imports, "multiprocessing.util": .process,
    "multiprocessing.process": .process, "multiprocessing.popen_fork": .process,
    "multiprocessing.managers": .process,
    "multiprocessing.forkserver": .process, "concurrent.futures.process": .process, "sympy.parsing": .code,
    "xml.sax": .imports, "wsgiref.simple_server": .network, "pandas.io": .load,
    "sklearn.externals.joblib": .load,
    "concurrent.interpreters": .code, "Cython.Build.Inline": .code, "triton.runtime.build": .process,
    "mlflow.pyfunc": .load, "onnx.hub": .load,
    "keras.src.saving": .load, "transformers.dynamic_module_utils": .imports, "nltk.data": .load,
  ]

  private static let functions: [String: Harm] = [
    "builtins.eval": .code, "builtins.exec": .code, "builtins.execfile": .code, "builtins.compile": .code,
    "builtins.breakpoint": .code, "builtins.help": .imports, "builtins.__import__": .imports,
    "builtins.reload": .imports,
    "builtins.open": .file, "builtins.file": .file, "builtins.input": .code, "builtins.raw_input": .code,
    "builtins.exit": .crash, "builtins.quit": .crash, "builtins.setattr": .reach, "builtins.delattr": .reach,
    "builtins.globals": .reach, "builtins.locals": .reach, "builtins.vars": .reach, "builtins.apply": .code,
    "code.interact": .code, "code.InteractiveInterpreter": .code, "code.InteractiveConsole": .code,
    "code.compile_command": .code, "profile.run": .code, "profile.runctx": .code, "profile.Profile": .code,
    "signal.raise_signal": .crash, "signal.pthread_kill": .crash, "signal.alarm": .crash,
    "signal.signal": .code,
    "io.open": .file, "io.open_code": .file, "io.FileIO": .file, "io.OpenWrapper": .file,
    "codecs.open": .file,
    "pathlib.Path.unlink": .file, "pathlib.Path.write_text": .file, "pathlib.Path.write_bytes": .file,
    "pathlib.Path.open": .file, "pathlib.Path.rename": .file, "pathlib.Path.replace": .file,
    "pathlib.Path.touch": .file,
    "pathlib.Path.mkdir": .file, "pathlib.Path.rmdir": .file, "pathlib.Path.chmod": .file,
    "pathlib.Path.symlink_to": .file, "pathlib.Path.read_text": .file, "pathlib.Path.read_bytes": .file,
    "logging.FileHandler": .file, "logging.Handler": .code, "warnings._getcategory": .imports,
    "xml.etree.ElementTree.ElementTree.write": .file, "xml.etree.ElementTree.ElementTree.parse": .file,
    "xml.etree.ElementTree.parse": .file, "xml.dom.xmlbuilder.DOMBuilder": .network,
    "typing.ForwardRef": .code,
    "typing.get_type_hints": .code, "dataclasses._create_fn": .code,
    "numexpr.evaluate": .code, "numexpr.necompiler.evaluate": .code, "jsonpickle.decode": .load,
    "jsonpickle.unpickler.decode": .load, "sh.Command": .process, "git.cmd.Git": .process,
    "git.Git": .process,
    "jinja2.Template.render": .code, "jinja2.environment.Template.render": .code,
    "string.Formatter.get_field": .reach, "sysconfig._init_posix": .imports,
    "dataclasses.make_dataclass": .code,
    "collections.namedtuple": .code, "ast.literal_eval.__globals__": .reach, "threading.Thread": .code,
    "threading.Timer": .code, "multiprocessing.Process": .process, "multiprocessing.Pool": .process,
    "multiprocessing.pool.Pool": .process, "uuid._get_command_stdout": .process,
    "platform._syscmd_ver": .process,
    "platform.popen": .process, "getpass.getpass": .code, "cgitb.lookup": .code, "smtpd.SMTPServer": .network,
    "concurrent.futures.ProcessPoolExecutor": .process, "contextlib.redirect_stdout": .reach,
    "nturl2path.url2pathname": .file,
    "torch.load": .load, "torch.save": .file, "torch.serialization.load": .load,
    "torch.serialization.save": .file,
    "torch.serialization._load": .load, "torch.serialization._legacy_load": .load, "torch.jit.load": .load,
    "torch.jit.save": .file, "torch.compile": .code, "torch.from_file": .file,
    "torch.UntypedStorage.from_file": .file,
    "torch.storage.UntypedStorage.from_file": .file, "torch.classes.load_library": .native,
    "torch.ops.load_library": .native, "torch.fx.graph_module.reduce_graph_module": .code,
    "torch.fx.graph_module.reduce_package_graph_module": .code,
    "torch.fx.graph_module.reduce_deploy_graph_module": .code,
    "torch.fx.graph_module._deserialize_graph_module": .code,
    "torch.fx.graph_module._exec_with_source": .code,
    "torch.fx.graph_module._forward_from_src": .code, "torch._utils._import_dotted_name": .imports,
    "torch.distributed.elastic.multiprocessing.subprocess_handler.SubprocessHandler": .process,
    "numpy.load": .load, "numpy.loads": .load, "numpy.save": .file, "numpy.savez": .file,
    "numpy.savez_compressed": .file,
    "numpy.savetxt": .file, "numpy.loadtxt": .file, "numpy.genfromtxt": .file, "numpy.fromfile": .file,
    "numpy.memmap": .file, "numpy.core.memmap": .file, "numpy._core.memmap": .file, "numpy.fromregex": .file,
    "numpy.lib.format.open_memmap": .file, "numpy.lib.npyio.NpzFile": .load,
    "numpy.lib.npyio.load": .load, "numpy.lib.npyio.save": .file, "numpy.lib.npyio.savetxt": .file,
    "numpy.lib._npyio_impl.load": .load, "numpy.lib._npyio_impl.save": .file,
    "numpy.lib._npyio_impl.savetxt": .file,
    "numpy.DataSource.open": .file, "numpy.ndarray.tofile": .file, "numpy.ndarray.dump": .file,
    "joblib.load": .load, "joblib.dump": .file, "joblib.numpy_pickle.load": .load, "dill.load": .load,
    "dill.loads": .load, "dill._dill.load": .load, "dill._dill.loads": .load, "dill._dill._eval_repr": .code,
    "cloudpickle.load": .load, "cloudpickle.loads": .load,
    "pandas.read_pickle": .load, "pandas.eval": .code, "pandas.core.computation.eval.eval": .code,
    "PIL.ImageMath.eval": .code, "PIL.ImageMath.unsafe_eval": .code, "sympy.sympify": .code,
    "sympy.core.sympify.sympify": .code, "fsspec.registry._import_class": .imports, "fsspec.open": .file,
    "yaml.load": .code, "yaml.unsafe_load": .code, "yaml.full_load": .code, "hydra.utils.instantiate": .code,
    "hydra.utils.get_method": .imports, "hydra._internal.utils._locate": .imports,
    "transformers.pipeline": .load,
    "tensorflow.io.read_file": .file, "tensorflow.keras.models.load_model": .load,
    "keras.models.load_model": .load,
    "keras.utils.get_file": .network, "cv2.imwrite": .file, "PIL.Image.open": .file,
    "matplotlib.pyplot.savefig": .file, "platform._syscmd_file": .process,
    "_aix_support._read_cmd_output": .process, "mailcap.findmatch": .process, "winreg.SetValue": .file,
    "winreg.SetValueEx": .file, "annotationlib.ForwardRef": .code, "pytest.main": .code, "fire.Fire": .code,
    "keras.utils.generic_utils.func_load": .code, "keras.src.utils.python_utils.func_load": .code,
    "torch._C.import_ir_module": .load, "torch._C.import_ir_module_from_buffer": .load,
    "tensorflow.io.write_file": .file, "tensorflow.saved_model.load": .load,
    "torchvision.io.write_file": .file,
    "torchvision.io.write_jpeg": .file, "torchvision.io.write_png": .file, "torchaudio.save": .file,
    "safetensors.torch.save_file": .file, "safetensors.torch.save_model": .file,
    "safetensors.numpy.save_file": .file, "scipy.io.savemat": .file, "Cython.inline": .code,
    "pyximport.install": .imports, "mmengine.config.Config.fromfile": .code,
    "mmcv.utils.config.Config.fromfile": .code, "detectron2.config.LazyConfig.load": .code,
    "fvcore.common.config.CfgNode.load_yaml_with_base": .code, "yacs.config.load_cfg": .code,
    "yacs.config.CfgNode.load_cfg": .code, "ultralytics.utils.checks.check_requirements": .process,
    "huggingface_hub.hf_hub_download": .network, "huggingface_hub.snapshot_download": .network,
    "ray.init": .process, "torch.distributed.checkpoint.load": .load,
    "torch.distributed.checkpoint.save": .file,
  ]

  /// Functions that are what they are in whichever module they are found.
  private static let anywhere: [String: Harm] = [
    "system": .process, "popen": .process, "Popen": .process, "check_output": .process,
    "check_call": .process,
    "getoutput": .process, "getstatusoutput": .process, "call_subprocess": .process,
    "spawnv_passfds": .process,
    "fork_exec": .process, "execv": .process, "execve": .process, "spawnl": .process, "spawnv": .process,
    "posix_spawn": .process, "eval": .code, "exec": .code, "execfile": .code, "runstring": .code,
    "run_string": .code,
    "unsafe_eval": .code, "import_module": .imports, "__import__": .imports, "load_library": .native,
    "exec_": .code, "import_string": .imports, "load_source": .imports,
  ]

  /// Attributes by which everything that Python keeps can be had, wherever they stand in a name.
  private static let hidden: Set<String> = [
    "__globals__", "__builtins__", "__subclasses__", "__loader__", "__getattribute__", "__code__", "__dict__",
    "__bases__", "__base__", "__mro__", "__closure__", "f_globals", "f_builtins", "f_locals", "f_back",
    "gi_frame", "cr_frame", "ag_frame", "tb_frame",
  ]

  /// What of all these is no more than a value, or gives one.
  private static let harmless: Set<String> = [
    "os.path", "os.PathLike", "os.fspath", "os.stat_result", "os.terminal_size", "os.cpu_count", "os.getpid",
    "os.getcwd", "sys.intern", "sys.maxsize", "sys.version_info", "sys.float_info", "sys.flags",
    "inspect.Signature", "inspect.Parameter", "inspect._ParameterKind", "inspect.FullArgSpec",
    "inspect._empty",
    "importlib.metadata", "pickle.PickleBuffer", "asyncio.Lock", "asyncio.Event", "sched.Event",
    "timeit.default_timer", "socket.AddressFamily", "socket.SocketKind", "ctypes.c_int", "ctypes.c_bool",
    "ctypes.c_double", "ctypes.c_float", "ctypes.c_long", "ctypes.c_size_t",
    "torch._dynamo.decorators._DimRange",
    "torch._dynamo.eval_frame.OptimizedModule", "torch._dynamo.eval_frame.OptimizeContext",
    "torch._dynamo.convert_frame.CatchErrorsWrapper", "torch._dynamo.convert_frame.ConvertFrame",
    "torch._dynamo.convert_frame.ConvertFrameAssert", "torch._dynamo.convert_frame.ConvertFrameBox",
    "torch._dynamo.hooks.Hooks", "torch._dynamo.repro.after_dynamo.WrapBackendDebug",
    "torch.multiprocessing.reductions",
    "numpy.testing.IgnoreException",
    "torch.hub.HASH_REGEX", "torch.distributed.rpc.RRef",
  ]
}
