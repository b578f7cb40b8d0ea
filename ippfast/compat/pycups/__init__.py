"""In the place of pycups, where libcups is missing or pycups cannot be compiled: its IPP part in Python.

    import ippfast.compat.pycups as cups                        # instead of ``import cups``
    from ippfast.compat import pycups; pycups.install()         # or: for every ``import cups`` that follows

The rule of this package: names, arguments, shapes and exceptions are the library's. PPDs, and what libcups finds on the
network, are not here.
"""

import sys
from types import ModuleType

from .connection import Connection, Dest
from .constants import *  # noqa: F403
from .errors import HTTPError, IPPError, ippErrorString, ippOpString
from .messages import IPPAttribute, IPPRequest
from .settings import (
    getEncryption,
    getPort,
    getServer,
    getUser,
    setEncryption,
    setPasswordCB,
    setPasswordCB2,
    setPort,
    setServer,
    setUser,
)

__all__ = [
    "Connection",
    "Dest",
    "HTTPError",
    "IPPAttribute",
    "IPPError",
    "IPPRequest",
    "getEncryption",
    "getPort",
    "getServer",
    "getUser",
    "install",
    "ippErrorString",
    "ippOpString",
    "require",
    "setEncryption",
    "setPasswordCB",
    "setPasswordCB2",
    "setPort",
    "setServer",
    "setUser",
    "uninstall",
]

__version__ = "2.0.4"
"""The release of pycups whose names and shapes these are."""

_NEED_LIBCUPS = frozenset(
    {"Attribute", "Constraint", "Group", "Option", "PPD", "connectDest", "enumDests", "modelSort", "ppdSetConformance"}
)
_replaced: list[ModuleType | None] = []


def __getattr__(name: str) -> object:
    if name in _NEED_LIBCUPS:
        raise AttributeError(f"{name} needs libcups: pycups itself has it")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def require(version: str, /) -> None:
    """Raises RuntimeError where the program needs a later pycups than the one that this stands for."""
    wanted = [int(part) for part in version.split(".") if part.isdigit()]
    if wanted > [int(part) for part in __version__.split(".")]:
        raise RuntimeError(f"I am version {__version__}")


def install() -> None:
    """Let ``import cups`` give this package from now on. What a program has imported before keeps the library's."""
    if not _replaced:
        _replaced.append(sys.modules.get("cups"))
    sys.modules["cups"] = sys.modules[__name__]


def uninstall() -> None:
    """Give the name back."""
    if _replaced:
        module = _replaced.pop()
        if module is None:
            del sys.modules["cups"]
        else:
            sys.modules["cups"] = module
