"""Requests of pycups to a CUPS server: over one connection, which is made anew if it has ended, with credentials and
TLS.

The rule of this file: every failure on the way is an IPPError, as from the library, with the status code that CUPS'
clients use for it, and with words of ours or of HTTP, never a page of the server. A status code above
successful-ok-conflicting-attributes is an IPPError too.
"""

import ssl
import threading
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import quote

from ... import Attribute, AttributeGroup, DecodeError, EncodeError, Message, MessageDecoder, ValueTag, decode, encode
from ...http import TLS, ConnectionLostError, HTTPError, InsecureAuthError, PinError
from ...tags import DelimiterTag
from . import settings, trust
from .constants import (
    HTTP_ENCRYPT_ALWAYS,
    HTTP_ENCRYPT_NEVER,
    HTTP_ENCRYPT_REQUIRED,
    IPP_AUTHENTICATION_CANCELED,
    IPP_BAD_REQUEST,
    IPP_FORBIDDEN,
    IPP_INTERNAL_ERROR,
    IPP_NOT_AUTHENTICATED,
    IPP_NOT_FOUND,
    IPP_OK_CONFLICT,
    IPP_OPERATION_NOT_SUPPORTED,
    IPP_PKI_ERROR,
    IPP_REQUEST_ENTITY,
    IPP_SERVICE_UNAVAILABLE,
    IPP_UPGRADE_REQUIRED,
    IPP_VERSION_NOT_SUPPORTED,
)
from .credentials import Credentials
from .errors import IPPError, ippErrorString
from .wire import Reply, Sink, Wire

__all__ = ["Request", "Transport", "check", "from_http", "to_int", "to_text"]

_ATTEMPTS = 8
"""How many times one request is sent at most: TLS, the local user, three passwords and a stale nonce each cost one."""
_CONTINUE_SECONDS = 1.0
_PIECE = 262_144
_MOST_KEPT = 64
_HTTP = {
    400: IPP_BAD_REQUEST,
    401: IPP_AUTHENTICATION_CANCELED,
    403: IPP_FORBIDDEN,
    404: IPP_NOT_FOUND,
    413: IPP_REQUEST_ENTITY,
    426: IPP_UPGRADE_REQUIRED,
    501: IPP_OPERATION_NOT_SUPPORTED,
    505: IPP_VERSION_NOT_SUPPORTED,
}


def to_text(value: object) -> str:
    """A str, or the UTF-8 of one. Raises TypeError for anything else."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, str):
        raise TypeError("unicode or bytes object required")
    return value


def to_int(value: object) -> int:
    """A number of IPP. Raises TypeError and OverflowError as the library's arguments do."""
    if not isinstance(value, int):
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
    if not -(2**31) <= value < 2**31:
        raise OverflowError(f"signed integer is {'greater than maximum' if value > 0 else 'less than minimum'}")
    return int(value)


def check(answer: Message, *, words: bool = False) -> Message:
    """The answer, if it is successful. Otherwise raises IPPError; words: with the server's words, if there are any."""
    if answer.code <= IPP_OK_CONFLICT:
        return answer
    description = ippErrorString(answer.code)
    if words and answer.groups and "status-message" in answer.groups[0]:
        description = str(answer.groups[0]["status-message"].values[0])
    raise IPPError(int(answer.code), description)


def from_http(status: int) -> IPPError:
    """The exception for an HTTP status, with one of CUPS' status codes."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = f"HTTP status {status}"
    return IPPError(_HTTP.get(status, IPP_SERVICE_UNAVAILABLE), phrase)


class Request:
    """One request that is on its way, over a wire of its own. reply: what the server has answered already."""

    def __init__(self, wire: Wire, reply: Reply | None = None) -> None:
        self.wire = wire
        self._reply = reply

    def write(self, piece: bytes) -> bool:
        """Send octets of the document. Returns whether the server still listens; if not, `finish` says why."""
        if self._reply is not None:
            return False
        with _as_ipp_errors:
            return not piece or self.wire.send_piece(piece)

    def finish(self) -> Reply:
        """End the document, and read the response."""
        if self._reply is not None:
            return self._reply
        with _as_ipp_errors:
            self.wire.send_piece(b"")
            reply = self.wire.reply()
            self.wire.close()
            return reply

    def abort(self) -> None:
        """Give the document up, and the connection with it."""
        self.wire.close()


class _Splitter:
    """A file to write an answer to: the message is kept, and what follows it goes into another file."""

    def __init__(self, into: BinaryIO) -> None:
        self.message: Message | None = None
        self._decoder = MessageDecoder()
        self._into = into

    def write(self, piece: Any, /) -> None:
        if self.message is not None:
            self._into.write(piece)
            return
        self.message = self._decoder.feed(piece)
        if self.message is not None:
            self._into.write(self._decoder.unused)


class Transport:
    """A server: where it is, and how requests get there.

    host, port, encryption: by default those of `settings`; a host with a leading slash is a domain socket. tls: whom to
    trust, see `ippfast.http.TLS`; without it, `trust` decides. Raises RuntimeError if it cannot connect.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        encryption: int | None = None,
        *,
        tls: TLS | None = None,
    ) -> None:
        given = settings.getServer() if host is None else to_text(host)
        path = given if given.startswith("/") else None
        self._host = "localhost" if path is not None else given
        self._port = settings.getPort() if port is None else to_int(port)
        self._encryption = settings.getEncryption() if encryption is None else to_int(encryption)
        if path is not None:
            self._encryption = HTTP_ENCRYPT_NEVER  # only the owner of the host could listen in there
        self._tls = tls
        self._wire = Wire(self._host, self._port, path)
        self._credentials = Credentials(self._ask_password)
        self._lock = threading.RLock()
        self._encoded: dict[Any, bytes] = {}
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._authority = f"{host}:{self._port}"
        common = f"Host: {'localhost' if path is not None else self._authority}\r\nUser-Agent: ippfast"
        self._common = {True: f"{common}\r\nContent-Type: application/ipp", False: common}
        try:
            self._wire.connect()
        except OSError as error:
            raise RuntimeError("failed to connect to server") from error

    def __repr__(self) -> str:
        return f"<cups.Connection object for {self._wire.path or self._host} at 0x{id(self):x}>"

    def __del__(self) -> None:
        if hasattr(self, "_lock"):
            self.close()

    def close(self) -> None:
        """Close what is open; the next request opens it anew. The library does so only when it is deleted."""
        with self._lock:
            self._wire.close()

    def _uri(self, path: str, name: str | bytes = "") -> str:
        """The URI of an object of the server: a path, and the name of a printer, class or job."""
        quoted = "" if name == "" else quote(to_text(name), safe="")
        return f"ipp://{self._authority}{path}{quoted}"

    def _ask_password(self, method: str, resource: str) -> str | None:
        function = settings.current.password
        if function is None:
            return None
        prompt = f"Password for {settings.getUser()} on {self._host}? "
        if settings.current.password_is_new:
            answer = function(prompt, self, method, resource, *settings.current.password_context)
        else:
            answer = function(prompt)
        return None if answer is None else to_text(answer)

    def _octets(self, operation: int, uri: str | None, *attributes: tuple[str, ValueTag, Any]) -> bytes:
        """A request that is sent again and again, encoded once for each user. attributes: what `Attribute` takes."""
        key = operation, uri, attributes, settings.getUser()
        octets = self._encoded.get(key)
        if octets is None:
            if len(self._encoded) > _MOST_KEPT:
                self._encoded.clear()
            made = [Attribute(name, tag, list(v) if isinstance(v, tuple) else v) for name, tag, v in attributes]
            octets = self._encoded[key] = encode_checked(self._message(operation, uri, *made))
        return octets  # another thread may have cleared it from the cache

    def _message(
        self,
        operation: int,
        uri: str | None,
        *attributes: Attribute,
        job: list[Attribute] | None = None,
        printer: list[Attribute] | None = None,
        subscription: list[Attribute] | None = None,
    ) -> Message:
        """A request. attributes: further operation attributes, of which the last of a name counts.

        uri: the target; None: the server as a whole, and no user is named, as libcups does.
        """
        given = [
            Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
            Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
        ]
        if uri is not None:
            name = "job-uri" if "/jobs/" in uri else "printer-uri"
            given.append(Attribute(name, ValueTag.URI, uri))
            given.append(Attribute("requesting-user-name", ValueTag.NAME, settings.getUser()))
        given += attributes
        groups = [AttributeGroup(DelimiterTag.OPERATION, {each.name: each for each in given}.values())]
        for tag, more in (
            (DelimiterTag.JOB, job),
            (DelimiterTag.PRINTER, printer),
            (DelimiterTag.SUBSCRIPTION, subscription),
        ):
            if more:
                groups.append(AttributeGroup(tag, {each.name: each for each in more}.values()))
        return Message((2, 0), operation, 1, groups)

    # One request after the other.

    def _send(self, resource: str, message: Message | bytes, document: BinaryIO | None = None) -> Message:
        """The answer, whatever it is. message: or its octets, if no document follows. Raises IPPError if none comes."""
        if document is not None:
            assert isinstance(message, Message)
            return self._send_document(resource, message, document)
        with self._lock, _as_ipp_errors:
            wire = self._wire
            octets = encode(message) if isinstance(message, Message) else message
            self._credentials.begin()
            for _ in range(_ATTEMPTS):
                reply = self._exchange(wire, "POST", resource, octets)
                if not self._again(wire, reply, "POST", resource):
                    break
            return read_answer(reply)

    def _send_document(self, resource: str, message: Message, document: BinaryIO) -> Message:
        """As `_send`. cupsd reads a document to its end before it asks for credentials, if its policy does."""
        self._credentials.begin()
        for _ in range(_ATTEMPTS):
            request = self._start(resource, message, anew=False)
            try:
                while piece := document.read(_PIECE):
                    if not request.write(piece):
                        break
                reply = request.finish()
            except BaseException:
                request.abort()
                raise
            with self._lock, _as_ipp_errors:
                if not self._again(request.wire, reply, "POST", resource):
                    break
            document.seek(0)
        return read_answer(reply)

    def _start(self, resource: str, message: Message, *, anew: bool = True) -> Request:
        """Begin a request whose document follows, over a connection of its own. anew: whether no credentials were tried
        for it yet.

        Before the document is sent, the server is asked whether it wants it (RFC 9110 section 10.1.1).
        """
        wire = Wire(self._wire.host, self._wire.port, self._wire.path)
        octets = encode_checked(message)
        with self._lock, _as_ipp_errors:
            try:
                if anew:
                    self._credentials.begin()
                for _ in range(_ATTEMPTS):
                    self._connect(wire)
                    lines = (*self._lines("POST", resource), "Expect: 100-continue")
                    wire.send("POST", resource, lines, octets, more=True)
                    if not wire.answered(_CONTINUE_SECONDS):
                        break
                    reply = wire.reply()
                    wire.close()  # half a request is on it
                    if not self._again(wire, reply, "POST", resource):
                        read_answer(reply)
                        return Request(wire, reply)
            except BaseException:
                wire.close()
                raise
        return Request(wire)

    def _exchange(
        self,
        wire: Wire,
        method: str,
        resource: str,
        octets: bytes,
        into: Sink | None = None,
        headers: tuple[str, ...] = (),
    ) -> Reply:
        """Send a request, and read its response. Over a connection that has ended meanwhile, send it again."""
        while True:
            self._connect(wire)
            used = wire.used
            lines = self._lines(method, resource) + headers
            try:
                wire.send(method, resource, lines, octets)
                return wire.reply(into)
            except (OSError, HTTPError) as error:
                wire.close()
                # The server may end an old connection just while a request is sent.
                if not (used and isinstance(error, (ConnectionError, ConnectionLostError))):
                    raise

    def _lines(self, method: str, resource: str) -> tuple[str, ...]:
        """The header lines of a request, in which those that never change are one text."""
        common = self._common[method == "POST"]
        authorization = self._credentials.header(method, resource)
        return (common,) if authorization is None else (common, f"Authorization: {authorization}")

    def _again(self, wire: Wire, reply: Reply, method: str, resource: str) -> bool:
        """Whether a response asks for something that another attempt can give: credentials, or TLS."""
        if reply.status == 401:
            lines = reply.headers.get_all("www-authenticate")
            return self._credentials.challenge(wire, lines, method, resource)
        if reply.status == 426 and not wire.secure and self._encryption != HTTP_ENCRYPT_NEVER and wire.path is None:
            self._encryption = HTTP_ENCRYPT_REQUIRED
            wire.close()
            return True
        return False

    def _connect(self, wire: Wire) -> None:
        """Make the connection, unless it is there and good, with TLS if that is wanted."""
        wanted = self._encryption in (HTTP_ENCRYPT_REQUIRED, HTTP_ENCRYPT_ALWAYS)
        quiet = wire.is_quiet
        if quiet and wire.secure >= wanted:
            return
        if not quiet or wire.used:
            wire.connect()
        if not wanted:
            return
        try:
            if self._encryption == HTTP_ENCRYPT_REQUIRED:
                host = f"Host: {self._authority}"
                wire.send("OPTIONS", "*", (host, "Connection: Upgrade", "Upgrade: TLS/1.2"))
                if wire.reply().status != 101:
                    raise IPPError(IPP_UPGRADE_REQUIRED, "the server has no TLS")
            certificate = wire.start_tls(trust.context_of(self._tls))
            trust.check(certificate, wire.host, wire.port, self._tls)
            if self._encryption == HTTP_ENCRYPT_REQUIRED:
                wire.reply()  # to OPTIONS
        except BaseException:
            wire.close()
            raise

    def _fetch(self, resource: str, message: Message, into: BinaryIO) -> Message:
        """The answer to a request, and what follows it in a file."""
        splitter = _Splitter(into)
        with self._lock, _as_ipp_errors:
            octets = encode(message)
            self._credentials.begin()
            for _ in range(_ATTEMPTS):
                reply = self._exchange(self._wire, "POST", resource, octets, into=splitter)
                if not self._again(self._wire, reply, "POST", resource):
                    break
            if reply.status != 200:
                raise from_http(reply.status)
            if splitter.message is None:
                raise IPPError(IPP_INTERNAL_ERROR, "the answer is not an IPP message")
            return splitter.message

    def _http(
        self, method: str, resource: str, body: bytes = b"", into: Sink | None = None, headers: tuple[str, ...] = ()
    ) -> Reply:
        """The response to GET or PUT. Raises IPPError if there is none."""
        with self._lock, _as_ipp_errors:
            self._credentials.begin()
            for _ in range(_ATTEMPTS):
                reply = self._exchange(self._wire, method, resource, body, into, headers)
                if not self._again(self._wire, reply, method, resource):
                    break
            return reply

    def _do(self, resource: str, operation: int, uri: str | None, *attributes: Attribute, **groups: Any) -> Message:
        """The answer to a request. Raises IPPError if it is not successful."""
        return check(self._send(resource, self._message(operation, uri, *attributes, **groups)))


def encode_checked(message: Message) -> bytes:
    """Encode a message. Raises IPPError for one that cannot be encoded, such as with a text that is too long."""
    with _as_ipp_errors:
        return encode(message)


def read_answer(reply: Reply) -> Message:
    """The message of a response. Raises IPPError if there is none."""
    if reply.status != 200:
        raise from_http(reply.status)
    try:
        return decode(reply.body)
    except DecodeError as error:
        raise IPPError(IPP_INTERNAL_ERROR, f"the answer is not an IPP message: {error}") from error


class _AsIPPErrors:
    """A context that turns every failure on the way into an IPPError.

    It is a class, since a generator as a context takes some microseconds more, which counts for a small request.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None and (found := _ipp_error(error)) is not None:
            raise found from error


def _ipp_error(error: BaseException) -> IPPError | None:
    """What the library raises for an error of ours; None for all else."""
    match error:
        case EncodeError():
            return IPPError(IPP_BAD_REQUEST, str(error))
        case DecodeError():
            return IPPError(IPP_INTERNAL_ERROR, f"the answer is not an IPP message: {error}")
        case InsecureAuthError():
            return IPPError(IPP_NOT_AUTHENTICATED, str(error))
        case PinError():
            return IPPError(IPP_PKI_ERROR, f"another certificate than the one that came first: {error}")
        case ssl.SSLError():
            return IPPError(IPP_PKI_ERROR, f"no TLS: {error}")
        case ConnectionError() | ConnectionLostError():
            return IPPError(IPP_INTERNAL_ERROR, str(error))
        case HTTPError() | OSError():
            return IPPError(IPP_SERVICE_UNAVAILABLE, str(error))
    return None


_as_ipp_errors = _AsIPPErrors()
