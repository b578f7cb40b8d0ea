"""In the place of ippserver: its IppRequest without losses, and its behaviours on the server of ippfast.

    from ippfast.compat.ippserver import IppRequest                 # instead of ippserver.request
    from ippfast.compat import ippserver; ippserver.install()       # or: in the library itself
    with ippserver.serve_behaviour(SaveFilePrinter("/tmp", "pdf"), ("localhost", 1234)): ...

The rule of this package: its modules have the names of the library's, which they import only in `install`.
"""

from importlib import import_module
from typing import Any

from .constants import JobStateEnum, OperationEnum, SectionEnum, StatusCodeEnum, TagEnum
from .parsers import Boolean, Enum, Integer, Value, read_struct, write_struct
from .request import CutError, IppRequest, QuirkyIppRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .server import IPPServer, behaviour_handler, behaviour_pages, run_server, serve_behaviour

__all__ = [
    "Boolean",
    "CutError",
    "Enum",
    "IPPServer",
    "Integer",
    "IppRequest",
    "JobStateEnum",
    "OperationEnum",
    "QuirkyIppRequest",
    "SectionEnum",
    "StatusCodeEnum",
    "TagEnum",
    "Value",
    "behaviour_handler",
    "behaviour_pages",
    "install",
    "read_struct",
    "run_server",
    "serve_behaviour",
    "uninstall",
    "write_struct",
]

_SERVER = ("IPPServer", "behaviour_handler", "behaviour_pages", "run_server", "serve_behaviour")
_replaced: list[tuple[object, str, Any]] = []


def __getattr__(name: str) -> Any:
    if name not in _SERVER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".server", __name__), name)


def install(*, quirks: bool = False, server: bool = True) -> None:
    """Put our IppRequest, and our server, into the places where ippserver looks for its own.

    quirks: `QuirkyIppRequest` instead, which writes as the library does. server: whether the library's command, and
    programs that take ``ippserver.server.IPPServer`` from now on, serve with ippfast. What a program has imported by
    name before keeps the library's. Raises ModuleNotFoundError if ippserver is not installed.
    """
    uninstall()
    request = QuirkyIppRequest if quirks else IppRequest
    places: list[tuple[str, str, object]] = [
        ("ippserver.request", "IppRequest", request),
        ("ippserver.behaviour", "IppRequest", request),
    ]
    if server:
        from .server import IPPServer, run_server

        places += [
            ("ippserver.server", "IPPServer", IPPServer),
            ("ippserver.server", "run_server", run_server),
        ]
    for module, name, ours in places:
        home = import_module(module)
        _replaced.append((home, name, getattr(home, name)))
        setattr(home, name, ours)


def uninstall() -> None:
    """Give the library its own classes back."""
    while _replaced:
        home, name, theirs = _replaced.pop()
        setattr(home, name, theirs)
