"""Behaviours on our server: what they are given, and what becomes of what they give, whatever that is.

The rule of this file: the behaviours are written for the test; the library's own are printed on elsewhere.
"""

import contextlib
import http.server
import logging
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

import pytest
from http_conversations import request
from http_servers import DOCUMENT, SECONDS, uri_of

from ippfast.compat.ippserver import IppRequest, IPPServer, SectionEnum, TagEnum, serve_behaviour
from ippfast.enums import Operation, Status
from ippfast.http import Client, ConnectionLostError, StatusError


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
    assert "not an IPP message" in caplog.text


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


class Checking(http.server.BaseHTTPRequestHandler):
    """A program's own handler, as those of ippserver are: it refuses whoever has no token."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_POST(self) -> None:
        if self.headers.get("X-Token") != "open sesame":
            self.send_error(403)
            return
        request = IppRequest.from_file(self.rfile)  # type: ignore[arg-type]
        follows = self.server.behaviour.expect_page_data_follows(request)
        octets = self.server.behaviour.handle_ipp(request, self.rfile if follows else None).to_string()
        self.send_response(200)
        self.send_header("Content-Type", "application/ipp")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextlib.contextmanager
def running(server: IPPServer) -> Iterator[str]:
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ipp://localhost:{server.server_address[1]}/printer"
        server.shutdown()
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_a_handler_of_the_program_stays_in_front() -> None:
    with running(IPPServer(("127.0.0.1", 0), Checking, Counting())) as uri:
        with Client(uri) as client, pytest.raises(StatusError) as caught:
            client.send(request(uri, Operation.PRINT_JOB), b"%PDF")
        assert caught.value.status == 403
        with Client(uri, headers=[("X-Token", "open sesame")]) as client:
            # With Content-Length, behind which the library waits for ever.
            assert client.send(request(uri, Operation.PRINT_JOB), b"%PDF").job["job-name"].value == "4"
    with pytest.raises(TypeError, match="must be a class"):
        IPPServer(("127.0.0.1", 0), Counting(), Counting())


@pytest.mark.parametrize("handler", [None, Checking])
def test_hooks_of_socketserver_are_asked(handler: Any) -> None:
    asked: list[str] = []

    class Closed(IPPServer):
        def verify_request(self, request: Any, client_address: Any) -> bool:
            asked.append(client_address[0])
            return False

    server = Closed(("127.0.0.1", 0), handler, Counting())
    with running(server) as uri, Client(uri) as client, pytest.raises(ConnectionLostError):
        client.send(request(uri, Operation.PRINT_JOB))
    assert set(asked) == {"127.0.0.1"}


def test_one_request_at_a_time() -> None:
    with IPPServer(("127.0.0.1", 0), None, Counting()) as server:
        assert server.fileno() == server.socket.fileno()
        assert server.socket.getsockname()[1] == server.server_address[1]
        uri = f"ipp://localhost:{server.server_address[1]}/printer"
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with Client(uri) as client:
            assert client.send(request(uri, Operation.PRINT_JOB), b"%PDF").job["job-name"].value == "4"
        thread.join(SECONDS)
        assert not thread.is_alive()
