"""What both ends of a connection have in common: input, and bodies in both directions.

The rule of this file: octets in, events out; no sockets, no clocks, no threads. Bodies do not go through h11, but
through `framing.py` and `writers.py`: h11 copies them, and takes longer for a small piece than a system call.
"""

from collections.abc import Callable

from ...codec import Message
from ...enums import Status
from ..errors import LocalProtocolError, RemoteProtocolError
from ..events import NEED_DATA, Buffer, DocumentData, EndOfMessage, Event, Headers
from ..limits import HTTPLimits
from .compression import CODINGS, Decompressor
from .framing import Framing, LengthFraming
from .messages import MessageReader
from .states import FOLLOWING, State
from .writers import Writer

__all__ = ["Connection", "content_coding", "media_type"]

_Source = Callable[[], Buffer | None]


class Connection:
    """The base of `ClientConnection` and `ServerConnection`."""

    def __init__(self, limits: HTTPLimits) -> None:
        self.limits = limits
        self._input = b""
        self._at = 0
        self._input_ended = False
        self._error: RemoteProtocolError | None = None
        self._writer: Writer | None = None  # while this side's body goes out
        self._reader: MessageReader | None = None  # while a message comes in
        self._state = State.PAUSED
        self._read: Callable[[], Event | None] = self._wait

    def receive_data(self, data: Buffer) -> None:
        """Take octets from the peer; no octets mean that it has closed its side.

        Before the next call, call `next_event` until it returns `NEED_DATA` or `PAUSED`. ``bytes`` are not copied.
        """
        if not data:
            self._input_ended = True
        elif self._at == len(self._input):
            self._input, self._at = bytes(data), 0
        else:
            self._input, self._at = self._input[self._at :] + bytes(data), 0

    def next_event(self) -> Event:
        """The next event. Raises RemoteProtocolError; once it has, it raises the same again."""
        if self._error is not None:
            raise self._error
        try:
            while True:
                event = self._read()
                if event is not None:
                    return event
        except RemoteProtocolError as error:
            self._error = error
            raise

    def _go(self, state: State) -> None:
        """Change the state, which says what to read next. `states.py` says which state may follow which."""
        if state not in FOLLOWING[self._state]:
            raise AssertionError(f"a connection goes from {self._state.name} to {state.name}")
        self._state = state
        self._read = getattr(self, state._value_)  # it returns None if it must be called again

    def _wait(self) -> Event | None:
        """What to report while nothing is to be read."""
        raise NotImplementedError

    def _message_complete(self, message: Message) -> Event:
        """The event for a complete message."""
        raise NotImplementedError

    # Bodies. The octets pass one or two stages: the framing is undone, then the Content-Encoding if there is one.

    def _begin_body(self, framing: Framing, coding: str | None) -> None:
        self._framing = framing
        self._plain = coding is None
        self._read_octets: _Source = self._unframe
        if coding is not None:
            self._read_octets = _undo(self._unframe, Decompressor(coding, self.limits), framing)

    def _unframe(self) -> Buffer | None:
        """The next octets of the body; None if more input is needed or the body has ended."""
        framing, data = self._framing, self._input
        while not framing.ended:
            if self._at < len(data):
                octets, self._at = framing.take(data, self._at)
                if octets:
                    return octets
            elif self._input_ended:
                framing.close()
            else:
                break
        return None

    def _begin_message(self, reader: MessageReader) -> None:
        self._reader = reader
        self._go(State.MESSAGE)

    def _read_message(self) -> Event | None:
        octets = self._read_octets()
        if octets is None and not self._framing.ended:
            return NEED_DATA
        assert self._reader is not None
        message = self._reader.close() if octets is None else self._reader.feed(octets)
        if message is None:
            return None
        event = self._message_complete(message)
        unused, self._reader = self._reader.unused, None
        self._begin_document(unused, _compression_of(message))
        return event

    def _begin_document(self, first: bytes, coding: str | None) -> None:
        """Read the document next. first: its first octets, which came with the message. coding: its compression."""
        read_octets, framing = self._read_octets, self._framing

        def read() -> Buffer | None:
            nonlocal first
            if first:
                octets, first = first, b""
                return octets
            return read_octets()

        self._read_document: _Source = read
        if coding is not None:
            self._plain = False
            self._read_document = _undo(read, Decompressor(coding, self.limits), framing)
        self._document_size = 0
        self._go(State.DOCUMENT)

    def _next_of_document(self) -> Event | None:
        octets = self._read_document()
        if octets is not None:
            self._document_size += len(octets)
            limit = self.limits.document
            if limit is not None and self._document_size > limit:
                too_large = Status.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE
                raise RemoteProtocolError(413, f"a document of over {limit} octets", ipp_status=too_large)
            return DocumentData(octets)
        if not self._framing.ended:
            return NEED_DATA
        self._end_body()
        return EndOfMessage()

    def _end_body(self) -> None:
        raise NotImplementedError

    @property
    def bare_octets(self) -> int:
        """How many octets come next that are the document's as they are, so that they need not pass through here.

        Call `skip` for those that went another way. It is 0 while other events have to come first.
        """
        framing, limit = self._framing, self.limits.document
        if (
            not isinstance(framing, LengthFraming)
            or not self._plain
            or self._state is not State.DOCUMENT
            or not self._document_size  # the octets that came with the message are still waiting
            or self._at < len(self._input)
            or self._input_ended
            or (limit is not None and self._document_size + framing.left > limit)
        ):
            return 0
        return framing.left

    def skip(self, count: int) -> None:
        """Note that this many of the `bare_octets` have gone another way."""
        assert isinstance(self._framing, LengthFraming)
        self._framing.skip(count)
        self._document_size += count

    # Sending.

    def send_data(self, *pieces: Buffer) -> list[Buffer]:
        """Send octets of the document. They are returned uncopied; several pieces make one chunk.

        A piece may be anything that has a length, such as a placeholder for part of a file that ``sendfile`` sends.
        Raises LocalProtocolError if no document was announced, or a shorter one.
        """
        if self._writer is None:
            raise LocalProtocolError("no body may be sent now")
        return self._writer.write(*pieces)

    def end(self) -> list[Buffer]:
        """End the document. Raises LocalProtocolError if a longer one was announced."""
        if self._writer is None:
            raise LocalProtocolError("there is no body to end")
        buffers = self._writer.end()
        self._writer = None
        return buffers


def _undo(source: _Source, decompressor: Decompressor, framing: Framing) -> _Source:
    """A source that gives the octets of another source decompressed."""
    fed = False

    def read() -> Buffer | None:
        nonlocal fed
        while True:
            octets: Buffer | None = decompressor.read()
            if octets:
                return octets
            octets = source()
            if octets is None:
                if framing.ended and fed:
                    decompressor.close()
                return None
            fed = True
            decompressor.feed(octets)

    return read


def _compression_of(message: Message) -> str | None:
    """The document's compression, if it can be undone (RFC 8011 section 5.4.32); otherwise None."""
    for group in message.groups[:1]:
        attribute = group.get("compression")
        if attribute is not None and attribute.values[0] in CODINGS:
            return str(attribute.values[0])
    return None


def content_coding(headers: Headers) -> str | None:
    """The body's Content-Encoding (RFC 9110 section 8.4). Raises RemoteProtocolError for one that cannot be undone."""
    if headers.get("content-encoding") is None:
        return None
    codings = headers.tokens("content-encoding") - {"identity"}
    if not codings:
        return None
    if len(codings) == 1 and codings <= CODINGS:
        return codings.pop()
    raise RemoteProtocolError(
        415, "a Content-Encoding that is not supported", headers=[("Accept-Encoding", "gzip, deflate")]
    )


def media_type(headers: Headers) -> str | None:
    """The Content-Type without parameters, in lower case; None if there is none."""
    value = headers.get("content-type")
    return None if value is None else value.partition(";")[0].strip().lower()
