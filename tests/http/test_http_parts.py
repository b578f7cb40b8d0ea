"""Answers in parts, multipart/related (RFC 3996 section 5.2): each response arrives when it is given, as a reader of
MIME's own takes it apart.
"""

import email
import email.policy
import threading
from collections.abc import Iterator

import h11
from http_conversations import ANSWER, PRINT_JOB, post
from http_servers import SECONDS, connect
from http_shells import Serving

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag, decode, encode
from ippfast.http import IncomingRequest, Parts


def message(number: int) -> Message:
    """A response that can be told from others, with what looks like a delimiter in it."""
    text = Attribute("notify-text", ValueTag.TEXT, f"event {number}\r\n--\r\n")
    return Message((2, 0), 0, 4711, [*ANSWER.groups, AttributeGroup(DelimiterTag.EVENT_NOTIFICATION, [text])])


def parts_of(content_type: str, body: bytes) -> list[Message]:
    """The messages of a body, as the standard library reads MIME."""
    whole = email.message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=email.policy.HTTP)
    assert whole.get_content_type() == "multipart/related"
    assert whole.get_param("type") == "application/ipp"
    parts = list(whole.iter_parts())
    assert [part.get_content_type() for part in parts] == ["application/ipp"] * len(parts)
    payloads = [part.get_payload(decode=True) for part in parts]
    octets = [payload for payload in payloads if isinstance(payload, bytes)]
    assert [int(part["content-length"]) for part in parts] == [len(each) for each in octets]
    return [decode(each) for each in octets]


def test_each_part_comes_when_it_is_given_and_is_closed_when_it_is_read(serving: Serving) -> None:
    go_on = threading.Event()

    def responses() -> Iterator[Message]:
        yield message(1)
        assert go_on.wait(SECONDS)
        yield message(2)

    def handler(request: IncomingRequest) -> Parts:
        return Parts(responses())

    with serving(handler) as server, connect(server) as client:
        client.sendall(post(encode(PRINT_JOB)))
        reader = h11.Connection(h11.CLIENT)
        reader.send(h11.Request(method="POST", target="/", headers=[("Host", "localhost"), ("Content-Length", "0")]))
        reader.send(h11.EndOfMessage())
        head, body, seen = None, b"", False
        while True:
            event = reader.next_event()
            if event is h11.NEED_DATA:
                reader.receive_data(client.recv(65_536))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                assert head is not None
                boundary = dict(head.headers)[b"content-type"].partition(b'boundary="')[2].rstrip(b'"')
                if body.count(b"--" + boundary) == 2 and not seen:  # the first part, and what ends it
                    seen = True
                    assert b"event 2" not in body
                    go_on.set()
            else:
                assert isinstance(event, h11.EndOfMessage)
                break
        assert head is not None
        content_type = dict(head.headers)[b"content-type"].decode()
    assert seen
    assert parts_of(content_type, body) == [message(1), message(2)]


def test_the_messages_are_closed_when_the_client_goes(serving: Serving) -> None:
    closed = threading.Event()

    def responses() -> Iterator[Message]:
        try:
            while True:
                yield message(1)
        finally:
            closed.set()

    with serving(lambda request: Parts(responses())) as server, connect(server) as client:
        client.sendall(post(encode(PRINT_JOB)))
        assert client.recv(100)
        client.close()
        assert closed.wait(SECONDS)
