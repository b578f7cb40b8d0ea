"""pyipp and its fork aioipp: response parser and request serializer. Both install the package `pyipp`.

Their dictionaries keep one value of a member, no language and no tag, so their encoder is given the names
alone and leaves out what its table of names lacks.
"""

import asyncio
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pyipp import IPP
from pyipp.enums import IppOperation
from pyipp.parser import parse
from pyipp.serializer import encode_dict

from . import NAMES_AND_VALUES, URI, Adapter


def touch(value: Any) -> int:
    """Values in one entry of a parsed dictionary. A rangeOfInteger is a list as a 1setOf is."""
    if isinstance(value, list):
        count = 0
        for one in value:
            count += touch(one)
        return count
    if isinstance(value, dict):
        return 1 + touch_attributes(value)
    return 1


def touch_attributes(attributes: dict[str, Any]) -> int:
    count = 0
    for value in attributes.values():
        count += touch(value)
    return count


def to_encode(parsed: dict[str, Any], operation: IppOperation) -> dict[str, Any]:
    """What `encode_dict` takes, from what `parse` gives."""
    message: dict[str, Any] = {
        "version": parsed["version"],
        "operation": operation,
        "request-id": parsed["request-id"],
        "operation-attributes-tag": dict(parsed["operation-attributes"]),
    }
    if parsed["jobs"]:
        message["job-attributes-tag"] = dict(parsed["jobs"][0])
    if parsed["printers"]:
        message["printer-attributes-tag"] = dict(parsed["printers"][0])
    return message


class Pyipp(Adapter):
    decode = staticmethod(parse)
    encode = staticmethod(encode_dict)

    def __init__(self) -> None:
        try:
            self.version = version("pyipp")
        except PackageNotFoundError:
            self.version = version("aioipp")

    def serve(self, octets: bytes) -> int:
        attributes = parse(octets)["operation-attributes"]
        charset = attributes["attributes-charset"]
        uri = attributes["printer-uri"]
        user = attributes["requesting-user-name"]
        name = attributes["job-name"]
        document_format = attributes["document-format"]
        return len((charset, uri, user, name, document_format))

    def monitor(self, octets: bytes) -> int:
        attributes = parse(octets)["printers"][0]
        state = attributes["printer-state"]
        reasons = attributes["printer-state-reasons"]
        accepting = attributes["printer-is-accepting-jobs"]
        name = attributes["printer-name"]
        model = attributes["printer-make-and-model"]
        up_time = attributes["printer-up-time"]
        several = reasons if isinstance(reasons, list) else [reasons]
        return len((state, *several, accepting, name, model, up_time))

    def jobs(self, octets: bytes) -> int:
        count = 0
        for job in parse(octets)["jobs"]:
            number = job["job-id"]
            state = job["job-state"]
            count += len((number, state))
        return count

    def touch(self, message: Any) -> int:
        count = touch_attributes(message["operation-attributes"])
        for key in ("unsupported-attributes", "jobs", "printers"):
            for attributes in message[key]:
                count += touch_attributes(attributes)
        return count

    def maker(self, octets: bytes) -> Callable[[], Any]:
        parsed = parse(octets)
        if len(parsed["jobs"]) > 1:
            return super().maker(octets)
        operation = IppOperation(parsed["status-code"] or 0x000B)  # it has no encoder of responses
        return lambda: to_encode(parsed, operation)

    def copy(self, octets: bytes) -> int:
        return len(encode_dict(self.maker(octets)()))

    def proxy(self, octets: bytes, uri: str) -> int:
        parsed = parse(octets)
        message = to_encode(parsed, IppOperation(parsed["status-code"]))
        message["operation-attributes-tag"]["printer-uri"] = uri
        return len(encode_dict(message))

    def client(self, port: int) -> Callable[[], object]:
        loop = asyncio.new_event_loop()
        asked = {"operation-attributes-tag": {"requested-attributes": ["printer-state"]}}

        async def make() -> IPP:
            return IPP(host="127.0.0.1", port=port, base_path="/ipp/print")

        printer = loop.run_until_complete(make())
        return lambda: loop.run_until_complete(printer.execute(IppOperation.GET_PRINTER_ATTRIBUTES, asked))

    def dict(self, octets: bytes) -> Any:
        return parse(octets)

    def request(self, octets: bytes) -> Any:
        attributes, job = NAMES_AND_VALUES
        first = {"attributes-charset": "utf-8", "attributes-natural-language": "en", "printer-uri": URI}
        message = {
            "version": (2, 0),
            "operation": IppOperation.PRINT_JOB,
            "request-id": 1,
            "operation-attributes-tag": {**first, "requesting-user-name": "alice", **attributes},
            "job-attributes-tag": dict(job),
        }
        return encode_dict(message)
