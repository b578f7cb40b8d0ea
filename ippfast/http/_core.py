"""What a client decides, whatever moves its octets: reuse, retries, challenges, the way to TLS, negotiation.

The rule of this file: it is written once, as coroutines that await a `Channel` and a `Shell` and nothing else. Those of
`AsyncClient` wait in asyncio's loop; those of `Client` block instead of waiting, and `run` carries the coroutine
through. A request is sent again only where that cannot do anything twice, and what has been TLS never becomes plain.
"""

import copy
import email.utils
import ssl
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from ..codec import Message
from ..enums import Operation, Status
from ._negotiation import forget, known, negotiate, remember
from ._outgoing import AsyncDocument, Outgoing
from .auth import Auth
from .client_connection import ClientConnection
from .errors import (
    ConnectionLostError,
    HTTPError,
    PhaseTimeoutError,
    PinError,
    RemoteProtocolError,
    StatusError,
    UpgradeError,
)
from .events import Buffer, DocumentData, EndOfMessage, Event, InformationalResponse, Response
from .limits import Timeouts
from .uri import Endpoint, printer_uri

__all__ = ["Channel", "Core", "Patience", "Progress", "Rest", "Shell", "Upgrade", "run", "within"]

_TEXT_SIZE = 4_096
_KEPT = 4
_REST_SECONDS = 10.0
_ATTEMPTS = 4
"""How often a request is sent in answer to challenges: a 426, a 401, a stale nonce, and another."""

_IDEMPOTENT = frozenset(
    operation for operation in Operation if operation.name.startswith("GET_") or operation is Operation.VALIDATE_JOB
) - {Operation.GET_NEXT_DOCUMENT_DATA}

_ACCEPT = ("Accept", "application/ipp, multipart/related")  # for Event Wait Mode (RFC 3996 section 5.2)

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0

Progress: TypeAlias = Callable[[int, int | None], object]
"""Called with the octets of the document sent so far, and its length, None where that is not known."""

Upgrade: TypeAlias = Literal["never", "if-requested", "required"]

_Result = TypeVar("_Result")


def within(seconds: float | None, deadline: float | None) -> float | None:
    """The seconds that may be waited for, which end at the deadline."""
    if deadline is None:
        return seconds
    left = max(0.001, deadline - time.monotonic())
    return left if seconds is None else min(seconds, left)


def run(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Carry out a coroutine that never waits, because whatever it awaits blocks instead."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: _Result = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine of a blocking client waits for a loop")


class Patience:
    """How long one event is waited for. phase: ``"first octet"`` for a response, ``"idle"`` for what follows it."""

    def __init__(self, timeouts: Timeouts, phase: str) -> None:
        self._timeouts = timeouts
        self._end: float | None = None
        self.phase = phase

    def began(self) -> None:
        """Octets have come."""
        if self.phase == "first octet":
            if self._timeouts.answer is not None:
                self._end = time.monotonic() + self._timeouts.answer
            self.phase = "idle"

    def seconds(self) -> float | None:
        """For the next octets; None without end. Raises PhaseTimeoutError where there is no time left."""
        if self.phase == "first octet":
            return self._timeouts.first_octet
        idle = self._timeouts.idle
        if self._end is None:
            return idle
        left = self._end - time.monotonic()
        self.phase = "answer" if idle is None or left < idle else "idle"
        if left <= 0:
            raise self.over()
        return left if self.phase == "answer" else idle

    def over(self) -> PhaseTimeoutError:
        """What says that nothing came in time."""
        return PhaseTimeoutError(self.phase, getattr(self._timeouts, self.phase.replace(" ", "_")))


class Rest:
    """What is left of a response that nobody wants: read, to keep the connection, if it is short and comes soon."""

    def __init__(self, octets: int = 4 * 1024 * 1024) -> None:
        self._left = octets
        self._end = time.monotonic() + _REST_SECONDS

    def is_too_long(self, piece: Buffer) -> bool:
        """Whether it is better to close the connection."""
        self._left -= len(piece)
        return self._left < 0 or time.monotonic() > self._end


class Channel(Protocol):
    """One connection to the server. Its methods raise as `Client.send` says.

    secure: whether it has TLS; tls_version: such as ``"TLSv1.3"``. timeouts: those of the current exchange. deadline:
    until when, by `time.monotonic`, all is to be done.
    """

    connection: ClientConnection
    secure: bool
    tls_version: str | None
    timeouts: Timeouts
    deadline: float | None

    async def send(self, buffers: Iterable[Buffer]) -> None:
        """Send all of them."""
        ...

    async def exchange(
        self,
        message: Message | None,
        outgoing: Outgoing,
        progress: Progress | None,
        *,
        target: str,
        host: str,
        headers: Iterable[tuple[str, str]],
        expect: bool,
    ) -> Response:
        """Send one request and read up to the final response, which may come before all is sent."""
        ...

    async def next_event(self, phase: str) -> Event:
        """The next event but `NEED_DATA`. phase: which time-out counts until it comes."""
        ...

    async def start_tls(self) -> None:
        """Go on with TLS."""
        ...

    async def is_quiet(self) -> bool:
        """Whether nothing came since the last response: neither octets nor the end."""
        ...

    def close(self) -> None:
        """Be done with it, at once and whatever is going on."""
        ...


_Channel = TypeVar("_Channel", bound=Channel)
_Made = TypeVar("_Made", bound=Channel, covariant=True)


class Shell(Protocol[_Made]):
    """What a client does that is no decision."""

    async def connect(self, endpoint: Endpoint, timeouts: Timeouts, *, secure: bool) -> _Made:
        """Make a connection. Raises OSError and its kind where there is none to be had."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...

    async def open(self, document: AsyncDocument | None) -> Outgoing:
        """Open a document."""
        ...


class Core(Generic[_Channel]):
    """The decisions of one client. The arguments are those of `Client`."""

    def __init__(
        self,
        shell: Shell[_Channel],
        endpoint: Endpoint,
        *,
        auth: Auth | None,
        timeouts: Timeouts,
        headers: Iterable[tuple[str, str]],
        expect_continue: bool,
        upgrade: Upgrade,
        patience: float,
        negotiate: bool = False,
    ) -> None:
        if upgrade not in ("never", "if-requested", "required"):
            raise ValueError(f"upgrade is 'never', 'if-requested' or 'required', not {upgrade!r}")
        self.shell = shell
        self.endpoint = endpoint
        self.uri = printer_uri(endpoint)
        self.timeouts = timeouts
        self.deadline: float | None = None
        self.asked: str | None = None  # the last target of `ask_at`
        self.tls_version: str | None = None
        self._given = endpoint, self.uri  # before anything is negotiated
        self._negotiate = negotiate
        self._version: tuple[int, int] | None = None
        self._auth = auth
        self._headers = tuple(headers)
        self._expect_continue = expect_continue
        self._upgrade = upgrade
        self._patience = patience
        self._challenged = False
        # How connections get TLS; None: they do not. It never becomes None again.
        self._way: Literal["direct", "upgrade"] | None = None
        if endpoint.secure:
            self._way = "direct"
        elif upgrade == "required":
            self._way = "upgrade"
        self._kept: list[_Channel] = []

    @property
    def secure(self) -> bool:
        """Whether the next request goes out with TLS."""
        return self._way is not None

    @property
    def awaits_challenge(self) -> bool:
        """Whether there are credentials, and nobody has asked for them."""
        return self._auth is not None and not self._challenged

    def take_kept(self) -> list[_Channel]:
        """The connections that were kept, to be closed."""
        kept, self._kept = self._kept, []
        return kept

    async def ask(
        self,
        message: Message,
        outgoing: Outgoing,
        progress: Progress | None = None,
        *,
        target: str | None = None,
        timeouts: Timeouts | None = None,
        in_parts: bool = False,
    ) -> tuple[_Channel, Response]:
        """Send a request and give its response, and the connection that the response's document is still on.

        in_parts: say that several messages may come in answer, of which the response is the first.

        Raises StatusError for another HTTP status than 200, as `Client.send` says.
        """
        end, pause = time.monotonic() + self._patience, _FIRST_PAUSE
        settled = not self._negotiate
        while True:
            known = self._negotiate and await self._agree()
            asked = self._adapted(message)
            channel, response = await self._ask_once(asked, outgoing, progress, target, timeouts, in_parts)
            if not settled and known and _disagrees(response) and outgoing.rewind():
                # What was found is not so any more.
                settled = True
                self._disagree()
                await self._read_text(channel)
                continue
            if not _is_busy(response):
                break
            seconds = _retry_after(response)
            if seconds is None:
                seconds, pause = pause, min(2 * pause, _LONGEST_PAUSE)
            if time.monotonic() + seconds > end or not outgoing.rewind():
                break
            await self._read_text(channel)
            await self.shell.sleep(seconds)
        if response.message is None:
            raise StatusError(response.status, response.headers, await self._read_text(channel))
        return channel, response

    async def ask_at(self, message: Message, target: str) -> Message:
        """Send a request to another target, and give the response. Raises StatusError, as `ask`."""
        self.asked = target
        channel, response = await self._ask_once(message, Outgoing(None), None, target, None, False)
        self.tls_version = channel.tls_version
        if response.message is None:
            raise StatusError(response.status, response.headers, await self._read_text(channel))
        await self.finish(channel)
        return response.message

    async def _agree(self) -> bool:
        """Find path and version, unless they are known. Returns whether they were known."""
        if self._version is not None:
            return True
        endpoint, _ = self._given
        found = known(endpoint)
        was_known = found is not None
        if found is None:
            found = await negotiate(self.ask_at, endpoint)
            remember(endpoint, found)
        self.endpoint = endpoint._replace(target=found.target)
        self.uri = printer_uri(self.endpoint)
        self._version = found.version
        return was_known

    def _disagree(self) -> None:
        endpoint, uri = self._given
        forget(endpoint)
        self.endpoint, self.uri, self._version = endpoint, uri, None

    def _adapted(self, message: Message) -> Message:
        """The message with the version and the printer-uri that were agreed on."""
        version = message.version if self._version is None else min(message.version, self._version)
        _, uri = self._given
        groups = list(message.groups)
        target = groups[0].get("printer-uri") if groups else None
        if self.uri != uri and target is not None and target.values == (uri,):
            groups[0] = copy.copy(groups[0])
            groups[0]["printer-uri"] = self.uri
        elif version == message.version:
            return message
        return Message(version, message.code, message.request_id, groups)

    async def finish(self, channel: _Channel) -> None:
        """Read the rest of a response, which nobody wants, and keep the connection."""
        try:
            rest = Rest()
            while not isinstance(event := await channel.next_event("idle"), EndOfMessage):
                if isinstance(event, DocumentData) and rest.is_too_long(event.data):
                    break
        except BaseException:
            channel.close()
            raise
        self.keep(channel)

    def keep(self, channel: _Channel) -> None:
        """The response was read to its end: keep the connection for the next request, if that is possible."""
        wanted = channel.secure == self.secure and len(self._kept) < _KEPT
        if wanted and channel.connection.reusable:
            self._kept.append(channel)
        else:
            channel.close()

    async def _ask_once(
        self,
        message: Message,
        outgoing: Outgoing,
        progress: Progress | None,
        target: str | None,
        timeouts: Timeouts | None,
        in_parts: bool,
    ) -> tuple[_Channel, Response]:
        """Send a request; again after each challenge that can be met."""
        to = target or self.endpoint.target, timeouts or self.timeouts
        if self._auth is not None and outgoing.length != 0 and self._authorization(to[0]) is None:
            await self._be_challenged(*to)
        attempt = 1
        while True:
            channel, response = await self._exchange(message, outgoing, progress, *to, in_parts=in_parts)
            try:
                if not self._meet(channel, response) or attempt == _ATTEMPTS or not outgoing.rewind():
                    return channel, response
                await self._read_text(channel)
            except BaseException:
                channel.close()
                raise
            attempt += 1

    async def _be_challenged(self, target: str, timeouts: Timeouts) -> None:
        """Send an empty request, which carries out nothing, for no document should go out in vain."""
        for _ in range(2):
            try:
                channel, response = await self._exchange(None, Outgoing(None), None, target, timeouts)
            except RemoteProtocolError:  # what is no answer is no challenge either
                return
            try:
                self._meet(channel, response)
                await self._read_text(channel)
            except BaseException:
                channel.close()
                raise
            if response.status != 426:
                return

    def _meet(self, channel: _Channel, response: Response) -> bool:
        """Meet a challenge. Returns whether there was one, and the request may succeed now."""
        if response.status == 426 and not self.secure and self._upgrade != "never":
            self._way = "upgrade"
            return True
        if response.status == 401 and self._auth is not None:
            lines = response.headers.get_all("www-authenticate")
            again = self._auth.challenge(lines, secure=channel.secure)
            # Credentials that are used elsewhere too may have been asked for there.
            again = again or (not self._challenged and self._auth.header("POST", self.endpoint.target) is not None)
            self._challenged = True
            return again
        return False

    def _authorization(self, target: str) -> str | None:
        """The credentials. They go out only after a challenge on a connection that they may go out on."""
        return self._auth.header("POST", target) if self._auth is not None and self._challenged else None

    async def _exchange(
        self,
        message: Message | None,
        outgoing: Outgoing,
        progress: Progress | None,
        target: str,
        timeouts: Timeouts,
        *,
        in_parts: bool = False,
    ) -> tuple[_Channel, Response]:
        """Send one request and read up to the response, on a kept connection if there is one."""

        async def send(channel: _Channel) -> tuple[_Channel, Response]:
            lines = list(self._headers)
            if in_parts:
                lines.append(_ACCEPT)
            authorization = self._authorization(target)
            if authorization is not None:
                lines.append(("Authorization", authorization))
            channel.timeouts, channel.deadline = timeouts, self.deadline
            try:
                response = await channel.exchange(
                    message,
                    outgoing,
                    progress,
                    target=target,
                    host=self.endpoint.authority,
                    headers=lines,
                    expect=self._expect_continue,
                )
            except BaseException:
                channel.close()
                raise
            return channel, response

        kept = await self._take_kept()
        if kept is not None:
            try:
                return await send(kept)
            except ConnectionLostError:
                # The server may have closed it while it was idle. What it did before that, nobody knows.
                if outgoing.length != 0 or (message is not None and message.code not in _IDEMPOTENT):
                    raise
        return await send(await self._connect(timeouts))

    async def _take_kept(self) -> _Channel | None:
        while self._kept:
            try:
                channel = self._kept.pop()
            except IndexError:  # another thread was faster
                break
            if channel.secure == self.secure and await channel.is_quiet():
                return channel
            channel.close()
        return None

    async def _connect(self, timeouts: Timeouts) -> _Channel:
        """A new connection, with TLS where the next request needs it."""
        if self._way != "upgrade":
            return await self.shell.connect(self.endpoint, timeouts, secure=self.secure)
        channel = await self.shell.connect(self.endpoint, timeouts, secure=False)
        try:
            if await self._upgrade_channel(channel):
                return channel
        except (RemoteProtocolError, ConnectionError, ssl.SSLEOFError):
            pass  # some servers close the connection on what they do not know
        except BaseException:
            channel.close()
            raise
        channel.close()
        try:
            channel = await self.shell.connect(self.endpoint, timeouts, secure=True)
        except (ssl.SSLCertVerificationError, PinError):
            raise  # there is TLS, but not with whom it should be
        except (OSError, HTTPError) as error:
            raise UpgradeError(f"the server neither upgrades to TLS nor begins with it: {error}") from error
        self._way = "direct"
        return channel

    async def _upgrade_channel(self, channel: _Channel) -> bool:
        """Ask for TLS by ``OPTIONS *`` (RFC 2817 section 3.2). Returns whether the connection has it, and goes on."""
        await channel.send(channel.connection.send_upgrade(host=self.endpoint.authority))
        phase = "first octet"
        while True:
            event = await channel.next_event(phase)
            if isinstance(event, InformationalResponse) and event.status == 101:
                await channel.start_tls()
            elif isinstance(event, Response):
                if not channel.secure:
                    return False
                phase = "idle"
            elif isinstance(event, EndOfMessage):
                return channel.connection.reusable

    async def _read_text(self, channel: _Channel) -> str:
        """The beginning of a body that is for people; the connection is kept if the body is short."""
        text, rest = b"", Rest(_TEXT_SIZE)
        try:
            while isinstance(event := await channel.next_event("idle"), DocumentData):
                text += event.data
                if rest.is_too_long(event.data):
                    break
        except (OSError, RemoteProtocolError):
            pass
        except BaseException:
            channel.close()
            raise
        self.keep(channel)
        return text[:_TEXT_SIZE].decode("utf-8", "replace").strip()


def _disagrees(response: Response) -> bool:
    """Whether path or version are wrong, so that nothing was done."""
    if response.message is None:
        return response.status == 404
    return response.message.code == Status.SERVER_ERROR_VERSION_NOT_SUPPORTED


def _is_busy(response: Response) -> bool:
    """Whether the request was not carried out, and may be if it is sent again later."""
    if response.message is None:
        return response.status == 503
    return response.message.code == Status.SERVER_ERROR_BUSY


def _retry_after(response: Response) -> float | None:
    """The seconds until then, where the server says it (RFC 9110 section 10.2.3)."""
    text = (response.headers.get("retry-after") or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - time.time())
