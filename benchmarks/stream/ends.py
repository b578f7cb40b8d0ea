"""The ends of a transfer, each a process of its own: ``python -m benchmarks.stream.ends ROLE [ARGUMENT]``.

Rule: receivers serve one connection after the other on a port of loopback, which their first line says; senders and
clients are told by a line what to send where. Whoever keeps the clock answers with one line of JSON. All that is not
ippfast here is as bare as Python allows.
"""

import asyncio
import contextlib
import json
import os
import resource
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import wire

SIZE = 262_144
LOOPBACK = "127.0.0.1"
HEAD_END = b"\r\n\r\n"


def say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


def listen() -> socket.socket:
    listener = socket.create_server((LOOPBACK, 0), backlog=1024)
    say(port=listener.getsockname()[1])
    return listener


def answer(connection: socket.socket) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {len(wire.ANSWER)}\r\n\r\n"
    connection.sendall(head.encode() + wire.ANSWER)


# Receivers.


def receive_bare() -> None:
    """recv_into one buffer until the announced octets are there."""
    listener, buffer = listen(), bytearray(SIZE)
    while True:
        connection, _ = listener.accept()
        with connection:
            count = connection.recv_into(buffer)
            end = buffer.index(HEAD_END) + 4
            found = wire.LENGTH.search(buffer, 0, end)
            assert found is not None
            left = int(found[1] or found[2]) - (count - end)
            while left:
                left -= connection.recv_into(buffer)
            answer(connection)


def receive_h11() -> None:
    """h11 alone, as its documentation shows."""
    import h11

    listener = listen()
    while True:
        connection, _ = listener.accept()
        with connection:
            protocol = h11.Connection(h11.SERVER)
            while not isinstance(event := protocol.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    protocol.receive_data(connection.recv(SIZE))
            answer(connection)


def answer_to(request: Any) -> Any:
    from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag

    group = [
        Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
    ]
    return Message((2, 0), 0, request.message.request_id, [AttributeGroup(DelimiterTag.OPERATION, group)])


def options(certificate: str | None) -> dict[str, Any]:
    from ippfast.http import HTTPLimits

    limits = HTTPLimits(connections=4_096, connections_per_host=4_096, keep_alive=600.0)
    found: dict[str, Any] = {"port": 0, "limits": limits}
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        found["tls"] = context
    return found


def serve_threads(handler: Callable[[Any], Any], certificate: str | None = None) -> None:
    from ippfast.http import Server

    with Server(handler, **options(certificate)) as server:
        say(port=server.port)
        sys.stdin.read()


def discard(request: Any) -> Any:
    for _ in request.document:
        pass
    return answer_to(request)


def receive_threads(certificate: str | None = None) -> None:
    serve_threads(discard, certificate)


def spool_threads(folder: str) -> None:
    def spool(request: Any) -> Any:
        with tempfile.NamedTemporaryFile(dir=folder, buffering=0, delete=False) as file:
            request.document.write_to(file.fileno())
        return answer_to(request)

    serve_threads(spool)


def printer_answer() -> Callable[[Any], Any]:
    """A handler that answers as ippeveprinter once did, out of attributes that a program made."""
    from ippfast import Attribute, AttributeGroup, Message, decode

    from ..messages import HELD_PRINTER

    groups = [
        AttributeGroup(group.tag, [Attribute(each.name, each.tags, list(each.values)) for each in group])
        for group in decode(HELD_PRINTER.read_bytes()).groups
    ]

    def handler(request: Any) -> Any:
        return Message((2, 0), 0, request.message.request_id, groups)

    return handler


def ask_threads() -> None:
    serve_threads(printer_answer())


# Senders. Each line of theirs: port, size of the document, of a chunk (0: Content-Length).


def tasks() -> Iterator[list[str]]:
    say(ready=True)
    for line in sys.stdin:
        yield line.split()


def read_answer(connection: socket.socket) -> int:
    """The IPP status-code, -1 where the HTTP status is not 200."""
    octets = b""
    while HEAD_END not in octets or len(octets) < octets.index(HEAD_END) + 12:
        received = connection.recv(65_536)
        assert received, "no answer"
        octets += received
        if octets.startswith(b"HTTP/1.1 100"):
            octets = octets.partition(HEAD_END)[2]
    at = octets.index(HEAD_END) + 4
    return int.from_bytes(octets[at + 2 : at + 4]) if octets.startswith(b"HTTP/1.1 200") else -1


def send_bare(patience: str = "60") -> None:
    """Prepared octets as fast as the socket takes them; the clock runs from the first to the answer."""
    for port, size, piece in tasks():
        begin = wire.request(int(size), int(piece), port=int(port))
        batches = list(wire.body(int(size), int(piece)))
        with socket.create_connection(("localhost", int(port)), float(patience)) as connection:
            start = time.perf_counter()
            connection.sendall(begin)
            for batch in batches:
                connection.sendall(batch)
            status = read_answer(connection)
            say(seconds=time.perf_counter() - start, status=status)


# Clients against a sink, which keeps the clock. Each line: port, path or size, and the size of a piece.


def sink(discard: str = "") -> None:
    """Receives whatever comes, and says how long that took from the first octet to the last.

    discard: let Linux throw a body of known length away instead of copying it, which takes as long as a sender that
    copies nothing (tcp(7), MSG_TRUNC).
    """
    listener, buffer = listen(), bytearray(SIZE)
    flags = socket.MSG_TRUNC if discard and sys.platform == "linux" else 0
    while True:
        connection, _ = listener.accept()
        with connection:
            octets = b""
            start = 0.0
            while HEAD_END not in octets:
                octets += connection.recv(SIZE)
                start = start or time.perf_counter()
                if not octets:
                    break
            if not octets:
                continue
            head, _, rest = octets.partition(HEAD_END)
            if b"100-continue" in head:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            found = wire.LENGTH.search(head + b"\r\n")
            received = len(rest)
            if found is not None:
                left = int(found[1] or found[2]) - received
                while left > 0:
                    count = connection.recv_into(buffer, 0, flags)
                    left -= count
                    received += count
            else:
                while not rest.endswith(b"\r\n0\r\n\r\n"):
                    count = connection.recv_into(buffer)
                    received += count
                    rest = rest[-8:] + bytes(buffer[max(0, count - 8) : count])
            say(seconds=time.perf_counter() - start, octets=received)
            answer(connection)
            connection.recv(1)


def head_to_sink(size: int) -> bytes:
    return wire.request(size, 0, port=0)


def sendfile_bare() -> None:
    for port, path in tasks():
        with Path(path).open("rb") as file, socket.create_connection((LOOPBACK, int(port))) as connection:
            connection.sendall(head_to_sink(Path(path).stat().st_size))
            connection.sendfile(file)
            read_answer(connection)
        say(done=True)


def generate(size: int, piece: int) -> Iterator[bytes]:
    one = bytes(piece)
    for _ in range(size // piece):
        yield one


def sendall_bare() -> None:
    """The same pieces without chunk lines."""
    for port, size, piece in tasks():
        with socket.create_connection((LOOPBACK, int(port))) as connection:
            connection.sendall(head_to_sink(int(size)))
            for each in generate(int(size), int(piece)):
                connection.sendall(each)
            read_answer(connection)
        say(done=True)


def job() -> Any:
    from ippfast import decode

    return decode(wire.print_job())


def tls(certificate: str) -> Any:
    from ippfast.http import TLS

    return TLS(ca_file=certificate) if certificate != "-" else None


def client_threads() -> None:
    """Lines: scheme, port, certificate or -, a path or a size, a piece (0: Content-Length)."""
    from ippfast.http import Client

    for scheme, port, certificate, what, piece in tasks():
        with Client(f"{scheme}://localhost:{port}/ipp/print", tls=tls(certificate)) as client:
            client.send(job(), what if what.startswith("/") else generate(int(what), int(piece)))
        say(done=True)


# asyncio, once it is there.


def serve_asyncio(handler: Callable[[Any], Any], certificate: str | None = None) -> None:
    from ippfast import http

    AsyncServer: Any = http.AsyncServer

    async def serve() -> None:
        async with AsyncServer(handler, **options(certificate)) as server:
            say(port=server.port)
            await asyncio.to_thread(sys.stdin.read)

    asyncio.run(serve())


async def discard_async(request: Any) -> Any:
    async for _ in request.document:
        pass
    return answer_to(request)


def receive_asyncio(certificate: str | None = None) -> None:
    serve_asyncio(discard_async, certificate)


def spool_asyncio(folder: str) -> None:
    async def spool(request: Any) -> Any:
        with tempfile.NamedTemporaryFile(dir=folder, buffering=0, delete=False) as file:
            await request.document.write_to(file.fileno())
        return answer_to(request)

    serve_asyncio(spool)


def ask_asyncio() -> None:
    handler = printer_answer()

    async def answer(request: Any) -> Any:
        return handler(request)

    serve_asyncio(answer)


def client_asyncio() -> None:
    from ippfast import http

    AsyncClient: Any = http.AsyncClient

    async def generate_async(size: int, piece: int) -> AsyncIterator[bytes]:
        for each in generate(size, piece):
            yield each

    async def send(scheme: str, port: str, certificate: str, what: str, piece: str) -> None:
        async with AsyncClient(f"{scheme}://localhost:{port}/ipp/print", tls=tls(certificate)) as client:
            document = what if what.startswith("/") else generate_async(int(what), int(piece))
            await client.send(job(), document)

    for task in tasks():
        asyncio.run(send(*task))
        say(done=True)


# Other libraries' clients. Each line: port, size of the document, which they want whole.


def client_ippx() -> None:
    import ippx

    for port, size in tasks():
        with ippx.IppClient(f"ipp://localhost:{port}/ipp/print", timeout=300.0) as client:
            client.print_job(bytes(int(size)), document_format="application/pdf")
        say(done=True)


def client_pyipp() -> None:
    import pyipp

    async def send(port: str, size: str) -> None:
        async with pyipp.IPP("localhost", "/ipp/print", port=int(port), request_timeout=300) as client:
            await client.raw(pyipp.enums.IppOperation.PRINT_JOB, {"data": bytes(int(size))})

    for task in tasks():
        asyncio.run(send(*task))
        say(done=True)


# Many at once. The line: port, connections that stay idle, connections that stream, octets of each of those.


def crowd() -> None:
    def ask(connection: socket.socket, size: int) -> None:
        connection.sendall(wire.request(size, 0, port=0))
        for batch in wire.body(size, 0) if size else ():
            connection.sendall(batch)
        assert read_answer(connection) == 0

    for port, idle, streams, size in tasks():
        with contextlib.ExitStack() as stack, ThreadPoolExecutor(int(streams)) as pool:

            def connect(address: tuple[str, int], stack: contextlib.ExitStack = stack) -> socket.socket:
                return stack.enter_context(socket.create_connection(address, 60.0))

            address = ("localhost", int(port))
            waiting = [connect(address) for _ in range(int(idle))]
            for connection in waiting:
                ask(connection, 0)
            say(idle=len(waiting))
            sys.stdin.readline()
            start = time.perf_counter()
            for done in [pool.submit(ask, connect(address), int(size)) for _ in range(int(streams))]:
                done.result()
            seconds = time.perf_counter() - start
            for connection in waiting:
                ask(connection, 0)
            say(seconds=seconds, served=len(waiting) + int(streams))


def main() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8_192)), hard))
    role, *arguments = sys.argv[1:]
    core = os.environ.get("BENCH_CORE")
    if core and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    globals()[role.replace("-", "_")](*arguments)


if __name__ == "__main__":
    main()
