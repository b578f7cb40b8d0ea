"""The layers of the package: imports point down only, and importing it loads what decoding needs and no more.

The rule of this file: `LAYERS` is the order of the package from the bottom up. A new module gets its place here.
"""

import ast
import gc
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import ippfast

PACKAGE = Path(ippfast.__file__).parent

# Each may import those before it. A folder counts as one; what is in it may import each other.
LAYERS = [
    "_directives",
    "_cpython",
    "limits",
    "tags",
    "values",
    "errors",
    "_attribute",
    "_message",
    "_runs_py",
    "_wire",
    "_scan",
    "_walk",
    "_encode",
    "_codec",
    "codec",
    "_open_enum",
    "enums",
    "_registry_data",
    "registry",
    "media",
    "wrappers",
    "targets",
    "kinds",
    "issues",
    "syntaxes",
    "attributes",
    "requests",
    "_places",
    "_repair",
    "_specs",
    "_plain",
    "_glance",
    "validation",
    "recovery",
    "views",
    "dictionaries",
    "_json",
    "wire_json",
    "operations",
    "formats",
    "raster",
    "_lazy",
    "_browsing",
    "http",
    "arrow",
    "convert",
    "printer",
    "compat",
    "testing",
    "cli",
    "__main__",
]
TWINS = (
    "_attribute",
    "_message",
    "_wire",
    "_walk",
    "_encode",
    "_codec",
    "_plain",
    "_glance",
    "_json",
)  # each in Python and in Cython, and neither may import the other
PICKERS = {
    "codec": "_codec",
    "recovery": "_glance",
    "validation": "_glance",
    "views": "_plain",
    "dictionaries": "_plain",
    "wire_json": "_json",
    "raster._picked": "raster._lines",
    "arrow._picked": "arrow._builder arrow._export",
    "http._wire.framing": "http._wire._chunks",
    "compat.ippserver.request": "compat.ippserver._octets",
}
"""Who takes one of the two; all but the first do as it did."""
PICKED = {name for names in PICKERS.values() for name in names.split()}
APPLICATIONS = LAYERS[LAYERS.index("printer") :]  # these may use the package by its public names
BELOW_CODEC = LAYERS[: LAYERS.index("codec") + 1]
PURE = {"_runs_py"}  # of the pure twin alone
DECLARATIONS = {"_cpython", "_scan"}  # for the compiler alone: there is nothing to load

# What a class of the model looks up when it is asked, long after the import: (importer, imported).
UPWARDS_WHEN_ASKED = {
    ("_attribute", "codec"),
    ("_attribute", "registry"),
    ("_message", "codec"),
    ("_message", "enums"),
    ("_message", "views"),
    ("_message", "dictionaries"),
}
# What a reader of types alone looks up: (importer, imported).
UPWARDS_FOR_TYPES = {
    ("http.jobs", "http.client"),
    ("http.jobs", "http.async_client"),
    ("printer.core", "printer.calls"),
}


def layer_of(module: str) -> str:
    """``_codec_py`` and ``_message_c`` are twins' names of ``_codec`` and ``_message``; a folder is one layer."""
    name = module.split(".")[0]
    for twin in TWINS:
        if name in (twin, f"{twin}_py", f"{twin}_c"):
            return twin
    return name


def sources() -> dict[str, Path]:
    """Every module, and the file that it stands in."""
    found = {}
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in (".py", ".pyx", ".pxd"):
            parts = path.relative_to(PACKAGE).with_suffix("").parts
            found[
                ".".join(part for part in parts if part != "__init__") + ("" if path.suffix == ".py" else path.suffix)
            ] = path
    return found


def is_module(name: str) -> bool:
    path = PACKAGE.joinpath(*name.split("."))
    twin = path.with_name(f"{path.name}_py.py")  # where the compiled twin's source is not installed
    return path.is_dir() or path.with_suffix(".py").exists() or path.with_suffix(".pyx").exists() or twin.exists()


def resolve(importer: str, level: int, module: str | None, names: list[str]) -> Iterator[str]:
    """The modules of the package that an import reaches; ``""`` is the package itself."""
    if level == 0:
        if not (module == "ippfast" or (module or "").startswith("ippfast.")):
            return
        base = (module or "").split(".")[1:]
    else:
        folder = (
            importer.split(".")
            if PACKAGE.joinpath(*importer.split("."), "__init__.py").exists()
            else importer.split(".")[:-1]
        )
        folder = [part for part in folder if part]
        base = folder[: len(folder) - level + 1] + (module.split(".") if module else [])
    for name in names:
        whole = ".".join([*base, name])
        yield whole if is_module(whole) else ".".join(base)


def parse(path: Path) -> ast.Module:
    """Without the cycle collector, in whose callbacks older releases of Python 3.11 lose count of the tree's depth."""
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()


class Imports(ast.NodeVisitor):
    """The imports of a module: those that run when it is loaded, those that a function runs, and those for types."""

    def __init__(self, importer: str) -> None:
        self.importer = importer
        self.at_once: set[str] = set()
        self.when_asked: set[str] = set()
        self.for_types: set[str] = set()
        self.deep = 0
        self.read_only = False

    def visit_If(self, node: ast.If) -> None:
        test = ast.unparse(node.test)
        if test in ("TYPE_CHECKING", "False"):  # for readers alone
            self.read_only = True
            for each in node.body:
                self.visit(each)
            self.read_only = False
            for each in node.orelse:
                self.visit(each)
        else:
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.deep += 1
        self.generic_visit(node)
        self.deep -= 1

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        found = set(resolve(self.importer, node.level, node.module, [alias.name for alias in node.names]))
        self.of_this_kind().update(found)

    def of_this_kind(self) -> set[str]:
        if self.read_only:
            return self.for_types
        return self.when_asked if self.deep else self.at_once

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.split(".")[0] == "ippfast":
                self.of_this_kind().add(alias.name.partition(".")[2])


def imports_of(module: str, path: Path) -> Imports:
    found = Imports(module.removesuffix(".pyx").removesuffix(".pxd"))
    if path.suffix == ".py":
        found.visit(parse(path))
    else:
        lines = re.findall(r"^from (\.+)(\w*) c?import (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for dots, base, names in lines:
            each = [name.split(" as ")[0].strip() for name in names.strip("()").split(",") if name.strip()]
            found.at_once.update(resolve(found.importer, len(dots), base or None, each))
    return found


MODULES = sources()


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {""}))
def test_imports_point_down(module: str) -> None:
    importer = layer_of(module)
    assert importer in LAYERS, f"{module} has no place in LAYERS"
    found = imports_of(module, MODULES[module])
    reached = {layer_of(name) if name else "" for name in found.at_once | found.when_asked}
    below = {*LAYERS[: LAYERS.index(importer) + 1], *([""] if importer in APPLICATIONS else [])}
    allowed = {name for who, name in UPWARDS_WHEN_ASKED if who == importer}
    assert {layer_of(name) if name else "" for name in found.at_once} <= below
    assert reached <= below | allowed
    assert {layer_of(name) if name else "" for name in found.for_types} <= below | allowed


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {""}))
def test_twins_do_not_meet(module: str) -> None:
    """The pure twin works where nothing is compiled, and the compiled one does not fall back on it in part."""
    found = imports_of(module, MODULES[module])
    names = found.at_once | found.when_asked
    compiled = names & {
        "_codec",
        "_encode",
        "_wire",
        "_walk",
        "_attribute_c",
        "_message_c",
        "_glance",
        "_plain",
        "_specs",
        "_json",
        "http._wire._chunks",
        "compat.ippserver._octets",
        "raster._lines",
        "arrow._builder",
        "arrow._export",
    }
    pure = {name for name in names if name.endswith("_py") or name in ("_attribute", "_message")}
    if module in PICKERS:
        assert compiled == {*PICKERS[module].split()}
        assert pure == {f"{name}_py" for name in PICKERS[module].split()}
    elif (
        layer_of(module) in TWINS
        or module in ("_scan.pxd", "_specs.pyx", "_specs.pxd", "arrow._names.pxd", "arrow._meaning.pxd")
        or re.sub(r"(_py|\.pyx|\.pxd)$", "", module) in PICKED
    ):
        assert not (pure if module.endswith((".pyx", ".pxd")) else compiled)
    else:
        assert not compiled
        assert not {name for name in pure if name.endswith("_py")}


ROOMS = {
    "http": [
        {"limits", "events", "errors", "uri", "tls", "hosts", "proxies", "incoming", "auth"},
        {"_wire"},
        {"client_connection", "_client", "server_connection", "_server", "jobs"},
        {"client", "async_client", "server", "async_server", "asgi", "probing"},
        {"workers"},
    ],
    "printer": [
        {"storage"},
        {"errors"},
        {"core"},
        {"access"},
        {"calls"},
        {"template"},
        {"answers", "job_attributes", "event_attributes"},
        {
            "job_creation",
            "job_operations",
            "document_operations",
            "printer_operations",
            "notifications",
            "subscriptions",
        },
        {"table"},
        {"printer"},
        {"service"},
    ],
}
"""The order inside a package: what stands in one set may import what stands in it and in those before it. A module that
is not named here is a part that any of them may use."""
APART = {("http._client", "http._server"), ("http._server", "http._client")}


def rank(module: str) -> int | None:
    package, _, rest = module.partition(".")
    for place, rooms in enumerate(ROOMS.get(package, [])):
        if rest.split(".")[0] in rooms:
            return place
    return None


@pytest.mark.parametrize("module", [name for name in sorted(MODULES) if rank(name) is not None])
def test_imports_point_down_inside_a_package(module: str) -> None:
    found = imports_of(module, MODULES[module])
    own = rank(module)
    assert own is not None
    for_types = found.for_types - {name for who, name in UPWARDS_FOR_TYPES if who == module}
    for name in found.at_once | found.when_asked | for_types:
        other = rank(name) if name.split(".")[0] == module.split(".")[0] else None
        assert other is None or other <= own, name
        rooms = (".".join(module.split(".")[:2]), ".".join(name.split(".")[:2]))
        assert rooms not in APART, name


def test_no_imports_go_round() -> None:
    """Not even when they are asked for, but for what the model looks up."""
    reached = {}
    for module, path in MODULES.items():
        found = imports_of(module, path)
        names = (found.at_once | found.when_asked) - {"", module}
        reached[module] = {name for name in names if (layer_of(module), layer_of(name)) not in UPWARDS_WHEN_ASKED}
    while leaves := {module for module, names in reached.items() if not names & reached.keys()}:
        for module in leaves:
            del reached[module]
    assert reached == {}


def test_the_order_is_of_modules_that_are_there() -> None:
    assert {name for name in LAYERS if not is_module(name)} <= DECLARATIONS
    assert len(set(LAYERS)) == len(LAYERS)


# ---- What is loaded ----

LIGHT = {
    "abc",
    "collections",
    "cython_runtime",
    "enum",
    "errno",
    "functools",
    "genericpath",
    "itertools",
    "keyword",
    "ntpath",
    "operator",
    "os",
    "posixpath",
    "reprlib",
    "stat",
    "struct",
    "types",
}
"""Of the standard library; private modules are what these are made of."""


def loaded(statements: str, **environment: str) -> set[str]:
    """The modules that an interpreter without site packages has more after these statements."""
    program = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); before = set(sys.modules);"
        f"{statements}; print(*sorted(set(sys.modules) - before))"
    )
    command = [sys.executable, "-S", "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


DECODE = (
    "import ippfast; m = ippfast.decode(bytes.fromhex('0200000b00000001 01 47 0012 617474726962757465732d63686172736574"
    " 0005 7574662d38 03')); repr(m); m.groups[0].value('attributes-charset'); ippfast.encode(m);"
    "ippfast.MessageDecoder().feed(b'x')"
)


@pytest.mark.parametrize("pure", ["0", "1"])
@pytest.mark.parametrize("statements", ["import ippfast", DECODE])
def test_import_loads_the_codec_alone(statements: str, pure: str) -> None:
    found = loaded(statements, IPPFAST_PURE=pure)
    ours = {name for name in found if name.split(".")[0] == "ippfast"}
    layers = {layer_of(name.partition(".")[2]) for name in ours - {"ippfast"}}
    assert layers == set(BELOW_CODEC) - DECLARATIONS - (set() if "ippfast._codec_py" in found else PURE)
    others = {name.split(".")[0] for name in found - ours}
    assert {name for name in others if not name.startswith("_")} <= LIGHT
    for name in ("h11", "asyncio", "typing", "typing_extensions", "dataclasses", "re", "datetime"):
        assert name not in found


def test_the_vocabulary_is_loaded_when_it_is_used() -> None:
    make = "import ippfast; m = ippfast.Message((2, 0), 11, 1)"
    assert "ippfast.enums" not in loaded(make)
    operation = loaded(f"{make}; m.operation")
    assert "ippfast.enums" in operation
    assert "ippfast._registry_data" not in operation
    assert "ippfast._registry_data" in loaded(f"{make}; ippfast.Attribute('job-state', 0x23, 9).enum()")


# ---- Public names ----


def shelf(name: str) -> tuple[int, str]:
    """Constants, classes, functions: as ruff sorts __all__."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


WITH_ALL = [name for name, path in MODULES.items() if "__all__ =" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("module", [name for name in WITH_ALL if not name.endswith((".pyx", ".pxd"))])
def test_all_is_sorted_and_importable(module: str) -> None:
    loaded = import_module(f"ippfast.{module}" if module else "ippfast")
    names = loaded.__all__
    assert names == sorted(set(names), key=shelf)
    for name in names:
        assert getattr(loaded, name) is not None


def test_all_of_the_package_is_complete() -> None:
    """Whatever has no underscore and is no module is public, and the other way round."""
    modules = {name.split(".")[0] for name in MODULES}
    # pytest gives names with @ to a package that it takes for a plugin, as ours is beside its egg-info.
    public = {name for name in vars(ippfast) if not name.startswith(("_", "@")) and name not in modules}
    assert public - {"TYPE_CHECKING"} <= set(ippfast.__all__)
    namespace: dict[str, object] = {}
    exec("from ippfast import *", namespace)
    assert set(ippfast.__all__) <= namespace.keys()
    assert set(ippfast.__all__) <= set(dir(ippfast))


@pytest.mark.parametrize("name", ["tags", "values", "limits", "errors", "codec"])
def test_public_names_are_the_same_objects(name: str) -> None:
    module = import_module(f"ippfast.{name}")
    for each in set(module.__all__) & set(ippfast.__all__):
        assert getattr(ippfast, each) is getattr(module, each)


def test_public_names_are_documented() -> None:
    for name in ippfast.__all__:
        thing = getattr(ippfast, name)
        if isinstance(thing, type) or callable(thing):
            assert len(thing.__doc__ or "") > 10, name
