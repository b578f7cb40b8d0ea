"""Switches a process to the shims before it imports the libraries: for a line in a ``.pth`` file, or `run`.

    import ippfast.compat.switch; ippfast.compat.switch.on()

The rule of this file: nothing is loaded before the program asks for it. ``import cups`` gives the shim whether or not
pycups is installed; pyipp (or aioipp), ippx and ippserver are imported as they are, and then have ours put into them.
"""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from types import ModuleType
    from typing import Any

__all__ = ["LIBRARIES", "off", "on"]

LIBRARIES = {"cups": "pycups", "pyipp": "pyipp", "ippx": "ippx", "ippserver": "ippserver"}
"""The module that programs import, and the module of its shim."""


class _Shim(Loader):
    """Loads a shim in the place of a library."""

    def __init__(self, shim: str, quirks: bool | None) -> None:
        self._shim = shim
        self._quirks = quirks

    def create_module(self, spec: ModuleSpec) -> "ModuleType":
        self._module = import_module(f"ippfast.compat.{self._shim}")
        self._own = self._module.__spec__
        return self._module

    def exec_module(self, module: "ModuleType") -> None:
        module.__spec__ = self._own
        if self._quirks is not None:
            module.install(quirks=self._quirks)


class _Library(Loader):
    """Loads a library, and puts the shim into it."""

    def __init__(self, loader: "Any", shim: str, quirks: bool | None) -> None:
        self._loader = loader
        self._shim = shim
        self._quirks = quirks

    def create_module(self, spec: ModuleSpec) -> "ModuleType | None":
        return self._loader.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: "ModuleType") -> None:
        self._loader.exec_module(module)
        install = import_module(f"ippfast.compat.{self._shim}").install
        install() if self._quirks is None else install(quirks=self._quirks)


class _Finder(MetaPathFinder):
    def __init__(self, names: "Collection[str]", quirks: bool | None) -> None:
        self._names = set(names)
        self._quirks = quirks

    def find_spec(
        self, fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> ModuleSpec | None:
        if fullname not in self._names:
            return None
        self._names.discard(fullname)  # once; and not while the library itself is looked for
        shim = LIBRARIES[fullname]
        if fullname == "cups":
            return spec_from_loader(fullname, _Shim(shim, self._quirks))
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Library(spec.loader, shim, self._quirks)
        return spec


def on(libraries: "Collection[str]" = tuple(LIBRARIES), *, quirks: bool | None = None) -> None:
    """Use the shims for what is imported from now on. A library that is imported already stays as it is.

    libraries: of `LIBRARIES`. quirks: as for the ``install`` of each shim; None for the default of each. Raises
    ValueError for a library that has no shim.
    """
    unknown = set(libraries) - LIBRARIES.keys()
    if unknown:
        raise ValueError(f"there is no shim for {', '.join(sorted(unknown))}; there are {', '.join(LIBRARIES)}")
    off()
    sys.meta_path.insert(0, _Finder(libraries, quirks))


def off() -> None:
    """Let imports be as they were; what was imported meanwhile stays."""
    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, _Finder)]
