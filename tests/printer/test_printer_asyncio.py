"""The print server under asyncio: `AsyncServer` and ASGI, with the same printer as under threads.

The rule of this file: what is asked and what is there afterwards is the same, whichever server stands before it.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from printers import DOCUMENT, SECONDS

from ippfast import encode, operations
from ippfast.enums import JobState, Status
from ippfast.http import AsyncClient, AsyncServer, Page, PageRequest
from ippfast.http.uri import parse_uri
from ippfast.printer import Directory, InThreads, PrinterPages, SpoolPrinter

Ask = Callable[[str], Awaitable[None]]


def serve(directory: Path, ask: Ask) -> SpoolPrinter:
    """Serve a printer in a loop of its own while something is asked of it."""

    async def run(handler: InThreads) -> None:
        async with AsyncServer(handler, port=0) as server, asyncio.timeout(SECONDS):
            await ask(f"ipp://localhost:{server.port}/ipp/print")

    with (
        SpoolPrinter(directory / "spool", output=Directory(directory / "out")) as printer,
        InThreads(printer) as handler,
    ):
        asyncio.run(run(handler))
    return printer


def test_many_print_at_once(tmp_path: Path) -> None:
    jobs: dict[int, int] = {}

    async def one(uri: str, number: int) -> None:
        async with AsyncClient(uri) as client:
            answer = await client.send(operations.print_job(uri, job_name="j"), DOCUMENT + str(number).encode())
            assert answer.status is Status.SUCCESSFUL_OK
            jobs[number] = answer.job["job-id"].value
            while True:
                job = await client.send(operations.get_job_attributes(uri, jobs[number]))
                if job.job["job-state"].value == JobState.COMPLETED:
                    return
                await asyncio.sleep(0.02)

    async def ask(uri: str) -> None:
        await asyncio.gather(*(one(uri, number) for number in range(20)))

    serve(tmp_path, ask)
    assert sorted(jobs.values()) == list(range(1, 21))
    for number, job_id in jobs.items():
        assert (tmp_path / "out" / f"{job_id}-1-j.pdf").read_bytes() == DOCUMENT + str(number).encode()


async def send_a_half(port: int) -> asyncio.StreamWriter:
    """A Print-Job whose document does not end."""
    _, writer = await asyncio.open_connection("localhost", port)
    head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: 199999\r\n\r\n"
    writer.write(
        head.encode() + encode(operations.print_job("ipp://localhost/ipp/print")) + b"%PDF-half" + bytes(80_000)
    )
    await writer.drain()
    return writer


def test_a_client_that_goes_leaves_nothing(tmp_path: Path) -> None:
    """Its thread ends, and its half of a document is removed."""
    before = threading.active_count()
    documents = tmp_path / "spool" / "documents"

    async def ask(uri: str) -> None:
        writer = await send_a_half(parse_uri(uri).port)
        while not list(documents.iterdir()):
            await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()
        while list(documents.iterdir()):
            await asyncio.sleep(0.01)

    serve(tmp_path, ask)
    assert threading.active_count() == before


def test_the_server_ends_while_a_document_arrives(tmp_path: Path) -> None:
    async def run(handler: InThreads) -> None:
        server = AsyncServer(handler, port=0)
        await server.start()
        writer = await send_a_half(server.port)
        while not list((tmp_path / "documents").iterdir()):
            await asyncio.sleep(0.01)
        await server.shutdown(0.1)
        writer.close()

    with SpoolPrinter(tmp_path) as printer, InThreads(printer) as handler:
        asyncio.run(asyncio.wait_for(run(handler), SECONDS))
    assert list((tmp_path / "documents").iterdir()) == []


def test_events(tmp_path: Path) -> None:
    async def ask(uri: str) -> None:
        async with AsyncClient(uri) as client:
            template = {"notify-pull-method": "ippget", "notify-events": ["printer-state-changed"]}
            made = await client.send(operations.create_printer_subscriptions(uri, subscription=template))
            number = made.groups[-1]["notify-subscription-id"].value
            await client.send(operations.pause_printer(uri))
            answer = await client.send(operations.get_notifications(uri, [number]))
            assert answer.status in (Status.SUCCESSFUL_OK, Status.SUCCESSFUL_OK_EVENTS_COMPLETE)
            assert len(answer.groups) == 2

    serve(tmp_path, ask)


@pytest.mark.parametrize("accept", ["application/ipp", "multipart/related"])
def test_who_waits_for_events_keeps_no_thread_from_others(tmp_path: Path, accept: str) -> None:
    async def run(printer: SpoolPrinter, handler: InThreads) -> None:
        async with AsyncServer(handler, port=0) as server, asyncio.timeout(SECONDS):
            uri = f"ipp://localhost:{server.port}/ipp/print"
            wanted = {"notify-pull-method": "ippget", "notify-events": ["printer-state-changed"]}
            async with AsyncClient(uri) as client:
                await client.send(operations.create_printer_subscriptions(uri, subscription=[wanted], user="ann"))
                question = encode(operations.get_notifications(uri, [1], notify_wait=True, user="ann"))
                head = f"POST / HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nContent-Type: application/ipp\r\n"
                writers = []
                for _ in range(4):
                    _, writer = await asyncio.open_connection("localhost", server.port)
                    writer.write(f"{head}Content-Length: {len(question)}\r\n\r\n".encode() + question)
                    await writer.drain()
                    writers.append(writer)
                while printer.waiting_room.taken() < 4:
                    await asyncio.sleep(0.01)
                answer = await client.send(operations.get_jobs(uri))
                assert answer.status is Status.SUCCESSFUL_OK
                for writer in writers:
                    writer.close()

    with SpoolPrinter(tmp_path) as printer, InThreads(printer, threads=1) as handler:
        asyncio.run(run(printer, handler))


def test_pages_and_their_forms_are_carried_out_in_threads(tmp_path: Path) -> None:
    loop_thread = threading.current_thread()
    seen = []

    class Pages(PrinterPages):
        def __call__(self, request: PageRequest) -> Page | None:
            seen.append((request.form, threading.current_thread() is loop_thread))
            return super().__call__(request)

    async def run(handler: InThreads) -> None:
        pages = handler.pages(Pages(printer))
        async with AsyncServer(handler, port=0, pages=pages) as server, asyncio.timeout(SECONDS):
            for method, body in (("GET", b""), ("POST", b"action=pause_printer")):
                reader, writer = await asyncio.open_connection("localhost", server.port)
                head = f"{method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{head}{kind if body else ''}\r\n".encode() + body)
                answers.append(await reader.read())
                writer.close()
                await writer.wait_closed()

    answers: list[bytes] = []
    with SpoolPrinter(tmp_path) as printer, InThreads(printer) as handler:
        asyncio.run(run(handler))
    assert seen == [(None, False), ({"action": "pause_printer"}, False)]
    assert [answer[9:12] for answer in answers] == [b"200", b"403"]
