"""In the place of pycups, if libcups is missing or pycups cannot be compiled: its IPP part in Python.

    import ippfast.compat.pycups as cups                        # instead of ``import cups``
    from ippfast.compat import pycups; pycups.install()         # or: for every ``import cups`` that follows

The rule of this package: names, arguments, shapes and exceptions are the library's.
"""

import sys
from types import ModuleType

from . import constants
from .connection import Connection, Dest
from .constants import *  # noqa: F403
from .destinations import connectDest, enumDests, modelSort
from .errors import HTTPError, IPPError, ippErrorString, ippOpString
from .messages import IPPAttribute, IPPRequest
from .ppd import PPD, Attribute, Constraint, Group, Option, ppdSetConformance
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
    "PPD",
    "Attribute",
    "Connection",
    "Constraint",
    "Dest",
    "Group",
    "HTTPError",
    "IPPAttribute",
    "IPPError",
    "IPPRequest",
    "Option",
    "connectDest",
    "enumDests",
    "getEncryption",
    "getPort",
    "getServer",
    "getUser",
    "install",
    "ippErrorString",
    "ippOpString",
    "modelSort",
    "ppdSetConformance",
    "require",
    "setEncryption",
    "setPasswordCB",
    "setPasswordCB2",
    "setPort",
    "setServer",
    "setUser",
    "uninstall",
]

__all__[:1] = sorted(["PPD", *(name for name in vars(constants) if name.isupper())])

__version__ = "2.0.4"
"""The release of pycups whose names and shapes these are."""

_replaced: list[ModuleType | None] = []


def require(version: str, /) -> None:
    """Raises RuntimeError if the program needs a later pycups than the one that this stands for."""
    wanted = [int(part) for part in version.split(".") if part.isdigit()]
    if wanted > [int(part) for part in __version__.split(".")]:
        raise RuntimeError(f"I am version {__version__}")


def install(*, quirks: bool = True) -> None:
    """Let ``import cups`` give this package from now on. What a program has imported before keeps the library's.

    quirks: False for connections that show every value, see `values`; then ``json`` may not know them all.
    """
    Connection.quirks = quirks
    if not _replaced:
        _replaced.append(sys.modules.get("cups"))
    sys.modules["cups"] = sys.modules[__name__]


def uninstall() -> None:
    """Give the name back."""
    Connection.quirks = True
    if _replaced:
        module = _replaced.pop()
        if module is None:
            del sys.modules["cups"]
        else:
            sys.modules["cups"] = module
