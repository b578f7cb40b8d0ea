"""ippx: its decoder and encoder of messages (PyPI: ippx)."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from ippx import Attribute, IppMessage, Tag, decode, encode

from ...messages import state_question
from . import Adapter, Posting


def touch_collection(members: dict[str, Any]) -> int:
    count = 0
    for value in members.values():
        for one in value if isinstance(value, list) else [value]:
            count += 1
            if isinstance(one, dict):
                count += touch_collection(one)
    return count


def attributes_of(message: Any, tag: int) -> dict[str, Any]:
    """ippx has no look-up by name, so its users index the first group of a kind themselves."""
    for group_tag, attributes in message.groups:
        if group_tag == tag:
            return {attribute.name: attribute for attribute in attributes}
    raise KeyError(tag)


class Ippx(Adapter):
    version = version("ippx")
    decode = staticmethod(decode)
    encode = staticmethod(encode)

    def serve(self, octets: bytes) -> int:
        attributes = attributes_of(decode(octets), Tag.OPERATION_ATTRS)
        charset = attributes["attributes-charset"].value
        uri = attributes["printer-uri"].value
        user = attributes["requesting-user-name"].value
        name = attributes["job-name"].value
        document_format = attributes["document-format"].value
        return len((charset, uri, user, name, document_format))

    def monitor(self, octets: bytes) -> int:
        attributes = attributes_of(decode(octets), Tag.PRINTER_ATTRS)
        state = attributes["printer-state"].value
        reasons = attributes["printer-state-reasons"].values
        accepting = attributes["printer-is-accepting-jobs"].value
        name = attributes["printer-name"].value
        model = attributes["printer-make-and-model"].value
        up_time = attributes["printer-up-time"].value
        return len((state, *reasons, accepting, name, model, up_time))

    def jobs(self, octets: bytes) -> int:
        count = 0
        for tag, attributes in decode(octets).groups:
            if tag == Tag.JOB_ATTRS:
                for attribute in attributes:
                    if attribute.name == "job-id" or attribute.name == "job-state":
                        count += len((attribute.value,))
        return count

    def touch(self, message: Any) -> int:
        count = 0
        for _tag, attributes in message.groups:
            for attribute in attributes:
                for value in attribute.values:
                    count += 1
                    if isinstance(value, dict):
                        count += touch_collection(value)
        return count

    def maker(self, octets: bytes) -> Callable[[], Any]:
        original = decode(octets)
        groups = [(tag, [(a.name, a.tag, a.values) for a in attributes]) for tag, attributes in original.groups]

        def made() -> Any:
            return IppMessage(
                original.version,
                original.code,
                original.request_id,
                [(tag, [Attribute(name, kind, list(values)) for name, kind, values in plain]) for tag, plain in groups],
            )

        return made

    def client(self, port: int) -> Callable[[], object]:
        post = Posting(port, state_question())
        return lambda: decode(post())

    def proxy(self, octets: bytes, uri: str) -> int:
        message = decode(octets)
        attributes_of(message, Tag.OPERATION_ATTRS)["printer-uri"].values = [uri]
        return len(encode(message))
