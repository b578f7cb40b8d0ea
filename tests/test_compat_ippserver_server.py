"""Behaviours on our server: what they are given, and what becomes of what they give, whatever that is.

The rule of this file: the behaviours are written for the test; the library's own are printed on elsewhere.
"""

import logging
import threading
from typing import Any, BinaryIO

import pytest
from http_servers import DOCUMENT, SECONDS, uri_of
from test_http_peers import request

from ippfast.compat.ippserver import IppRequest, IPPServer, SectionEnum, TagEnum, serve_behaviour
from ippfast.enums import Operation, Status
from ippfast.http import Client, StatusError


class Counting:
    """Reads documents in lines and blocks, and answers with how much that was."""

    def expect_page_data_follows(self, ipp_request: IppRequest) -> bool:
        return ipp_request.opid_or_status == Operation.PRINT_JOB

    def handle_ipp(self, ipp_request: IppRequest, postscript_file: BinaryIO | None) -> Any:
        read = b""
        if postscript_file is not None:
            read = postscript_file.readline() + postscript_file.read(1024)
            while block := postscript_file.read(1024):
                read += block
            assert postscript_file.read(1) == b""
        uri = ipp_request.only(SectionEnum.operation, b"printer-uri", TagEnum.uri)
        return self.answer(ipp_request, {(1, b"printer-uri", 0x45): [uri], (2, b"job-name", 0x42): [b"%d" % len(read)]})

    def answer(self, ipp_request: IppRequest, attributes: Any) -> Any:
        attributes = {**attributes, (1, b"attributes-natural-language", 0x48): [b"en"]}
        attributes[1, b"attributes-charset", 0x47] = [b"utf-8"]
        return IppRequest((1, 1), 0, ipp_request.request_id, attributes)


def test_documents_are_files() -> None:
    with serve_behaviour(Counting(), ("127.0.0.1", 0)) as server, Client(uri_of(server)) as client:
        for document in (DOCUMENT, (DOCUMENT[at : at + 999] for at in range(0, len(DOCUMENT), 999)), b"", None):
            answer = client.send(request(uri_of(server), Operation.PRINT_JOB), document)
            assert answer.job["job-name"].value == str(0 if not document else len(DOCUMENT))
            assert answer.version == (1, 1)
            assert answer.operation_attributes["printer-uri"].value == uri_of(server)
        answer = client.send(request(uri_of(server), Operation.VALIDATE_JOB))
        assert answer.job["job-name"].value == "0"


def test_a_behaviour_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Counting):
        def handle_ipp(self, ipp_request: IppRequest, postscript_file: BinaryIO | None) -> Any:
            raise RuntimeError("out of paper")

    with serve_behaviour(Failing(), ("127.0.0.1", 0)) as server, Client(uri_of(server)) as client:
        for _ in range(2):
            with pytest.raises(StatusError) as caught:
                client.send(request(uri_of(server), Operation.PRINT_JOB), DOCUMENT)
            assert caught.value.status == 500
    assert "out of paper" in caplog.text


def test_an_answer_that_is_no_message(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Counting):
        def answer(self, ipp_request: IppRequest, attributes: Any) -> Any:
            octets: bytes = super().answer(ipp_request, attributes).to_string()

            class Answer:
                def to_string(self) -> bytes:
                    return octets[:-1] + b"\x34\0\x09media-col\0\0\x4a\0\0\0\x01x\x21\0\0\0\x04\0\0\0\x05\3"

            return Answer()

    with (
        caplog.at_level(logging.WARNING),
        serve_behaviour(Broken(), ("127.0.0.1", 0)) as server,
        Client(uri_of(server)) as client,
    ):
        answer = client.send(request(uri_of(server), Operation.PRINT_JOB), DOCUMENT)
    assert answer.status is Status.SUCCESSFUL_OK
    assert answer.job["media-col"].value["x"].value == 5
    assert "no IPP message" in caplog.text


def test_in_the_place_of_the_library_s_server() -> None:
    with IPPServer(("127.0.0.1", 0), None, Counting()) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        uri = f"ipp://localhost:{server.server_address[1]}/printer"
        with Client(uri) as client:
            assert client.send(request(uri, Operation.PRINT_JOB), b"%PDF").job["job-name"].value == "4"
        server.shutdown()
        thread.join(SECONDS)
        assert not thread.is_alive()
    IPPServer(("127.0.0.1", 0), None, Counting()).server_close()
