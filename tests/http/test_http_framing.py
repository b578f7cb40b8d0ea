"""Bodies end where RFC 9112 sections 6.3 and 7.1 say, however the octets arrive; anything doubtful is refused.

h11 is the independent reader where both accept. All is told of each twin of `gather`.
"""

from collections.abc import Iterator

import h11
import pytest
from http_conversations import chunked, cuts
from hypothesis import given
from hypothesis import strategies as st
from implementations import IMPLEMENTATIONS, Implementation

from ippfast.http import ConnectionLostError, HTTPLimits, RemoteProtocolError
from ippfast.http._wire.framing import ChunkedFraming, CloseFraming, Framing, LengthFraming

LIMITS = HTTPLimits()


@pytest.fixture(scope="module", params=IMPLEMENTATIONS, ids=repr, autouse=True)
def twin(request: pytest.FixtureRequest) -> Iterator[None]:
    chosen: Implementation = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ippfast.http._wire.framing.gather", chosen.gather)
        yield


def take_all(framing: Framing, pieces: list[bytes]) -> tuple[bytes, bytes]:
    """The body, and what follows it."""
    body, rest = b"", b""
    for piece in pieces:
        at = 0
        while at < len(piece) and not framing.ended:
            octets, at = framing.take(piece, at)
            body += octets
        rest += piece[at:]
    return body, rest


@given(body=st.binary(max_size=200), sizes=st.lists(st.integers(1, 60)), places=st.lists(st.integers(0, 2000)))
def test_chunks_however_cut(body: bytes, sizes: list[int], places: list[int]) -> None:
    framing = ChunkedFraming(LIMITS)
    assert take_all(framing, cuts(chunked(body, sizes) + b"POST ", places)) == (body, b"POST ")
    assert framing.ended


@given(
    sizes=st.lists(st.sampled_from([1, 3, 16_383, 16_384, 16_385, 40_000]), max_size=5),
    places=st.lists(st.integers(0, 250_000)),
)
def test_large_chunks(sizes: list[int], places: list[int]) -> None:
    body = bytes(range(251)) * (sum(sizes) // 251 + 1)
    framing = ChunkedFraming(LIMITS)
    assert take_all(framing, cuts(chunked(body, sizes) + b"X", places)) == (body, b"X")


def test_large_pieces_are_not_copied() -> None:
    data = b"10000\r\n" + bytes(65_536) + b"\r\n0\r\n\r\n"
    octets, at = ChunkedFraming(LIMITS).take(data, 0)
    assert isinstance(octets, memoryview)
    assert octets.obj is data
    assert (len(octets), at) == (65_536, 65_536 + 7)
    whole = bytes(1000)
    assert LengthFraming(1000).take(whole, 0)[0] is whole


def test_small_chunks_come_together() -> None:
    data = chunked(b"abc" * 1000, [7] * 500)
    octets, _ = ChunkedFraming(LIMITS).take(data, 0)
    assert octets == b"abc" * 1000


ACCEPTED = {
    "leading zeros": b"0005\r\nAAAAA\r\n0\r\n\r\n",
    "upper and lower case": b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "all digits": b"".join(b"%02X\r\n%b\r\n" % (size, bytes(size)) for size in range(1, 256)) + b"0\r\n\r\n",
    "16 digits": b"000000000000000A\r\n0123456789\r\n000000000000000a\r\n0123456789\r\n0\r\n\r\n",
    "extensions between": b"1\r\nA\r\n1;x\r\nB\r\n1\r\nC\r\n0\r\n\r\n",
    "extension": b'5;a="b c";d\r\nAAAAA\r\n0;last\r\n\r\n',
    "several zeros": b"5\r\nAAAAA\r\n000\r\n\r\n",
    "trailers": b"5\r\nAAAAA\r\n0\r\nX-A: 1\r\nContent-Length: 9\r\n\r\n",
    "nothing": b"0\r\n\r\n",
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    data = ACCEPTED[name]
    expected = h11.Connection(h11.SERVER)
    expected.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + data)
    body = b""
    while not isinstance(event := expected.next_event(), h11.EndOfMessage):
        body += event.data if isinstance(event, h11.Data) else b""
    for pieces in ([data + b"NEXT"], [bytes([octet]) for octet in data] + [b"NEXT"]):
        assert take_all(ChunkedFraming(LIMITS), pieces) == (body, b"NEXT")


REFUSED = {
    "no CRLF after the data (CVE-2025-43859)": b"5\r\nAAAAAXX2\r\n45\r\n0\r\n\r\n",
    "LF for CRLF after the size": b"5\nAAAAA\r\n0\r\n\r\n",
    "LF for CRLF after the data": b"5\r\nAAAAA\n0\r\n\r\n",
    "LF in an extension": b"5;a\nb\r\nAAAAA\r\n0\r\n\r\n",
    "CR in an extension": b"5;a\rb\r\nAAAAA\r\n0\r\n\r\n",
    "NUL in an extension": b"5;\0\r\nAAAAA\r\n0\r\n\r\n",
    "17 digits": b"00000000000000005\r\nAAAAA\r\n0\r\n\r\n",
    "sign": b"+5\r\nAAAAA\r\n0\r\n\r\n",
    "minus": b"-1\r\n\r\n",
    "0x": b"0x5\r\nAAAAA\r\n0\r\n\r\n",
    "underscore": b"1_0\r\n0123456789012345\r\n0\r\n\r\n",
    "space after the size": b"5 \r\nAAAAA\r\n0\r\n\r\n",
    "space before the size": b" 5\r\nAAAAA\r\n0\r\n\r\n",
    "space before an extension": b"5 ;a\r\nAAAAA\r\n0\r\n\r\n",
    "no size": b"\r\nAAAAA",
    "extension without size": b";a\r\n",
    "chunk line over the limit": b"5;" + b"a" * 255 + b"\r\nAAAAA\r\n0\r\n\r\n",
    "endless chunk line": b"5;" + b"a" * 100_000,
    "endless trailers": b"0\r\n" + b"a: b\r\n" * 1000,
    "endless trailer": b"0\r\na: " + b"b" * 10_000,
    "trailer without colon": b"0\r\nabc\r\n\r\n",
    "trailer with LF": b"0\r\na: b\nc: d\r\n\r\n",
    "trailer folded": b"0\r\na: b\r\n c\r\n\r\n",
    "one octet a chunk": b"1\r\nA\r\n" * 100_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    data = REFUSED[name]
    for pieces in ([data], [bytes([octet]) for octet in data]):
        with pytest.raises(RemoteProtocolError) as caught:
            take_all(ChunkedFraming(LIMITS), pieces)
        assert caught.value.status == 400
        assert not isinstance(caught.value, ConnectionLostError)


def test_three_octets_a_chunk_are_not_too_small() -> None:
    assert take_all(ChunkedFraming(LIMITS), [b"3\r\nAAA\r\n" * 50_000]) == (b"A" * 150_000, b"")


def test_chunks_of_any_announced_size_allocate_nothing() -> None:
    framing = ChunkedFraming(LIMITS)
    assert take_all(framing, [b"FFFFFFFFFFFFFFFF\r\nabc"]) == (b"abc", b"")
    assert not framing.ended


@given(body=st.binary(max_size=50), places=st.lists(st.integers(0, 60)))
def test_length(body: bytes, places: list[int]) -> None:
    framing = LengthFraming(len(body))
    assert take_all(framing, cuts(body + b"NEXT", places)) == (body, b"NEXT")
    assert framing.ended


@pytest.mark.parametrize("cut", range(len(b"5\r\nAAAAA\r\n0\r\nA: b\r\n\r\n")))
def test_chunks_that_end_early(cut: int) -> None:
    framing = ChunkedFraming(LIMITS)
    take_all(framing, [b"5\r\nAAAAA\r\n0\r\nA: b\r\n\r\n"[:cut]])
    assert not framing.ended
    with pytest.raises(ConnectionLostError):
        framing.close()


def test_length_that_ends_early() -> None:
    framing = LengthFraming(5)
    take_all(framing, [b"AAA"])
    with pytest.raises(ConnectionLostError, match="2 octets early"):
        framing.close()


def test_until_the_end() -> None:
    framing = CloseFraming()
    assert take_all(framing, [b"abc", b"def"]) == (b"abcdef", b"")
    assert not framing.ended
    framing.close()
    assert framing.ended
