"""What a client decides, in threads or asyncio: reuse of connections, retries, challenges, the way to TLS, negotiation.

The rule of this file: it is written once, as coroutines that await a `Channel` and a `Shell` and nothing else. Those of
`AsyncClient` wait in asyncio's loop; those of `Client` block instead of waiting, so that `run` can carry out the
coroutine. A request is sent again only if nothing can be done twice. After TLS, nothing is sent without it.
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
"""How many times at most one request is sent because of challenges, such as a 426, a 401 and a stale nonce."""

_CHALLENGE_SECONDS = 30.0
"""How many seconds to wait for the response to the request before a document: a Canon wakes in 18 s."""

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
        self._version: Version | None = version  # the newest that the printer takes; None: not known yet
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
        self._unasked = False  # whether the server did not challenge the request before a document
        # How connections get TLS; None: not at all. It never becomes None again.
        self._way: Literal["direct", "upgrade"] | None = None
        if endpoint.secure:
            self._way = "direct"
        elif upgrade == "required":
            self._way = "upgrade"
        self._kept: list[_Channel] = []

    @property
    def secure(self) -> bool:
        """Whether the next request is sent with TLS."""
        return self._way is not None

    @property
    def version(self) -> Version | None:
        """The IPP version that the printer was found to take, or that was wanted."""
        return self._version or TAKEN.get(self._given[0])

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was repaired in the responses so far: at most `_MOST_ISSUES`, each once and without its offset."""
        return tuple(self._issues.copy())  # a copy: another thread may add some meanwhile

    def note(self, issues: Iterable[Issue]) -> None:
        """Remember what was repaired in a response."""
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
        """Send a request. Returns the connection, which still has the response's document, and the response.

        in_parts: tell the server that it may answer with several messages. The response has the first.

        Raises StatusError for another HTTP status than 200, as `Client.send` says.
        """
        end, pause = time.monotonic() + self._patience, _FIRST_PAUSE
        settled = not self._negotiate
        while True:
            known = self._negotiate and await self._agree()
            asked = self._adapted(message)
            channel, response = await self._ask_in_version(asked, outgoing, progress, target, timeouts, in_parts)
            if not settled and known and _disagrees(response) and outgoing.rewind():
                # What was found is no longer right.
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
        """Send a request in its own version, and return any response, with its text if it is no IPP.

        It is sent again after a challenge or to get TLS, as always, but for no other reason.
        """
        channel, response = await self._ask_once(message, outgoing, None, target, None, False)
        if response.message is None:
            return None, response, await self._read_text(channel)
        self.note(response.issues)
        return channel, response, ""

    async def ask_at(self, message: Message, target: str) -> Message:
        """Send a request to another target, and return the response. Raises StatusError, as `ask`."""
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
        """Read the unwanted rest of a response, and keep the connection."""
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
        """Keep the connection for the next request, if possible. The response has been read to its end."""
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
        """Send a request. While the response says that only the version can be wrong, send it again in an older one."""
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
        # If something else was wrong, the response to the original request describes it best.
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
        """Send a request, and send it again after each challenge that can be answered."""
        to = target, timeouts or self.timeouts
        given = self._auth is not None and self._authorization(target or self.endpoint.target) is None
        # If the server did not challenge before, a document that can be sent again need not wait.
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
        """Get the challenge by a harmless request, so that no document is sent in vain. If no response comes, go on."""
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
            except RemoteProtocolError:  # this is no challenge
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
        """Act on a challenge, or on a demand for TLS. Returns whether the request may succeed if it is sent again."""
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
            # The credentials may be shared with another client, which was challenged.
            again = again or (not self._challenged and self._auth.header("POST", self.endpoint.target) is not None)
            self._challenged = True
            return again
        return False

    def _authorization(self, target: str) -> str | None:
        """The credentials. They are sent only after a challenge on a connection on which they may be sent."""
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
        """Send a request and read the response, on a kept connection if there is one."""

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
                # The server may have closed it while it was idle, or after it had carried out the request.
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
            pass  # some servers close the connection after a request that they do not know
        except BaseException:
            channel.close()
            raise
        channel.close()
        try:
            channel = await self.shell.connect(self.endpoint, timeouts, secure=True)
        except (ssl.SSLCertVerificationError, PinError):
            raise  # there is TLS, but with the wrong server
        except (OSError, HTTPError) as error:
            raise UpgradeError(f"the server neither upgrades to TLS nor begins with it: {error}") from error
        self._way = "direct"
        return channel

    async def _upgrade_channel(self, channel: _Channel) -> bool:
        """Ask for TLS by ``OPTIONS *`` (RFC 2817 section 3.2). Returns whether the connection now has TLS."""
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
        """The beginning of a body for people. The connection is kept if the body is short."""
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
    """The same time-outs, but bounded: for a request whose response is not needed."""

    def bounded(seconds: float | None) -> float:
        return _CHALLENGE_SECONDS if seconds is None else min(seconds, _CHALLENGE_SECONDS)

    return replace(
        timeouts,
        first_octet=bounded(timeouts.first_octet),
        answer=bounded(timeouts.answer),
        idle=bounded(timeouts.idle),
    )


def _disagrees(response: Response) -> bool:
    """Whether the path or the version is wrong, so that nothing was done."""
    if response.message is None:
        return response.status == 404
    return response.message.code == Status.SERVER_ERROR_VERSION_NOT_SUPPORTED


def _is_busy(response: Response) -> bool:
    """Whether the request was not carried out, but may be if it is sent again later."""
    if response.message is None:
        return response.status == 503
    return response.message.code == Status.SERVER_ERROR_BUSY


def _retry_after(response: Response) -> float | None:
    """After how many seconds to send it again, if the server says so (RFC 9110 section 10.2.3)."""
    text = (response.headers.get("retry-after") or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - time.time())
