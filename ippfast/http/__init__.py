"""IPP over HTTP/1.1 (RFC 8010 section 4, RFC 9110, RFC 9112): octets in, events out, and shells that do the I/O.

The rule of this package: `ClientConnection` and `ServerConnection` know the protocol and never touch a socket; what
moves octets holds loops and no protocol. h11 reads the heads. Nothing here is loaded before it is used.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._negotiation import NegotiationError
    from .async_client import AsyncAnswer, AsyncClient
    from .async_server import AsyncServer
    from .auth import (
        Auth,
        Authenticator,
        BasicAuth,
        BasicAuthenticator,
        BearerAuth,
        BearerAuthenticator,
        DigestAuth,
        DigestAuthenticator,
        InsecureAuthError,
    )
    from .client import Answer, Client
    from .client_connection import ClientConnection
    from .errors import (
        ConnectionLostError,
        HTTPError,
        LocalProtocolError,
        PhaseTimeoutError,
        PinError,
        Refusal,
        RemoteProtocolError,
        StatusError,
        UpgradeError,
    )
    from .events import (
        NEED_DATA,
        PAUSED,
        ConnectionClosed,
        DocumentData,
        EndOfMessage,
        FurtherMessage,
        Headers,
        InformationalResponse,
        Request,
        RequestHead,
        Response,
    )
    from .incoming import (
        AsyncIncomingDocument,
        AsyncIncomingRequest,
        AsyncReply,
        Incoming,
        IncomingDocument,
        IncomingRequest,
        Page,
        PageRequest,
        Parts,
        Reply,
    )
    from .jobs import AsyncJob, Job, JobError, Notification, OperationError
    from .limits import HTTPLimits, Timeouts
    from .probing import ProbeResult, probe, probe_async
    from .server import Server
    from .server_connection import ServerConnection
    from .tls import TLS, make_server_context

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "TLS",
    "Answer",
    "AsyncAnswer",
    "AsyncClient",
    "AsyncIncomingDocument",
    "AsyncIncomingRequest",
    "AsyncJob",
    "AsyncReply",
    "AsyncServer",
    "Auth",
    "Authenticator",
    "BasicAuth",
    "BasicAuthenticator",
    "BearerAuth",
    "BearerAuthenticator",
    "Client",
    "ClientConnection",
    "ConnectionClosed",
    "ConnectionLostError",
    "DigestAuth",
    "DigestAuthenticator",
    "DocumentData",
    "EndOfMessage",
    "FurtherMessage",
    "HTTPError",
    "HTTPLimits",
    "Headers",
    "Incoming",
    "IncomingDocument",
    "IncomingRequest",
    "InformationalResponse",
    "InsecureAuthError",
    "Job",
    "JobError",
    "LocalProtocolError",
    "NegotiationError",
    "Notification",
    "OperationError",
    "Page",
    "PageRequest",
    "Parts",
    "PhaseTimeoutError",
    "PinError",
    "ProbeResult",
    "Refusal",
    "RemoteProtocolError",
    "Reply",
    "Request",
    "RequestHead",
    "Response",
    "Server",
    "ServerConnection",
    "StatusError",
    "Timeouts",
    "UpgradeError",
    "make_server_context",
    "probe",
    "probe_async",
]

_HOMES = {
    "_negotiation": ("NegotiationError",),
    "async_client": ("AsyncAnswer", "AsyncClient"),
    "async_server": ("AsyncServer",),
    "auth": (
        "Auth",
        "Authenticator",
        "BasicAuth",
        "BasicAuthenticator",
        "BearerAuth",
        "BearerAuthenticator",
        "DigestAuth",
        "DigestAuthenticator",
        "InsecureAuthError",
    ),
    "client": ("Answer", "Client"),
    "client_connection": ("ClientConnection",),
    "errors": (
        "ConnectionLostError",
        "HTTPError",
        "LocalProtocolError",
        "PhaseTimeoutError",
        "PinError",
        "Refusal",
        "RemoteProtocolError",
        "StatusError",
        "UpgradeError",
    ),
    "events": (
        "NEED_DATA",
        "PAUSED",
        "ConnectionClosed",
        "DocumentData",
        "EndOfMessage",
        "FurtherMessage",
        "Headers",
        "InformationalResponse",
        "Request",
        "RequestHead",
        "Response",
    ),
    "jobs": ("AsyncJob", "Job", "JobError", "Notification", "OperationError"),
    "limits": ("HTTPLimits", "Timeouts"),
    "incoming": (
        "AsyncIncomingDocument",
        "AsyncIncomingRequest",
        "AsyncReply",
        "Incoming",
        "IncomingDocument",
        "IncomingRequest",
        "Page",
        "PageRequest",
        "Parts",
        "Reply",
    ),
    "probing": ("ProbeResult", "probe", "probe_async"),
    "server": ("Server",),
    "server_connection": ("ServerConnection",),
    "tls": ("TLS", "make_server_context"),
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
