"""What the transport's tests say and hear: requests, responses, and the events of a connection that is fed them.

The rule of this file: it reads no socket and no clock; what it makes is right unless a test says otherwise.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag
from ippfast.enums import Operation, Status
from ippfast.http import (
    NEED_DATA,
    PAUSED,
    ClientConnection,
    ConnectionClosed,
    DocumentData,
    RemoteProtocolError,
    ServerConnection,
)
from ippfast.http.events import Buffer, Event

__all__ = [
    "ANSWER",
    "PRINT_JOB",
    "chunked",
    "cuts",
    "events_of",
    "joined",
    "post",
    "print_job",
    "response",
    "wire",
]


def print_job(*attributes: Attribute, operation: int = Operation.PRINT_JOB) -> Message:
    """A request with the attributes that each begins with (RFC 8011 section 4.1.4), and some more."""
    group = [
        Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
        Attribute("printer-uri", ValueTag.URI, "ipp://localhost/ipp/print"),
        Attribute("requesting-user-name", ValueTag.NAME, "tester"),
        *attributes,
    ]
    return Message((2, 0), operation, 4711, [AttributeGroup(DelimiterTag.OPERATION, group)])


PRINT_JOB = print_job()
ANSWER = Message(
    (2, 0),
    Status.SUCCESSFUL_OK,
    4711,
    [
        AttributeGroup(
            DelimiterTag.OPERATION,
            [
                Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
                Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
            ],
        ),
        AttributeGroup(DelimiterTag.JOB, [Attribute("job-id", ValueTag.INTEGER, 7)]),
    ],
)


def chunked(body: bytes, sizes: Iterable[int]) -> bytes:
    """A body in chunks of these sizes and one of the rest (RFC 9112 section 7.1)."""
    wire, at = b"", 0
    for size in [*sizes, len(body)]:
        piece = body[at : at + size]
        at += len(piece)
        if piece:
            wire += b"%x\r\n%b\r\n" % (len(piece), piece)
    return wire + b"0\r\n\r\n"


def post(
    body: bytes, *, chunks: Sequence[int] | None = None, headers: Sequence[str] = (), version: str = "1.1"
) -> bytes:
    """A request with this body, in chunks where their sizes are given."""
    framing = f"Content-Length: {len(body)}" if chunks is None else "Transfer-Encoding: chunked"
    lines = [
        f"POST /ipp/print HTTP/{version}",
        "Host: localhost:631",
        "Content-Type: application/ipp",
        framing,
        *headers,
    ]
    head = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
    return head + (body if chunks is None else chunked(body, chunks))


def response(body: bytes, *, chunks: Sequence[int] | None = None, headers: Sequence[str] = ()) -> bytes:
    """A 200 with this body."""
    framing = f"Content-Length: {len(body)}" if chunks is None else "Transfer-Encoding: chunked"
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/ipp", framing, *headers]
    head = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
    return head + (body if chunks is None else chunked(body, chunks))


def cuts(whole: bytes, places: Iterable[int]) -> list[bytes]:
    """The octets in pieces, cut at these places."""
    edges = sorted({0, len(whole), *(place % (len(whole) + 1) for place in places)})
    return [whole[start:end] for start, end in pairwise(edges)]


def events_of(
    connection: ServerConnection | ClientConnection, pieces: Iterable[bytes]
) -> list[Event | RemoteProtocolError]:
    """All events that the pieces bring but `NEED_DATA`. An error, `PAUSED` or `ConnectionClosed` is the last."""
    events: list[Event | RemoteProtocolError] = []
    for piece in pieces:
        connection.receive_data(piece)
        while True:
            try:
                event = connection.next_event()
            except RemoteProtocolError as error:
                return [*events, error]
            if event is NEED_DATA:
                break
            events.append(event)
            if event is PAUSED or isinstance(event, ConnectionClosed):
                return events
    return events


def joined(events: Iterable[Event | RemoteProtocolError]) -> list[object]:
    """The events with neighbouring `DocumentData` as one ``bytes``, and each error as its status and reason."""
    result: list[object] = []
    for event in events:
        if isinstance(event, DocumentData):
            assert event.data
            if result and isinstance(result[-1], bytes):
                result[-1] += bytes(event.data)
            else:
                result.append(bytes(event.data))
        elif isinstance(event, RemoteProtocolError):
            result.append((event.status, event.reason))
        else:
            result.append(event)
    return result


def wire(buffers: Iterable[Buffer]) -> bytes:
    """What goes out."""
    return b"".join(buffers)


# ---- What is sent to other projects' programs ----

DOCUMENT = b"%PDF-1.4\n% with end tags \x03\x03\x03\n" + bytes(range(256)) * 1_000 + b"%%EOF\n"
PDF = Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, "application/pdf")


def request(uri: str, operation: int, *attributes: Attribute) -> Message:
    """A Print-Job, or another operation with its attributes, for this URI."""
    message = print_job(*attributes, operation=operation)
    message.groups[0]["printer-uri"] = uri
    return message
