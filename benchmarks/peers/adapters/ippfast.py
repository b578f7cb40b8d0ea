"""ippfast, with whichever codec the environment chooses (IPPFAST_PURE)."""

from collections.abc import Callable, Iterable
from typing import Any

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

from . import JOB, NAMES_AND_VALUES, URI, Adapter

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
