"""What a client remembers of a printer for the next job, and what ends that.

The rule of this file: a real server counts what it is asked; the pages are octets, made for the printer while they go.
"""

import threading
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from ippfast import AttributeGroup, Message, response
from ippfast.enums import JobState, Operation
from ippfast.http import Client, IncomingRequest, JobError, Refusal, Server, StatusError
from ippfast.http._client import remembered as module

_ATTRIBUTES, _VALIDATE, _PRINT = Operation.GET_PRINTER_ATTRIBUTES, Operation.VALIDATE_JOB, Operation.PRINT_JOB


class _Made(NamedTuple):
    document: tuple[bytes, ...]
    job: Mapping[str, Any]
    format: str = "image/urf"

    def close(self) -> None:
        pass


class _Pages:
    """A document that is made for the printer, and keeps what it was shown of it."""

    name: str | None = None
    loaded: list[object]

    def prepare(self, printer: AttributeGroup, job: Mapping[str, Any]) -> _Made:
        self.loaded = list(printer["media-ready"].values) if "media-ready" in printer else []
        return _Made((b"UNIRAST",), job)


class _Printer:
    """It makes jobs by Print-Job alone, and says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Operation | int] = []
        self.loaded: list[str] = []
        self.refusal: Refusal | None = None
        self.state = JobState.COMPLETED

    def __call__(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        self.asked.append(message.operation)
        incoming.document.read()
        if message.operation is _ATTRIBUTES:
            told: dict[str, Any] = {"operations-supported": [int(_PRINT), int(_VALIDATE)]}
            return response(message, printer=told | ({"media-ready": self.loaded} if self.loaded else {}))
        if message.operation is _PRINT and self.refusal is not None:
            raise self.refusal
        return response(message, job={"job-id": 1, "job-state": int(self.state), "job-state-reasons": "none"})

    def taken(self) -> list[Operation | int]:
        asked, self.asked = self.asked, []
        return asked


@pytest.fixture
def printer() -> _Printer:
    return _Printer()


@pytest.fixture
def client(printer: _Printer) -> Iterator[Client]:
    with Server(printer, port=0) as server, Client(f"ipp://localhost:{server.port}/") as client:
        yield client


def test_a_job_whose_attributes_were_changed_in_place_is_another(client: Client, printer: _Printer) -> None:
    media = {"media-type": "stationery"}
    client.print(_Pages(), media_col=media)
    printer.taken()
    client.print(_Pages(), media_col=media, job_name="another")
    assert printer.taken() == [_PRINT]
    media["media-type"] = "transparency"
    client.print(_Pages(), media_col=media)
    assert printer.taken() == [_VALIDATE, _PRINT]


def test_a_refusal_of_http_ends_it(client: Client, printer: _Printer) -> None:
    client.print(_Pages())
    printer.refusal = Refusal(403, "no more")
    with pytest.raises(StatusError):
        client.print(_Pages())
    printer.refusal = None
    printer.taken()
    client.print(_Pages())
    assert printer.taken() == [_ATTRIBUTES, _VALIDATE, _PRINT]


def test_a_job_that_the_printer_gives_up_ends_it(client: Client, printer: _Printer) -> None:
    printer.state = JobState.ABORTED
    with pytest.raises(JobError):
        client.wait(client.print(_Pages()))
    printer.taken()
    client.print(_Pages())
    assert printer.taken() == [_ATTRIBUTES, _VALIDATE, _PRINT]


def test_what_is_loaded_is_asked_for_each_job(client: Client, printer: _Printer) -> None:
    pages = _Pages()
    printer.loaded = ["iso_a4_210x297mm"]
    client.print(pages)
    printer.loaded = ["na_letter_8.5x11in"]
    client.print(pages)
    assert pages.loaded == ["na_letter_8.5x11in"]
    printer.loaded = []
    client.print(pages)
    assert pages.loaded == []


def test_a_thread_may_forget_while_another_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = module.Remembered()
    remembered.took(b"job")
    threads: list[threading.Thread] = []

    def forgotten_meanwhile() -> float:
        threads.append(threading.Thread(target=remembered.forget))
        threads[-1].start()
        threads[-1].join()
        return 0.0

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=forgotten_meanwhile))
    assert remembered.takes(b"job")
    assert not remembered.takes(b"job")
