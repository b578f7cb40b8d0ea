"""A printer that tells events in each way that RFC 3996 allows, on Python's own HTTP server.

The rule of this file: it does what a test says and records what it was asked. Waiting ends with the test.
"""

import contextlib
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from http_servers import SECONDS

from ippfast import Message, decode_prefix, encode, response
from ippfast.enums import Operation, Status

__all__ = ["EventPrinter"]


class EventPrinter:
    """A printer with a job and a subscription.

    mode: how it answers Get-Notifications: ``"parts"``, as long as the test runs; ``"wait"``, when there is an event;
    ``"ask"``, at once; ``"none"``, not at all.

    Jobs are what `jobs` holds, by id: their states. `tell` puts an event into the subscription. What it was asked is
    in ``asked``, by operation.
    """

    def __init__(self, mode: str = "parts", *, lease: int | None = None) -> None:
        self.mode = mode
        self.lease = lease
        self.forgetful = False  # about jobs that have ended
        self.printer_state = 3
        self.jobs: dict[int, int] = {7: 5}
        self.asked: list[tuple[Operation, Message]] = []
        self.faults: list[str] = []
        self.changed = threading.Condition()
        self.events: list[dict[str, object]] = []
        self.stopped = False
        self._arrived: queue.SimpleQueue[Operation] = queue.SimpleQueue()

    def tell(self, event: str, **attributes: object) -> None:
        with self.changed:
            number = len(self.events) + 1
            told = {name.replace("_", "-"): value for name, value in attributes.items()}
            base = {"notify-subscription-id": 1, "notify-sequence-number": number, "notify-subscribed-event": event}
            self.events.append({**base, **told})
            if "notify-job-id" in told:
                self.jobs[told["notify-job-id"]] = told["job-state"]  # type: ignore[index, assignment]
            self.changed.notify_all()

    def stop(self) -> None:
        """Give no more answers to questions for events."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def wait_for(self, operation: Operation) -> None:
        """Until it has been asked for that, from now on or since the last call."""
        while self._arrived.get(timeout=SECONDS) is not operation:
            pass

    def count(self, operation: Operation) -> int:
        return sum(1 for each, _ in self.asked if each is operation)

    def answer(self, message: Message) -> Message | Iterator[Message]:
        operation = message.operation
        assert isinstance(operation, Operation)
        self.asked.append((operation, message))
        self._arrived.put(operation)
        attributes = message.groups[0]
        if operation in (Operation.CREATE_JOB_SUBSCRIPTIONS, Operation.CREATE_PRINTER_SUBSCRIPTIONS):
            if self.mode == "none":
                return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)
            granted: dict[str, object] = {"notify-subscription-id": 1}
            if self.lease is not None:
                granted["notify-lease-duration"] = self.lease
            return response(message, subscription=granted)
        if operation is Operation.GET_NOTIFICATIONS:
            return self._notifications(message)
        if operation is Operation.GET_JOB_ATTRIBUTES:
            job_id = attributes.value("job-id")
            if job_id not in self.jobs:
                return response(message, Status.CLIENT_ERROR_NOT_FOUND)
            return response(message, job={"job-id": job_id, "job-state": self.jobs[job_id]})
        if operation is Operation.GET_JOBS:
            if self.forgetful and attributes.value("which-jobs") == "completed":
                return response(message, Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED)
            ended = attributes.value("which-jobs") == "completed"
            listed = [
                {"job-id": job_id, "job-state": state} for job_id, state in self.jobs.items() if (state >= 7) == ended
            ]
            return response(message, job=listed)
        if operation is Operation.GET_PRINTER_ATTRIBUTES:
            return response(message, printer={"printer-state": self.printer_state, "printer-state-reasons": "none"})
        return response(message)

    def _notifications(self, message: Message) -> Message | Iterator[Message]:
        if self.faults:
            fault = self.faults.pop(0)
            if fault == "lost":
                raise ConnectionError
            return response(message, fault)
        first = message.groups[0].value("notify-sequence-numbers", 1)
        ended = any(state >= 7 for state in self.jobs.values())
        assert message.groups[0].value("notify-wait") is True or ended  # a client may ask once more, and not wait
        if self.mode == "ask":  # it tells all again, as CUPS may
            return response(message, operation_attributes={"notify-get-interval": 1}, event_notification=self.events)
        stream = self._stream(message, first)
        return stream if self.mode == "parts" else next(stream)

    def _stream(self, message: Message, first: int) -> Iterator[Message]:
        if self.mode == "parts":
            yield response(message)
        known = first - 1
        while True:
            with self.changed:
                while len(self.events) <= known and not self.stopped:
                    self.changed.wait(SECONDS)
                if self.stopped:
                    return
                new = self.events[known:]
                known = len(self.events)
            yield response(message, event_notification=new)

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """Its URI."""
        printer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                message, _ = decode_prefix(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    answer = printer.answer(message)
                except (ConnectionError, StopIteration):
                    self.close_connection = True
                    return
                with contextlib.suppress(ConnectionError):
                    if isinstance(answer, Message):
                        self._send("application/ipp", encode(answer))
                    else:
                        self._send_parts(answer)

            def _send(self, kind: str, body: bytes | None) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                framing = ("Transfer-Encoding", "chunked") if body is None else ("Content-Length", str(len(body)))
                self.send_header(*framing)
                self.end_headers()
                self.wfile.write(body or b"")

            def _send_parts(self, answers: Iterator[Message]) -> None:
                self._send('multipart/related; boundary="=_b"; type="application/ipp"', None)
                separator = b"--=_b"
                for answer in answers:
                    # The boundary after a part comes with the next one.
                    self._chunk(separator + b"\r\nContent-Type: application/ipp\r\n\r\n" + encode(answer))
                    separator = b"\r\n--=_b"
                self._chunk(separator + b"--\r\n")
                self.wfile.write(b"0\r\n\r\n")

            def _chunk(self, octets: bytes) -> None:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(octets), octets))

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield f"ipp://127.0.0.1:{server.server_port}/ipp/print"
            finally:
                self.stop()
                server.shutdown()
                thread.join()
