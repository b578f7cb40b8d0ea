"""IPP over HTTP/1.1 (RFC 8010 section 4, RFC 9110, RFC 9112): octets in, events out, and shells that do the I/O.

The rule of this package: `ClientConnection` and `ServerConnection` know the protocol and never touch a socket; what
moves octets holds loops and no protocol. h11 reads and writes the heads. Nothing here is loaded before it is used.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client_connection import ClientConnection
    from .errors import (
        ConnectionLostError,
        HTTPError,
        LocalProtocolError,
        Refusal,
        RemoteProtocolError,
    )
    from .events import (
        NEED_DATA,
        PAUSED,
        ConnectionClosed,
        DocumentData,
        EndOfMessage,
        Headers,
        InformationalResponse,
        Request,
        RequestHead,
        Response,
    )
    from .limits import HTTPLimits
    from .server_connection import ServerConnection

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "ClientConnection",
    "ConnectionClosed",
    "ConnectionLostError",
    "DocumentData",
    "EndOfMessage",
    "HTTPError",
    "HTTPLimits",
    "Headers",
    "InformationalResponse",
    "LocalProtocolError",
    "Refusal",
    "RemoteProtocolError",
    "Request",
    "RequestHead",
    "Response",
    "ServerConnection",
]

_HOMES = {
    "client_connection": ("ClientConnection",),
    "errors": ("ConnectionLostError", "HTTPError", "LocalProtocolError", "Refusal", "RemoteProtocolError"),
    "events": (
        "NEED_DATA",
        "PAUSED",
        "ConnectionClosed",
        "DocumentData",
        "EndOfMessage",
        "Headers",
        "InformationalResponse",
        "Request",
        "RequestHead",
        "Response",
    ),
    "limits": ("HTTPLimits",),
    "server_connection": ("ServerConnection",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
