"""gzip and deflate, as Content-Encoding and as the "compression" attribute, undone as the octets arrive, within bounds.

The rule of this file: every request is fed at once and one octet at a time.
"""

import gzip
import zlib
from collections.abc import Callable

import h11
import pytest
from http_conversations import PRINT_JOB, events_of, joined, post, print_job, wire

from ippfast import Attribute, ValueTag, decode, encode
from ippfast.enums import Status
from ippfast.http import PAUSED, DocumentData, EndOfMessage, HTTPLimits, RemoteProtocolError, Request, ServerConnection

DOCUMENT = b"%PDF-1.4 with end tags \x03\x03" * 20
BODY = encode(PRINT_JOB) + DOCUMENT


def singly(octets: bytes) -> list[bytes]:
    return [bytes([octet]) for octet in octets]


def document_of(octets: bytes, limits: HTTPLimits | None = None) -> bytes:
    """The document of a request that is accepted."""
    whole = joined(events_of(ServerConnection(limits), [octets]))
    assert joined(events_of(ServerConnection(limits), singly(octets))) == whole
    _, request, *rest = whole
    assert isinstance(request, Request)
    assert rest[-2:] == [EndOfMessage(), PAUSED]
    document = rest[0] if len(rest) == 3 else b""
    assert isinstance(document, bytes)
    return document


def read_response(sent: bytes) -> tuple[h11.Response, bytes]:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(sent)
    response = client.next_event()
    assert isinstance(response, h11.Response)
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    return response, body


def raw_deflate(octets: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(octets) + stream.flush()


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": raw_deflate,
    "deflate in zlib's form": zlib.compress,
}


@pytest.mark.parametrize("name", COMPRESSIONS)
@pytest.mark.parametrize("chunks", [None, [1] * 30, [700]])
def test_content_encoding(name: str, chunks: list[int] | None) -> None:
    coding = f"Content-Encoding: {name.partition(' ')[0]}"
    octets = post(COMPRESSIONS[name](BODY), chunks=chunks, headers=[coding])
    assert document_of(octets) == DOCUMENT


def compressed(name: str, octets: bytes) -> bytes:
    """A body whose message says that the octets are compressed so."""
    attribute = Attribute("compression", ValueTag.KEYWORD, name.partition(" ")[0])
    return encode(print_job(attribute)) + octets


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compression_attribute(name: str) -> None:
    for document in (DOCUMENT, b"", bytes(300_000)):
        assert document_of(post(compressed(name, COMPRESSIONS[name](document)), chunks=[9, 500])) == document


def test_compression_attribute_without_document() -> None:
    assert document_of(post(compressed("gzip", b""))) == b""


@pytest.mark.parametrize("keyword", ["none", "compress", "x"])
def test_compression_that_cannot_be_undone_is_left(keyword: str) -> None:
    assert document_of(post(compressed(keyword, DOCUMENT))) == DOCUMENT


def test_both_compressions() -> None:
    body = gzip.compress(compressed("deflate", raw_deflate(DOCUMENT)))
    assert document_of(post(body, headers=["Content-Encoding: gzip"])) == DOCUMENT


def test_gzip_of_two_members() -> None:
    body = compressed("gzip", gzip.compress(DOCUMENT) + gzip.compress(b"more"))
    assert document_of(post(body)) == DOCUMENT + b"more"


BOMB = gzip.compress(bytes(4_000_000))
FAULTY = {
    "bomb by ratio": BOMB,
    "nothing of the kind": b"abcdefgh" * 10,
    "checksum": gzip.compress(DOCUMENT)[:-8] + bytes(8),
    "cut": gzip.compress(DOCUMENT)[:-1],
    "octets after": gzip.compress(DOCUMENT) + b"abc",
}


@pytest.mark.parametrize("name", FAULTY)
def test_faulty_compression(name: str) -> None:
    for pieces in ([post(compressed("gzip", FAULTY[name]))], singly(post(compressed("gzip", FAULTY[name])))):
        connection = ServerConnection()
        error = events_of(connection, pieces)[-1]
        assert isinstance(error, RemoteProtocolError)
        assert error.ipp_status == Status.CLIENT_ERROR_COMPRESSION_ERROR
        response, body = read_response(wire(connection.send_error(error)))
        assert (b"connection", b"close") in list(response.headers)
        assert decode(body).code == Status.CLIENT_ERROR_COMPRESSION_ERROR


def test_bomb_by_size() -> None:
    bomb = post(compressed("gzip", BOMB))
    unlimited = HTTPLimits(decompression_ratio=None)
    assert len(document_of(bomb, unlimited)) == 4_000_000
    limits = HTTPLimits(decompression_ratio=None, decompressed=1_000_000)
    events = events_of(ServerConnection(limits), [bomb])
    given_out = sum(len(event.data) for event in events if isinstance(event, DocumentData))
    assert given_out <= 1_000_000
    assert isinstance(events[-1], RemoteProtocolError)
    assert max(len(event.data) for event in events if isinstance(event, DocumentData)) <= 65_536


def test_message_in_a_bomb() -> None:
    octets = post(gzip.compress(encode(PRINT_JOB)[:-1] + b"\x04" * 20_000_000), headers=["Content-Encoding: gzip"])
    error = joined(events_of(ServerConnection(), [octets]))[-1]
    assert isinstance(error, tuple)
    assert error[0] == 413
