"""Our own printer on the loopback address, for tests of clients: it prints, makes faults on request, and shows what it
received.

The rule of this file: it is the real `SpoolPrinter` with real sockets; a relay in front of it does to the octets what a
`Fault` wants. `close` removes all of it.
"""

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ippfast.codec import Attribute, Message
from ippfast.enums import JobState
from ippfast.http import HTTPLimits, IncomingRequest, Server
from ippfast.printer import Access, Address, ManualClock, PrinterLimits, Simulated, SpoolPrinter
from ippfast.printer.storage.rows import ACTIVE, ENDED, Job, unpack

from .faults import Fault, Garble, Handled

if TYPE_CHECKING:
    from ippfast.printer.description import Source

__all__ = ["CapturedDocument", "CapturedJob", "LoopbackPrinter"]

_PIECE = 65_536
_PATH = "/ipp/print"
_ENOUGH = 1_000_000


@dataclass(frozen=True)
class CapturedDocument:
    """A received document. octets: after decompression. format: its document-format."""

    octets: bytes
    format: str
    name: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class CapturedJob:
    """A job as it is now. attributes: those that the client gave; a single value is given as itself, several values as
    a list."""

    id: int
    name: str
    user: str
    state: JobState
    reasons: tuple[str, ...]
    attributes: dict[str, Any]
    documents: tuple[CapturedDocument, ...]

    @property
    def octets(self) -> bytes:
        """The octets of its only document. Raises ValueError if it has none, or several."""
        (document,) = self.documents
        return document.octets


class LoopbackPrinter:
    """A running printer. Use it as a context manager, or `close` it.

    description: as for `SpoolPrinter`. speed: impressions a minute; None: jobs are completed at once. clock: tells the
    time; with a `ManualClock`, the test sets it. consume: whether supplies and paper are used up. tls: the server's
    context for ipps. faults: see `fail`. access, limits: as for `SpoolPrinter`.

    uri: the printer's. printer, server: the real ones. device: the `Simulated` one, which can be given faults.
    requests: all IPP requests, in order.
    """

    def __init__(
        self,
        *,
        description: "Source | Iterable[Source]" = (),
        speed: float | None = None,
        clock: ManualClock | None = None,
        consume: bool = False,
        tls: ssl.SSLContext | None = None,
        faults: Sequence[Fault] = (),
        access: Access | None = None,
        limits: PrinterLimits | None = None,
    ) -> None:
        if clock is not None and speed is None:
            raise ValueError("a clock is for pages that take time: give the speed too")
        self.requests: list[Message] = []
        self.clock = clock
        self.device = Simulated(speed or _ENOUGH, clock=clock, consume=consume)
        self._faults: list[tuple[Fault, int | None]] = []
        self._lock = threading.Lock()
        self._here = threading.local()
        self._secure = tls is not None
        self.fail(*faults)
        self._temporary = tempfile.TemporaryDirectory(prefix="ippfast-loopback-", ignore_cleanup_errors=True)
        schemes = ("ipp",) if tls is None else ("ipp", "ipps")
        self.printer = SpoolPrinter(
            Path(self._temporary.name),
            description=description,
            output=self.device,
            address=Address(path=_PATH, schemes=schemes),
            access=access,
            limits=limits,
        )
        self._listener = socket.create_server(("127.0.0.1", 0))
        limited = HTTPLimits(connections_per_host=100)
        self.server = Server(self._handle, listener=self._listener, tls=tls, limits=limited)
        self.server.begin()
        self.printer.start()
        self.port: int = self._listener.getsockname()[1]
        self.uri = f"{'ipps' if tls is not None else 'ipp'}://localhost:{self.port}{_PATH}"
        self._relays: set[_Relay] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._accept, name="ippfast-loopback", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End at once: break all connections, and remove all files."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            relays = list(self._relays)
        for relay in relays:
            relay.end()
        self.printer.end_waiting()
        self.server.shutdown(0.0)
        self.printer.close()
        self._temporary.cleanup()

    # Faults.

    def fail(self, *faults: Fault) -> None:
        """Make these faults, each for the next requests that it concerns. If several concern a request, the first is
        made.

        Raises ValueError for `Garble` with TLS: octets that are encrypted can't be replaced.
        """
        if self._secure and any(isinstance(fault, Garble) for fault in faults):
            raise ValueError("an answer sent through TLS can't be garbled")
        with self._lock:
            self._faults += [(fault, fault.times) for fault in faults]

    def heal(self) -> None:
        """Make no further faults, and let the device go on."""
        with self._lock:
            self._faults.clear()
        self.device.clear()

    # What it received.

    @property
    def jobs(self) -> list[CapturedJob]:
        """All jobs, the oldest first, as they are now."""
        store = self.printer.store
        return [self._captured(job) for job in sorted(store.jobs((*ACTIVE, *ENDED)), key=lambda job: job.id)]

    def wait_for_jobs(self, count: int = 1, timeout: float = 10.0) -> list[CapturedJob]:
        """Wait until this many jobs have ended, and give all jobs that have ended. Raises TimeoutError."""
        end = time.monotonic() + timeout
        while len(ended := [job for job in self.jobs if job.state in ENDED]) < count:
            if time.monotonic() > end:
                states = ", ".join(f"job {job.id} is {job.state.keyword}" for job in self.jobs) or "there are no jobs"
                raise TimeoutError(f"{len(ended)} of {count} jobs have ended within {timeout:g} seconds: {states}")
            time.sleep(0.01)
        return ended

    def _captured(self, job: Job) -> CapturedJob:
        documents = []
        for document in self.printer.store.documents(job.id):
            with self.printer.documents.local(document.key) as path:
                octets = path.read_bytes()
            given = _plain(unpack(document.ticket))
            documents.append(CapturedDocument(octets, document.format, document.name, given))
        return CapturedJob(job.id, job.name, job.user, job.state, job.reasons, _plain(job.attributes), tuple(documents))

    # Requests.

    def _handle(self, incoming: IncomingRequest) -> Handled:
        with self._lock:
            self.requests.append(incoming.message)
            fault = self._next_fault(incoming.message)
        if fault is None:
            return self.printer(incoming)
        return fault.apply(incoming, self._here.relay, lambda: self.printer(incoming))

    def _next_fault(self, message: Message) -> Fault | None:
        for place, (fault, left) in enumerate(self._faults):
            if fault.concerns(message):
                if left == 1:
                    del self._faults[place]
                elif left is not None:
                    self._faults[place] = fault, left - 1
                return fault
        return None

    # Connections.

    def _accept(self) -> None:
        while True:
            try:
                client, address = self._listener.accept()
            except OSError:
                return
            relay = _Relay(client)
            with self._lock:
                self._relays.add(relay)
            threading.Thread(target=self._serve, args=(relay, str(address[0])), daemon=True).start()

    def _serve(self, relay: "_Relay", address: str) -> None:
        self._here.relay = relay
        try:
            relay.start()
            self.server.serve_connection(relay.inside, address)
        finally:
            relay.finish()
            with self._lock:
                self._relays.discard(relay)


class _Relay:
    """Moves octets between a client and the server, unless a fault changes or cuts them."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._outside = socket.create_connection(listener.getsockname())
            self.inside, _ = listener.accept()
        self._left: int | None = None  # octets of the answer that may pass; None: all
        self._instead: bytes | None = None
        self._broken = False
        self._threads = [
            threading.Thread(target=self._upward, daemon=True),
            threading.Thread(target=self._downward, daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def cut(self, octets: int) -> None:
        self._left = octets
        if octets == 0:
            self._reset()

    def answer(self, octets: bytes) -> None:
        self._instead = octets

    def end(self) -> None:
        """Shut down all its connections."""
        for sock in (self._client, self._outside, self.inside):
            # A client whose connection is to be reset must not see it end in order first.
            how = socket.SHUT_RD if self._broken and sock is self._client else socket.SHUT_RDWR
            with contextlib.suppress(OSError):
                sock.shutdown(how)

    def finish(self) -> None:
        """Pass on the rest of the answer, then close: the server has ended the connection."""
        self._threads[1].join()
        self.end()
        self._threads[0].join()
        for sock in (self._client, self._outside, self.inside):
            sock.close()

    def _reset(self) -> None:
        """Have `finish` reset the client's connection."""
        self._broken = True
        with contextlib.suppress(OSError):
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.end()

    def _upward(self) -> None:
        with contextlib.suppress(OSError):
            while piece := self._client.recv(_PIECE):
                self._outside.sendall(piece)
        with contextlib.suppress(OSError):
            self._outside.shutdown(socket.SHUT_WR)

    def _downward(self) -> None:
        with contextlib.suppress(OSError):
            while piece := self._outside.recv(_PIECE):
                if self._instead is not None:
                    self._client.sendall(self._instead)
                    break
                if self._left is not None:
                    self._client.sendall(piece[: self._left])
                    self._left -= len(piece)
                    if self._left <= 0:
                        self._reset()
                        return
                else:
                    self._client.sendall(piece)
        if not self._broken:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):  # so that the server ends the connection too
            self._outside.shutdown(socket.SHUT_RDWR)


def _plain(attributes: Iterable[Attribute]) -> dict[str, Any]:
    return {each.name: each.values[0] if len(each.values) == 1 else list(each.values) for each in attributes}
