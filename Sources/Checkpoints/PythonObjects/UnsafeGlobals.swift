internal import SuturePickle
internal import SutureText

/// The classes and functions that run code, open files or load more pickles when Python unpickles them.
///
/// Nothing here could run them: a name is only a name. They are refused because whoever put one into a
/// checkpoint meant harm, and a file that means harm in one place is not to be trusted in another.
enum UnsafeGlobals {
  static func isUnsafe(module: String, name: String) -> Bool {
    if !isIdentifierPath(module) || !isIdentifierPath(name) { return true }
    let root = module.split(separator: ".").first.map(String.init) ?? module
    if modules.contains(root) { return true }
    if root == "builtins" || root == "__builtin__" { return builtins.contains(name.prefixUpToDot) }
    let qualified = "\(module).\(name)"
    if harmless.contains(qualified) { return false }
    return functions.contains(qualified) || prefixes.contains { qualified.hasPrefix($0) }
  }

  /// What torch itself pickles out of a package that can do harm: a pair of numbers in jagged tensors.
  private static let harmless: Set<String> = ["torch._dynamo.decorators._DimRange"]

  private static let modules: Set<String> = [
    "os", "posix", "nt", "posixpath", "ntpath", "subprocess", "_posixsubprocess", "sys", "shutil", "socket",
    "ssl", "runpy", "pty", "tty", "importlib", "imp", "pkgutil", "ctypes", "_ctypes", "cffi", "webbrowser",
    "code", "codeop", "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve",
    "commands", "popen2", "pip", "ensurepip", "venv", "pdb", "bdb", "timeit", "cProfile", "profile",
    "doctest", "asyncio", "signal", "http", "urllib", "urllib2", "requests", "httplib", "ftplib", "smtplib",
    "telnetlib", "xmlrpc", "socketserver", "fileinput", "atexit", "distutils", "setuptools", "idlelib",
    "antigravity", "execnet", "paramiko", "fabric", "nose", "aiohttp",
  ]

  private static let builtins: Set<String> = [
    "eval", "exec", "execfile", "compile", "open", "file", "__import__", "getattr", "setattr", "delattr",
    "globals", "locals", "vars", "input", "raw_input", "apply", "map", "filter", "reduce", "breakpoint",
    "memoryview", "type", "classmethod", "staticmethod", "property", "super", "exit", "quit", "help", "print",
    "reload",
  ]

  private static let functions: Set<String> = [
    "operator.attrgetter", "operator.methodcaller", "_operator.attrgetter", "_operator.methodcaller",
    "functools.reduce", "_functools.reduce", "torch.load", "torch.jit.load", "torch.package.PackageImporter",
    "torch.compile", "numpy.load", "numpy.loads", "numpy.fromfile", "numpy.memmap",
    "numpy.core.memmap.memmap", "numpy.testing._private.utils.runstring", "pandas.read_pickle",
    "site.execsitecustomize", "concurrent.futures.process._process_worker",
  ]

  private static let prefixes = [
    "torch.hub.", "torch.utils.cpp_extension.", "torch.utils._config_module.", "torch._dynamo.",
    "torch._inductor.", "torch.distributed.rpc.", "torch.serialization.load",
    "torch.jit.unsupported_tensor_ops.", "torch.fx.experimental.symbolic_shapes.", "torch.utils.bottleneck.",
    "torch.utils.collect_env.", "torch.utils.data.datapipes.", "numpy.f2py.", "numpy.distutils.",
  ]

  private static func isIdentifierPath(_ text: String) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
      guard let first = part.unicodeScalars.first, first == "_" || first.properties.isXIDStart else {
        return false
      }
      return part.unicodeScalars.allSatisfy {
        $0 == "_" || $0 == "<" || $0 == ">" || $0.properties.isXIDContinue
      }
    }
  }
}

extension String {
  fileprivate var prefixUpToDot: String { String(prefix { $0 != "." }) }
}

extension PickleGraph {
  /// The first name in the pickle that would run code if Python loaded it.
  var firstUnsafe: (id: PickleID, name: String)? {
    for (id, value) in all {
      guard case .global(let module, let name) = value, UnsafeGlobals.isUnsafe(module: module, name: name)
      else {
        continue
      }
      return (id, "\(module.shownName).\(name.shownName)")
    }
    return nil
  }

  /// Throws where the pickle names something that would run code.
  ///
  /// - Parameter remedies: what else is known about the file.
  func refuseUnsafe(_ location: PickleLocation, remedies: () -> [Remedy] = { [] }) throws {
    guard let (id, name) = firstUnsafe else { return }
    throw location.failure(
      "the pickle names \(name), which would run code if Python loaded it", at: offset(of: id),
      remedies: remedies() + ["do not load this file in Python"], kind: .unsafe)
  }
}
