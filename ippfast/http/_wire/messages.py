"""Reads the message at the beginning of a body: a request strictly, a response with repairs.

The rule of this file: a server accepts what the codec accepts, and nothing else. A client repairs what a printer got
wrong, says what it repaired, and refuses the response to another request (RFC 8011 section 4.1.2).
"""

from ...codec import Message, MessageDecoder, walk
from ...errors import DecodeError, LimitError
from ...issues import Issue
from ...limits import Limits
from ...values import RawValue
from ..errors import AnswerError, RemoteProtocolError
from ..events import Buffer

__all__ = ["CONTENT_TYPE", "AnswerReader", "MessageReader"]

CONTENT_TYPE = "application/ipp"

_MAJOR_VERSIONS = (b"\x01", b"\x02")
"""The first octet of an IPP message, which a text cannot begin with (RFC 8010 section 3.1.1)."""

_UNTYPED = (CONTENT_TYPE, "application/octet-stream", None)
"""The Content-Types of responses of known printers; None: the line is missing."""

_LOOKED_AT = 262_144
"""The most octets of a message that is searched for values that do not fit their tags. A list of jobs may be longer."""

_GLANCED_AT = 2_048
"""A message of fewer octets is searched without the registry, which takes time to load."""

_PAGES = ("text/html", "application/xhtml+xml")


class MessageReader:
    """Feed it a body's octets until it gives the message; then `unused` are the first of the document.

    Its methods raise RemoteProtocolError if it is no message, or over the limits.
    """

    def __init__(self, limits: Limits) -> None:
        self._decoder = MessageDecoder(limits=limits)

    def feed(self, octets: Buffer) -> Message | None:
        """Take the next octets. Returns the message once it is complete."""
        try:
            return self._decoder.feed(octets)
        except LimitError as error:
            raise RemoteProtocolError(413, f"too large an IPP message: {error}") from error
        except DecodeError as error:
            raise RemoteProtocolError(400, f"no IPP message: {error}") from error

    def close(self) -> Message:
        """Say that no more octets come. Returns the message, or raises if there is none."""
        try:
            self._decoder.close()
        except DecodeError as error:
            raise RemoteProtocolError(400, f"no IPP message: {error}") from error
        raise AssertionError("the message was complete before")

    @property
    def unused(self) -> bytes:
        """The octets that followed the message in the last piece."""
        return self._decoder.unused


class AnswerReader(MessageReader):
    """As `MessageReader`, for the response to a request.

    request_id: the request's; None if the request had none. content_type: the Content-Type of the body, or None; if the
    octets look like IPP, it does not matter. strict: whether to repair nothing. issues: what was repaired. Its methods
    raise AnswerError if the body is not the response.
    """

    def __init__(self, limits: Limits, request_id: int | None, content_type: str | None, *, strict: bool) -> None:
        super().__init__(limits)
        self.issues: tuple[Issue, ...] = ()
        self._limits = limits
        self._request_id = request_id
        self._content_type = content_type
        self._strict = strict
        self._octets: list[Buffer] = []
        self._size = 0
        self._fault: DecodeError | None = None

    def feed(self, octets: Buffer) -> Message | None:
        """Take the next octets. After a fault they are only gathered, because the repair needs all of them."""
        if not self._octets:
            self._check_beginning(octets)
        self._octets.append(octets)
        self._size += len(octets)
        try:
            message = self._decoder.feed(octets) if self._fault is None else None
        except LimitError as error:
            raise AnswerError(f"too large an IPP message: {error}", self._body()) from error
        except DecodeError as error:
            self._fault, message = error, None
        if self._fault is not None and (self._strict or self._size > self._limits.max_octets):
            raise self._no_message(self._fault) from self._fault
        if message is None:
            return None
        if not self._answers(message):
            asked = f"its request-id is {message.request_id}, and not {self._request_id}"
            raise AnswerError(f"an answer to another request: {asked}", self._body(), answer=message)
        return message if self._strict else self._mended(message)

    def close(self) -> Message:
        """Say that no more octets come. Returns the repaired message."""
        if not self._octets:
            self._check_beginning(b"")
        if self._fault is None:
            try:
                self._decoder.close()
            except DecodeError as error:
                self._fault = error
        fault = self._fault
        assert fault is not None
        if self._strict:
            raise self._no_message(fault) from fault
        from ...recovery import recover  # imported here, since it loads the registry

        try:
            message, issues = recover(self._body(), limits=self._limits)
        except DecodeError:
            raise self._no_message(fault) from fault
        # `recover` makes a message of any octets, but hardly one with the request's request-id.
        if not self._answers(message):
            raise self._no_message(fault) from fault
        self.issues = tuple(issues)
        return message

    def _mended(self, message: Message) -> Message:
        """Repair a message that `decode` accepts, if values do not fit their tags."""
        size = self._size - len(self._decoder.unused)
        if size > _LOOKED_AT:
            return message
        if size < _GLANCED_AT and not any(isinstance(value, RawValue) for _, value in walk(message)):
            return message
        from ...recovery import recover  # in most messages a glance shows that nothing is to be repaired

        mended, issues = recover(self._body()[:size], limits=self._limits)
        self.issues = tuple(issues)
        return mended if issues else message

    @property
    def unused(self) -> bytes:
        """What came after the message; nothing if it was repaired, since nobody knows where it ends."""
        return b"" if self._fault is not None else self._decoder.unused

    def _answers(self, message: Message) -> bool:
        """Whether a message answers the request. A server that could not read the request-id may refuse with 0."""
        if self._request_id is None or message.request_id == self._request_id:
            return True
        return message.request_id == 0 and not message.succeeded

    def _check_beginning(self, octets: Buffer) -> None:
        """Raise AnswerError if the first octets and the Content-Type show that a body is no IPP."""
        first = bytes(octets[:64])
        page = first.lstrip().startswith(b"<") or (
            self._content_type in _PAGES and not first.startswith(_MAJOR_VERSIONS)
        )
        if page:
            words = "a web page"
        elif self._content_type in _UNTYPED or first.startswith(_MAJOR_VERSIONS):
            return
        else:
            words = f"an answer of the type {self._content_type!r}"
        hint = "is the path right? try ippfast probe HOST"
        raise AnswerError(f"the server answered with {words}: {hint}", bytes(octets), page=page)

    def _no_message(self, fault: DecodeError) -> AnswerError:
        return AnswerError(f"no IPP message: {fault}; 'ippfast capture' saves it as it is", self._body())

    def _body(self) -> bytes:
        return b"".join(self._octets)
