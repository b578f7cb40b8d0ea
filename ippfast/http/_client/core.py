"""What a client decides, whatever moves its octets: reuse, retries, challenges, the way to TLS, negotiation.

The rule of this file: it is written once, as coroutines that await a `Channel` and a `Shell` and nothing else. Those of
`AsyncClient` wait in asyncio's loop; those of `Client` block instead of waiting, and `run` carries the coroutine
through. A request is sent again only if that cannot do anything twice, and what has been TLS never becomes plain.
"""

import copy
import email.utils
import ssl
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Generic, Literal, TypeAlias, TypeVar

from ...codec import Message
from ...enums import Operation, Status
from ...issues import Issue
from ..auth import Auth
from ..errors import (
    ConnectionLostError,
    HTTPError,
    PhaseTimeoutError,
    PinError,
    RemoteProtocolError,
    StatusError,
    UpgradeError,
)
from ..events import DocumentData, EndOfMessage, InformationalResponse, Response
from ..limits import Timeouts
from ..uri import Endpoint, printer_uri, redirection
from .challenges import harmless
from .channels import Channel, Progress, Rest, Shell
from .negotiation import FOUND, negotiate
from .outgoing import Outgoing
from .versions import TAKEN, VERSIONS, Version, older, refuses

__all__ = ["Core", "Upgrade"]

_TEXT_SIZE = 4_096
_KEPT = 4
_ATTEMPTS = 4
"""How many times one request is sent in answer to challenges: a 426, a 401, a stale nonce, and another."""

_CHALLENGE_SECONDS = 30.0
"""How many seconds to wait for the answer to the question before a document: a Canon wakes in 18 s."""

_IDEMPOTENT = frozenset(
    operation for operation in Operation if operation.name.startswith("GET_") or operation is Operation.VALIDATE_JOB
) - {Operation.GET_NEXT_DOCUMENT_DATA}

_MOST_ISSUES = 1_000

_ACCEPT = ("Accept", "application/ipp, multipart/related")  # for Event Wait Mode (RFC 3996 section 5.2)

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0

Upgrade: TypeAlias = Literal["never", "if-requested", "required"]

_Channel = TypeVar("_Channel", bound=Channel)


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
        strict: bool = False,
        version: Version | None = None,
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
        self._wanted = version
        self._version: Version | None = version  # the newest that is taken; None: nobody knows yet
        self._agreed = False
        self._settled = False  # whether the printer takes the version that requests have
        self._auth = auth
        self._headers = tuple(headers)
        self._expect_continue = expect_continue
        self._upgrade = upgrade
        self._patience = patience
        self._strict = strict
        self._issues: dict[Issue, None] = {}
        self._challenged = False
        self._unasked = False  # whether a question before a document was met with no challenge
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
    def version(self) -> Version | None:
        """The IPP version that the printer was found to take, or that was wanted."""
        return self._version or TAKEN.get(self._given[0])

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was repaired in the answers so far, each once and without its offset, the first `_MOST_ISSUES` of it."""
        return tuple(self._issues.copy())  # at once: another thread may note some meanwhile

    def note(self, issues: Iterable[Issue]) -> None:
        """Remember what was repaired in an answer."""
        for issue in issues:
            if len(self._issues) < _MOST_ISSUES:
                self._issues.setdefault(issue._replace(offset=None))

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
            channel, response = await self._ask_in_version(asked, outgoing, progress, target, timeouts, in_parts)
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
        self.note(response.issues)
        return channel, response

    async def ask_as_it_is(
        self, message: Message, outgoing: Outgoing, target: str | None
    ) -> tuple[_Channel | None, Response, str]:
        """Send a request in the version that it has, and give whatever response comes; and its text, if it is no IPP.

        A challenge and a way to TLS are met, as always; nothing else is tried again.
        """
        channel, response = await self._ask_once(message, outgoing, None, target, None, False)
        if response.message is None:
            return None, response, await self._read_text(channel)
        self.note(response.issues)
        return channel, response, ""

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
        if self._agreed:
            return True
        endpoint, _ = self._given
        found = FOUND.get(endpoint) if self._wanted is None else None
        was_known = found is not None
        if found is None:
            found = await negotiate(self.ask_at, endpoint, VERSIONS if self._wanted is None else (self._wanted,))
            if self._wanted is None:
                FOUND.put(endpoint, found)
        self.endpoint = self.endpoint._replace(target=found.target)
        self.uri = printer_uri(endpoint._replace(target=found.target))
        self._version, self._agreed = found.version, True
        return was_known

    def _disagree(self) -> None:
        endpoint, uri = self._given
        FOUND.forget(endpoint)
        self.endpoint, self.uri = self.endpoint._replace(target=endpoint.target), uri
        self._version, self._agreed = self._wanted, False

    def _adapted(self, message: Message) -> Message:
        """The message with the version and the printer-uri that were agreed on, or wanted."""
        version = self._wanted or min(message.version, self.version or message.version)
        _, uri = self._given
        if self.uri == uri and version == message.version:
            return message
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

    async def _ask_in_version(
        self,
        message: Message,
        outgoing: Outgoing,
        progress: Progress | None,
        target: str | None,
        timeouts: Timeouts | None,
        in_parts: bool,
    ) -> tuple[_Channel, Response]:
        """Send a request; in older versions too, while the answer is that nothing but the version can be wrong."""
        first: Response | None = None
        while True:
            channel, response = await self._ask_once(message, outgoing, progress, target, timeouts, in_parts)
            if self._negotiate or self._wanted is not None:
                return channel, response
            if not refuses(message, response, settled=self._settled):
                if first is not None:
                    TAKEN.put(self._given[0], message.version)
                self._settled = self._settled or (response.message is not None and response.message.succeeded)
                return channel, response
            first, version = first or response, older(message.version)
            if version is None or not outgoing.rewind():
                break
            await self._read_text(channel)
            message = Message(version, message.code, message.request_id, message.groups)
        # What was wrong if not the version, the answer to the request as it was says best.
        self._settled = version is None
        return channel, first if first.message is None or response.message is not None else response

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
        to = target, timeouts or self.timeouts
        given = self._auth is not None and self._authorization(target or self.endpoint.target) is None
        # Where nobody asked once, a document that can be sent again need not wait.
        if given and outgoing.length != 0 and not (self._unasked and outgoing.repeatable):
            await self._be_challenged(message, *to)
            self._unasked = True
        attempt = 1
        while True:
            channel, response = await self._exchange(message, outgoing, progress, *to, in_parts=in_parts)
            try:
                if not self._meet(channel, response, message, target) or attempt == _ATTEMPTS or not outgoing.rewind():
                    return channel, response
                await self._read_text(channel)
            except BaseException:
                channel.close()
                raise
            attempt += 1

    async def _be_challenged(self, message: Message, target: str | None, timeouts: Timeouts) -> None:
        """Ask what changes nothing, for no document should go out in vain. Without an answer it goes out anyway."""
        question = harmless(message)
        if question is None:
            return
        for _ in range(2):
            try:
                channel, response = await self._exchange(question, Outgoing(None), None, target, _soon(timeouts))
            except PhaseTimeoutError as error:
                if error.phase == "connect":
                    raise
                return
            except RemoteProtocolError:  # what is no answer is no challenge either
                return
            try:
                met = self._meet(channel, response, question, target)
                await self._read_text(channel)
            except BaseException:
                channel.close()
                raise
            if not met or response.status == 401:
                return

    def _meet(self, channel: _Channel, response: Response, message: Message, target: str | None) -> bool:
        """Meet a challenge, or a way to TLS. Returns whether there was one, and the request may succeed now."""
        if not self.secure and self._upgrade != "never":
            if response.status == 426:
                self._way = "upgrade"
                return True
            there = redirection(self.endpoint, response.status, response.headers.get("location"))
            if there is not None and message.code in _IDEMPOTENT and target in (None, there.target):
                self.endpoint, self._way = there, "direct"
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
        message: Message,
        outgoing: Outgoing,
        progress: Progress | None,
        target: str | None,
        timeouts: Timeouts,
        *,
        in_parts: bool = False,
    ) -> tuple[_Channel, Response]:
        """Send one request and read up to the response, on a kept connection if there is one."""

        async def send(channel: _Channel) -> tuple[_Channel, Response]:
            lines = list(self._headers)
            if in_parts:
                lines.append(_ACCEPT)
            path = target or self.endpoint.target
            authorization = self._authorization(path)
            if authorization is not None:
                lines.append(("Authorization", authorization))
            channel.timeouts, channel.deadline = timeouts, self.deadline
            channel.connection.strict = self._strict
            try:
                response = await channel.exchange(
                    message,
                    outgoing,
                    progress,
                    target=path,
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
                if outgoing.length != 0 or message.code not in _IDEMPOTENT:
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
        """A new connection, with TLS if the next request needs it."""
        if self._way != "upgrade":
            return await self.shell.connect(self.endpoint, timeouts, secure=self.secure)
        channel = await self.shell.connect(self.endpoint, timeouts, secure=False)
        try:
            if await self._upgrade_channel(channel):
                return channel
        except (RemoteProtocolError, ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
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


def _soon(timeouts: Timeouts) -> Timeouts:
    """The same, but bounded: for a question that need not be answered."""

    def bounded(seconds: float | None) -> float:
        return _CHALLENGE_SECONDS if seconds is None else min(seconds, _CHALLENGE_SECONDS)

    return replace(
        timeouts,
        first_octet=bounded(timeouts.first_octet),
        answer=bounded(timeouts.answer),
        idle=bounded(timeouts.idle),
    )


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
    """The seconds until then, if the server says it (RFC 9110 section 10.2.3)."""
    text = (response.headers.get("retry-after") or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - time.time())
