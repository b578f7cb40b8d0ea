"""IPP over HTTP/1.1 (RFC 8010 section 4, RFC 9110, RFC 9112): octets in, events out, and shells that do the I/O.

The rule of this package: `ClientConnection` and `ServerConnection` know the protocol and never touch a socket; the
modules that move octets know no protocol. h11 reads the heads. Nothing here is loaded before it is used.

```
Client  AsyncClient  Job          Server  AsyncServer  IPPApplication     the shells, which wait
  tasks  watching  negotiation        session   listening                 decisions over several requests
        core                          service                             decisions for one request
  channels                            channel                             what a shell gives them: octets and time
  blocking  in_asyncio
  client_connection                   server_connection  server_side      octets in, events out
        connection  states  heads  framing  writers  compression  multipart
```

Where is the rule for ...

- what a connection reads next: `_wire/states.py`; how heads are read: `_wire/heads.py`
- where a body ends: `_wire/framing.py`; how a body is sent: `_wire/writers.py`
- what an answer is, and when it is repaired: `_wire/messages.py`; which version a printer takes: `_client/versions.py`
- answers in parts: `_wire/multipart.py`; compressed bodies and documents: `_wire/compression.py`
- what a request to a server may look like: `_server/server_side.py`
- in which order a server's hooks are asked, and how long it waits: `_server/session.py`
- which requests are web forms: `_server/server_side.py`; what a browser gets instead of a 426: `_server/session.py`
- who may connect: `_server/listening.py`; whose requests are accepted: `_server/service.py`, `auth.py`
- when a client sends again, follows, authenticates or gives up: `_client/core.py`
- what a client does in several requests (print, wait): `_client/tasks.py`; events: `_client/watching.py`
- which path and port a printer has: `_client/negotiation.py`; TLS and pins: `tls.py`
- sizes and times: `limits.py`; what goes wrong: `errors.py`; URIs: `uri.py`
"""

from .._lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._client.negotiation import NegotiationError
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
        AnswerError,
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
        Exchange,
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
        Wait,
    )
    from .jobs import AsyncJob, Job, JobError, Notification, OperationError
    from .limits import HTTPLimits, Timeouts
    from .probing import ProbeResult, probe, probe_async
    from .server import Server
    from .server_connection import ServerConnection
    from .systems import AsyncSystem, System
    from .tls import TLS, make_server_context

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "TLS",
    "Answer",
    "AnswerError",
    "AsyncAnswer",
    "AsyncClient",
    "AsyncIncomingDocument",
    "AsyncIncomingRequest",
    "AsyncJob",
    "AsyncReply",
    "AsyncServer",
    "AsyncSystem",
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
    "Exchange",
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
    "System",
    "Timeouts",
    "UpgradeError",
    "Wait",
    "make_server_context",
    "probe",
    "probe_async",
]

_HOMES = {
    "_client.negotiation": ("NegotiationError",),
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
        "AnswerError",
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
        "Exchange",
        "FurtherMessage",
        "Headers",
        "InformationalResponse",
        "Request",
        "RequestHead",
        "Response",
    ),
    "jobs": ("AsyncJob", "Job", "JobError", "Notification", "OperationError"),
    "systems": ("AsyncSystem", "System"),
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
        "Wait",
    ),
    "probing": ("ProbeResult", "probe", "probe_async"),
    "server": ("Server",),
    "server_connection": ("ServerConnection",),
    "tls": ("TLS", "make_server_context"),
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
