"""The printer's web page and its figures, fetched as a browser and a monitoring system do."""

import base64
import http.client
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from printers import DOCUMENT, SECONDS, Desk, Gate
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from ippfast import Message, Name, Operation
from ippfast.enums import Status
from ippfast.http import BasicAuth, BasicAuthenticator, Client, Server
from ippfast.http.events import DocumentData, EndOfMessage, Event
from ippfast.http.incoming import IncomingDocument
from ippfast.printer import Access, Description, Metrics, PrinterPages, SpoolPrinter
from ippfast.printer.metrics import _Counted as counting

NASTY = "<script>alert(1)</script>\x1b[31m\u202e\"'&"
USERS = {"alice": "a", "bob": "b", "root": "r"}


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def desk(tmp_path: Path, gate: Gate) -> Iterator[Desk]:
    description = {
        "printer-info": "Second <floor> & more",
        "printer-location": "Room 5",
        "printer-supply": ["type=toner;maxcapacity=100;level=80;colorantname=black;", "type=toner;level=-3;"],
        "printer-supply-description": ["Black toner", "<Other> toner"],
    }
    with SpoolPrinter(tmp_path, output=gate, access=Access(operators=["root"]), description=description) as printer:
        metrics = Metrics(printer)
        authenticator = BasicAuthenticator(lambda user, word: USERS.get(user) == word, insecure=True)
        with (
            Server(
                metrics,
                port=0,
                pages=PrinterPages(printer, metrics=metrics),
                authenticator=authenticator,
                anonymous=lambda head, message: message is None,
            ) as server,
            Client(f"ipp://localhost:{server.port}/ipp/print", auth=BasicAuth("alice", "a", insecure=True)) as client,
        ):
            yield Desk(printer, server, client)
        gate.open.set()


def get(
    desk: Desk, path: str, *, method: str = "GET", user: str | None = None, headers: Mapping[str, str] | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("localhost", desk.server.port, timeout=SECONDS)
    headers = dict(headers or {})
    if user is not None:
        pair = f"{user}:{USERS[user]}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    response.body = response.read()  # type: ignore[attr-defined]
    connection.close()
    return response


def text(desk: Desk, path: str, user: str | None = None) -> str:
    response = get(desk, path, user=user)
    assert response.status == 200
    body: bytes = response.body  # type: ignore[attr-defined]
    return body.decode()


class Tags(HTMLParser):
    """The elements of a page, what it loads, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_tells_of_the_printer_its_jobs_and_its_supplies(desk: Desk, gate: Gate) -> None:
    first = desk.print(DOCUMENT, job_name="Report")
    gate.begun.wait(SECONDS)
    page = Tags(text(desk, "/", user="alice"))
    for expected in ("Second <floor> & more", "Room 5", "processing", "takes jobs", "Report", "alice", "Black toner"):
        assert expected in page.text
    assert text(desk, desk.printer.path, user="alice").startswith("<!DOCTYPE html>")
    job = Tags(text(desk, f"/jobs/{first}", user="alice"))
    assert f"Job {first}" in job.text
    assert "Report" in job.text
    for path in ("/supplies", "/ipp/print/supplies"):
        shown = Tags(text(desk, path)).text
        assert "80 %" in shown
        assert "<Other> toner" in shown
        assert "some is left" in shown


def test_what_somebody_sent_is_text(desk: Desk) -> None:
    job = desk.print(DOCUMENT, job_name=Name(NASTY))
    for path in ("/", f"/jobs/{job}"):
        whole = text(desk, path, user="alice")
        page = Tags(whole)
        loaded = {value for name, value in page.attributes if name == "src"}
        assert loaded <= {"/assets/page.js", "/icon.png", f"/jobs/{job}/page.png"}
        assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
        assert "style" not in page.tags
        assert "<script>alert(1)</script>" in page.text
        assert "\x1b" not in whole
        assert "\u202e" not in whole
        policy = get(desk, path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy


@pytest.mark.parametrize(("user", "sees"), [(None, False), ("bob", False), ("alice", True), ("root", True)])
def test_of_others_jobs_a_page_tells_no_more_than_everybody_may_know(desk: Desk, user: str | None, sees: bool) -> None:
    job = desk.print(DOCUMENT, job_name="Dismissal")
    for path in ("/", f"/jobs/{job}"):
        page = Tags(text(desk, path, user=user)).text
        assert ("Dismissal" in page) == sees
        assert ("alice" in page) == sees
        assert str(job) in page


@pytest.mark.parametrize(
    "path", ["/nothing", "/jobs/99", "/jobs/x", "/jobs/", "/jobs/9999999999999999999", "/../etc/passwd"]
)
def test_there_is_nothing_else(desk: Desk, path: str) -> None:
    assert get(desk, path).status == 404


def test_the_icon_is_one(desk: Desk) -> None:
    response = get(desk, "/icon.png")
    assert response.headers["Content-Type"] == "image/png"
    assert response.body.startswith(b"\x89PNG\r\n")  # type: ignore[attr-defined]
    head = get(desk, "/icon.png", method="HEAD")
    assert head.headers["Content-Length"] == response.headers["Content-Length"]
    assert head.body == b""  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/icon.png", "/assets/style.css", "/assets/page.js"])
def test_files_are_sent_once(desk: Desk, path: str) -> None:
    tag = get(desk, path).headers["ETag"]
    again = get(desk, path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status, again.body) == (304, b"")  # type: ignore[attr-defined]
    assert get(desk, path, headers={"If-None-Match": '"other"'}).status == 200


def test_a_spool_has_no_toner(tmp_path: Path) -> None:
    with (
        SpoolPrinter(tmp_path) as printer,
        Server(printer, port=0, pages=PrinterPages(printer)) as server,
        Client(f"ipp://localhost:{server.port}/ipp/print") as client,
    ):
        desk = Desk(printer, server, client)
        assert "Supplies" not in text(desk, "/")
        assert "toner" not in text(desk, "/supplies")
        answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=["printer-more-info", "all"])
        page = str(answer.printer.value("printer-more-info"))
        assert page == f"http://localhost:{server.port}/ipp/print"
        assert str(answer.printer.value("printer-supply-info-uri")) == f"{page}/supplies"


def test_a_supply_without_a_description_is_called_what_it_is() -> None:
    described = Description({"printer-supply": ["type=toner;colorantname=black;", "type=wasteToner;", "odd"]})
    assert described.values("printer-supply-description") == ("black toner", "wasteToner", "supply")


def test_long_lists_come_in_pages(desk: Desk, gate: Gate) -> None:
    jobs = [desk.print() for _ in range(45)]
    first = Tags(text(desk, "/", user="alice"))
    assert "page 1 of 3" in first.text
    assert ("href", "/?jobs=2#jobs") in first.attributes
    seen = []
    for page in ("/", "/?jobs=2&done=7", "/?jobs=3"):
        shown = Tags(text(desk, page, user="alice")).attributes
        seen += [job for job in jobs if ("id", f"job-{job}") in shown]
    assert sorted(seen) == jobs
    for odd in ("/?jobs=99", "/?jobs=0", "/?jobs=x&<script>=1", "/?jobs=99999999999999999999", "/?=&&jobs"):
        assert get(desk, odd, user="alice").status == 200
    assert ("href", "/?done=7&jobs=2#jobs") in Tags(text(desk, "/?done=7&a%3Cb=1&c='\"", user="alice")).attributes


def figures(desk: Desk) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text(desk, "/metrics"))
        for sample in family.samples
    }


def test_the_figures_count_what_happened(desk: Desk, gate: Gate) -> None:
    gate.open.set()
    job = desk.print()
    desk.wait(job)
    desk.ask(Operation.CANCEL_JOB, job_id=99)
    found = figures(desk)
    assert found["ippfast_requests_total", "print-job", "successful-ok"] == 1
    assert found["ippfast_requests_total", "cancel-job", "client-error-not-found"] == 1
    assert found["ippfast_document_octets_total",] == len(DOCUMENT)
    assert found["ippfast_jobs", "completed"] == 1
    assert found["ippfast_jobs", "pending"] == 0
    assert found["ippfast_printer_state", "idle"] == 1
    assert found["ippfast_printer_accepting_jobs",] == 1
    assert found["ippfast_printer_up_seconds",] >= 1


def test_octets_that_are_received_into_buffers_are_counted_once() -> None:
    """A piece that is cut, since the buffer ends in it, is no more octets than it has."""
    counter = Counter("octets", "Octets.", registry=CollectorRegistry())
    events: Iterator[Event] = iter([DocumentData(bytes(70)), DocumentData(bytes(50))])
    document = counting(IncomingDocument(lambda: next(events, EndOfMessage())), counter)
    assert document.read(15) == bytes(15)
    buffer = memoryview(bytearray(40))
    assert [document.read_into(buffer) for _ in range(4)] == [40, 40, 25, 0]
    assert [each.samples[0].value for each in counter.collect()] == [120]


def test_no_client_makes_figures_of_its_own(desk: Desk) -> None:
    """Whatever it sends, the labels stay the same few."""
    for code in (0x7001, 0x7002, 0x7003):
        answer = desk.client.send(Message((2, 0), code, 1, []))
        assert answer.status is Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED
    unknown = [key for key in figures(desk) if key[0] == "ippfast_requests_total" and key[1] == "unknown"]
    assert unknown == [("ippfast_requests_total", "unknown", "server-error-operation-not-supported")]


def test_without_metrics_there_is_no_such_page(tmp_path: Path) -> None:
    with SpoolPrinter(tmp_path) as printer, Server(printer, port=0, pages=PrinterPages(printer)) as server:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=SECONDS)
        connection.request("GET", "/metrics")
        assert connection.getresponse().status == 404
        connection.close()
