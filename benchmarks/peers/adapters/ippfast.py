"""ippfast, with whichever codec the environment chooses (IPPFAST_PURE)."""

import atexit
from collections.abc import Callable, Iterable
from functools import cached_property
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import ippfast
from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    Message,
    MessageDecoder,
    decode,
    encode,
    recover,
    request,
    response,
    validate,
    walk,
)

from ...messages import state_question
from . import DOCUMENT, JOB, NAMES_AND_VALUES, URI, Adapter, Posting

if TYPE_CHECKING:
    import asyncio

# A message as plain values: what a program holds before it makes one. A collection is a list of attributes.
PlainAttribute = tuple[str, "int | list[int]", list[Any]]
PlainGroup = tuple[int, list[PlainAttribute]]


def touch(collection: Collection) -> int:
    count = 0
    for attribute in collection:
        for value in attribute.values:
            count += 1
            if type(value) is Collection:
                count += touch(value)
    return count


def plain_tags(attribute: Attribute) -> int | list[int]:
    tags = [int(tag) for tag in attribute.tags]
    return tags[0] if len(set(tags)) == 1 else tags


def plain(attributes: Iterable[Attribute]) -> list[PlainAttribute]:
    return [
        (
            attribute.name,
            plain_tags(attribute),
            [plain(value) if isinstance(value, Collection) else value for value in attribute.values],
        )
        for attribute in attributes
    ]


def make(attributes: list[PlainAttribute]) -> list[Attribute]:
    made = []
    for name, tags, plain_values in attributes:
        values = [Collection(make(value)) if isinstance(value, list) else value for value in plain_values]
        made.append(Attribute(name, tags, values))
    return made


def _in_asyncio(port: int) -> "tuple[asyncio.AbstractEventLoop, Any]":
    """A loop, and a client that is used in it."""
    import asyncio

    from ippfast.http import AsyncClient

    return asyncio.new_event_loop(), AsyncClient(f"ipp://127.0.0.1:{port}/ipp/print")


class Ippfast(Adapter):
    version = f"{ippfast.__version__} ({ippfast.IMPLEMENTATION})"
    decode = staticmethod(decode)
    encode = staticmethod(encode)

    def serve(self, octets: bytes) -> int:
        value = decode(octets).operation_attributes.value
        charset = value("attributes-charset")
        uri = value("printer-uri")
        user = value("requesting-user-name")
        name = value("job-name")
        document_format = value("document-format")
        return len((charset, uri, user, name, document_format))

    def monitor(self, octets: bytes) -> int:
        group = decode(octets).printer
        state = group.value("printer-state")
        reasons = group["printer-state-reasons"].values
        accepting = group.value("printer-is-accepting-jobs")
        name = group.value("printer-name")
        model = group.value("printer-make-and-model")
        up_time = group.value("printer-up-time")
        return len((state, *reasons, accepting, name, model, up_time))

    def jobs(self, octets: bytes) -> int:
        count = 0
        for job in decode(octets).jobs:
            number = job.value("job-id")
            state = job.value("job-state")
            count += len((number, state))
        return count

    def touch(self, message: Message) -> int:
        count = 0
        for _attribute, _value in walk(message):
            count += 1
        return count

    def loops(self, message: Message) -> int:
        count = 0
        for group in message.groups:
            for attribute in group:
                for value in attribute.values:
                    count += 1
                    if type(value) is Collection:
                        count += touch(value)
        return count

    def maker(self, octets: bytes) -> Callable[[], Message]:
        original = decode(octets)
        version, code, request_id = original.version, original.code, original.request_id
        groups: list[PlainGroup] = [(int(group.tag), plain(group)) for group in original.groups]

        def made() -> Message:
            return Message(version, code, request_id, [AttributeGroup(tag, make(plain)) for tag, plain in groups])

        return made

    def proxy(self, octets: bytes, uri: str) -> int:
        message = decode(octets)
        message.operation_attributes["printer-uri"] = uri
        return len(encode(message))

    def pieces(self, pieces: list[bytes]) -> Message:
        feed = MessageDecoder().feed
        for piece in pieces:
            message = feed(piece)
            if message is not None:
                return message
        raise ValueError("the message did not end")

    def dict(self, octets: bytes) -> Any:
        return decode(octets).to_dict()

    def validate(self, octets: bytes) -> Any:
        return validate(decode(octets))

    def recover(self, octets: bytes) -> Any:
        return recover(octets)

    def request(self, octets: bytes) -> Any:
        attributes, job = NAMES_AND_VALUES
        return encode(request("Print-Job", URI, user="alice", operation_attributes=attributes, job=job))

    def response(self, octets: bytes) -> Any:
        return encode(response(decode(octets), job=JOB))

    def client(self, port: int) -> Callable[[], object]:
        from ippfast.http import Client

        client = Client(f"ipp://127.0.0.1:{port}/ipp/print")
        return lambda: client.attributes("printer-state")

    def client_async(self, port: int) -> Callable[[], object]:
        loop, client = _in_asyncio(port)
        return lambda: loop.run_until_complete(client.attributes("printer-state"))

    def post(self, port: int) -> Callable[[], object]:
        post = Posting(port, state_question())
        return lambda: decode(post())

    def print(self, port: int) -> Callable[[], object]:
        from ippfast.http import Client

        client = Client(f"ipp://127.0.0.1:{port}/ipp/print")
        return lambda: client.print(DOCUMENT)

    def print_async(self, port: int) -> Callable[[], object]:
        loop, client = _in_asyncio(port)
        return lambda: loop.run_until_complete(client.print(DOCUMENT))

    def post_print(self, port: int) -> Callable[[], object]:
        made = request("Print-Job", URI, user="alice", operation_attributes={"document-format": "application/pdf"})
        post = Posting(port, encode(made) + DOCUMENT)
        return lambda: decode(post())

    def printer(self, octets: bytes) -> Any:
        return self._carry_out(octets)

    @cached_property
    def _carry_out(self) -> Callable[[bytes], bytes]:
        from ippfast.http import Headers, IncomingDocument, IncomingRequest, RequestHead
        from ippfast.http.events import EndOfMessage
        from ippfast.printer import SpoolPrinter

        folder = TemporaryDirectory()
        printer = SpoolPrinter(folder.name)
        atexit.register(folder.cleanup)
        atexit.register(printer.close)
        head = RequestHead("POST", "/ipp/print", Headers([("host", "localhost:1234")]), "1.1", None)

        def carry_out(octets: bytes) -> bytes:
            document = IncomingDocument(EndOfMessage)
            message = decode(octets)
            answer = printer(
                IncomingRequest(message=message, head=head, peer="127.0.0.1", secure=False, document=document)
            )
            assert isinstance(answer, Message)
            assert answer.succeeded
            return encode(answer)

        return carry_out
