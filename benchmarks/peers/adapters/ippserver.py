"""ippserver: its IppRequest. Values stay octets, jobs run together, the version becomes 1.1."""

from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from typing import Any

from ippserver.behaviour import StatelessPrinter
from ippserver.constants import SectionEnum, TagEnum
from ippserver.request import IppRequest

from ...messages import state_question
from . import JOB, Adapter, Posting


class Ippserver(Adapter):
    version = version("ippserver")
    decode = staticmethod(IppRequest.from_string)
    encode = staticmethod(IppRequest.to_string)

    def serve(self, octets: bytes) -> int:
        request = IppRequest.from_string(octets)
        charset = request.only(SectionEnum.operation, b"attributes-charset", TagEnum.charset)
        uri = request.only(SectionEnum.operation, b"printer-uri", TagEnum.uri)
        user = request.only(SectionEnum.operation, b"requesting-user-name", TagEnum.name_without_language)
        name = request.only(SectionEnum.operation, b"job-name", TagEnum.name_without_language)
        document_format = request.only(SectionEnum.operation, b"document-format", TagEnum.mime_media_type)
        return len((charset, uri, user, name, document_format))

    def monitor(self, octets: bytes) -> int:
        request = IppRequest.from_string(octets)
        state = request.only(SectionEnum.printer, b"printer-state", TagEnum.enum)
        reasons = request.lookup(SectionEnum.printer, b"printer-state-reasons", TagEnum.keyword)
        accepting = request.only(SectionEnum.printer, b"printer-is-accepting-jobs", TagEnum.boolean)
        name = request.only(SectionEnum.printer, b"printer-name", TagEnum.name_without_language)
        model = request.only(SectionEnum.printer, b"printer-make-and-model", TagEnum.text_without_language)
        up_time = request.only(SectionEnum.printer, b"printer-up-time", TagEnum.integer)
        return len((state, *reasons, accepting, name, model, up_time))

    def jobs(self, octets: bytes) -> int:
        request = IppRequest.from_string(octets)
        numbers = request.lookup(SectionEnum.job, b"job-id", TagEnum.integer)
        states = request.lookup(SectionEnum.job, b"job-state", TagEnum.enum)
        count = 0
        for number, state in zip(numbers, states, strict=True):
            count += len((number, state))
        return count

    def touch(self, message: Any) -> int:
        count = 0
        for names in message.attributes_to_multilevel().values():
            for tags in names.values():
                for values in tags.values():
                    for _value in values:
                        count += 1
        return count

    def maker(self, octets: bytes) -> Callable[[], Any]:
        original = IppRequest.from_string(octets)
        plain = list(original._attributes.items())
        version, code, request_id = original.version, original.opid_or_status, original.request_id
        return lambda: IppRequest(version, code, request_id, {key: list(values) for key, values in plain})

    def client(self, port: int) -> Callable[[], object]:
        post = Posting(port, state_question())
        return lambda: IppRequest.from_string(post())

    @cached_property
    def _printer(self) -> Any:
        return StatelessPrinter()  # which gives all the attributes that it has, whatever is asked for

    def printer(self, octets: bytes) -> Any:
        return self._printer.handle_ipp(IppRequest.from_string(octets), None).to_string()

    def proxy(self, octets: bytes, uri: str) -> int:
        request = IppRequest.from_string(octets)
        request._attributes[SectionEnum.operation, b"printer-uri", TagEnum.uri] = [uri.encode()]
        return len(request.to_string())

    def dict(self, octets: bytes) -> Any:
        return IppRequest.from_string(octets).attributes_to_multilevel()

    def response(self, octets: bytes) -> Any:
        request = IppRequest.from_string(octets)
        operation, job = SectionEnum.operation, SectionEnum.job
        attributes = {
            (operation, b"attributes-charset", TagEnum.charset): [b"utf-8"],
            (operation, b"attributes-natural-language", TagEnum.natural_language): [b"en"],
            (job, b"job-id", TagEnum.integer): [JOB["job-id"].to_bytes(4, "big")],
            (job, b"job-uri", TagEnum.uri): [JOB["job-uri"].encode()],
            (job, b"job-state", TagEnum.enum): [JOB["job-state"].to_bytes(4, "big")],
            (job, b"job-state-reasons", TagEnum.keyword): [JOB["job-state-reasons"].encode()],
        }
        return IppRequest(request.version, 0, request.request_id, attributes).to_string()
