"""The shim for pyipp and aioipp: equal to the libraries, message for message, and better where it is asked to be.

The rule of this file: in the faithful mode the library itself, from PyPI, says what is right. It is in an environment
of its own, where `compare_pyipp.py` and `use_pyipp.py` run. There are no tests of theirs to run: none of the sdists of
pyipp, 0.0.1 to 0.17.2, and of aioipp, 0.18.0 to 0.21.0, has any.
"""

import copy
import pickle
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from http_servers import serving, uri_of
from libraries import Library, compare, install, unpack_wheel
from peers import EvePrinter, Scheduler
from serve_program import print_service

import ippfast
from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    Keyword,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
    decode,
    encode,
)
from ippfast.compat import pyipp as shim
from ippfast.compat._pyipp_corrected import parse_ieee1284_device_id
from ippfast.compat._pyipp_library import IPPParseError
from ippfast.compat._strings import LanguageString, OutOfBandString
from ippfast.enums import JobState, Operation, PrinterState
from ippfast.http import IncomingRequest

LIBRARIES = ["pyipp==0.17.2", "aioipp==0.18.1"]
HERE = Path(__file__).resolve().parent
RECORDED = HERE.parent / "vectors" / "recorded" / "ippeveprinter-get-printer-attributes-response-1.ipp"


@pytest.fixture(scope="module", params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Library:
    requirement: str = request.param
    return install(requirement)


# ---- Faithful ----


def test_the_shim_does_what_the_library_does(library: Library) -> None:
    """Every message, truncations and mutations of it, and requests: the same result, or both raise."""
    compare(library, HERE / "compare_pyipp.py")


@pytest.mark.parametrize("requirement", ["aioipp==0.21.0", "pyipp==0.16.0", "pyipp==0.10.0"])
def test_other_releases(requirement: str) -> None:
    """One that the shim knows, though it needs a newer Python; and old ones, which keep their own functions."""
    library, overlay = install(LIBRARIES[1], "async_timeout"), unpack_wheel(requirement)
    environment = {"PYTHONPATH": str(overlay)}
    known = requirement.startswith("aioipp")
    said = library.run("-W", "error::DeprecationWarning", HERE / "use_pyipp.py", "replaced", environment=environment)
    assert said.decode().split() == (["parse", "encode_dict"] if known else ["2", "warnings"])
    if known:
        environment["PYTHONPATH"] += f":{HERE}"
        compare(library, HERE / "compare_pyipp.py", environment)


def test_install_and_uninstall(library: Library) -> None:
    assert library.run(HERE / "use_pyipp.py", "install") == b"as it should be\n"


# ---- The real thing ----


class Recorded:
    """A printer that says what a real one said."""

    def __init__(self) -> None:
        self.asked: list[Message] = []

    def __call__(self, request: IncomingRequest) -> Message:
        self.asked.append(request.message)
        answer = decode(RECORDED.read_bytes())
        answer.request_id = request.message.request_id
        answer.version = request.message.version
        return answer


@pytest.mark.parametrize("mode", ["faithful", "corrected"])
def test_polling_our_server(library: Library, mode: str) -> None:
    printer = Recorded()
    with serving(printer) as server:
        said = library.run(HERE / "use_pyipp.py", "poll", mode, uri_of(server))
    name, state, polls = said.decode().strip().split("|")
    assert (name, state) == ("Peer", "idle")
    assert len(printer.asked) == int(polls) == 5
    assert printer.asked[0].operation is Operation.GET_PRINTER_ATTRIBUTES
    assert printer.asked[0].operation_attributes["printer-uri"].value == uri_of(server)
    assert "marker-names" in printer.asked[0].operation_attributes["requested-attributes"].values


def test_polling_real_printers(library: Library, eve_printer: EvePrinter, scheduler: Scheduler, tmp_path: Path) -> None:
    """ippeveprinter, a queue of cupsd, and `ippfast serve`."""
    queue = scheduler.add_queue("polled", "file:///dev/null")
    with print_service(tmp_path, "nul") as port:
        uris = (eve_printer.uri, queue, f"ipp://localhost:{port}/ipp/print/nul")
        said = {mode: library.run(HERE / "use_pyipp.py", "poll", mode, *uris) for mode in ("faithful", "corrected")}
        assert library.run(HERE / "use_pyipp.py", "poll", "without", *uris) == said["faithful"]
    for lines in said.values():
        assert [line.split("|")[::2] for line in lines.decode().splitlines()] == [
            ["Peer", "5"],
            ["polled", "5"],
            ["nul", "5"],
        ]


# ---- Where the library is not installed; and the corrected mode ----


def message(*groups: tuple[int, list[Attribute]]) -> bytes:
    charset = Attribute("attributes-charset", ValueTag.CHARSET, "utf-8")
    operation = AttributeGroup(DelimiterTag.OPERATION, [charset])
    made = Message((2, 0), 0, 1, [operation, *[AttributeGroup(tag, list(attributes)) for tag, attributes in groups]])
    return encode(made)


def corrected(*attributes: Attribute) -> dict[str, Any]:
    found: dict[str, Any] = shim.parse(message((DelimiterTag.PRINTER, list(attributes))), quirks=False)["printers"][0]
    return found


def test_without_the_library() -> None:
    answer = shim.parse(RECORDED.read_bytes())
    assert list(answer) == [
        "version", "status-code", "request-id",
        "operation-attributes", "unsupported-attributes", "jobs", "printers", "data",
    ]  # fmt: skip
    assert answer["printers"][0]["printer-state"] is PrinterState.IDLE
    request = {"version": (2, 0), "operation": Operation.GET_JOBS, "operation-attributes-tag": {"which-jobs": "all"}}
    assert decode(shim.encode_dict(request)).operation_attributes["which-jobs"].tag is ValueTag.KEYWORD
    with pytest.raises(ModuleNotFoundError):
        shim.install()


def test_what_was_lost() -> None:
    size = Collection([Attribute("x", ValueTag.INTEGER, [1, 2])])
    found = corrected(
        Attribute("job-state", ValueTag.ENUM, [9, 99]),
        Attribute("media-col", ValueTag.BEG_COLLECTION, size),
        Attribute("page-ranges", ValueTag.RANGE_OF_INTEGER, [RangeOfInteger(1, 9), RangeOfInteger(20, 30)]),
        Attribute("octets", ValueTag.OCTET_STRING, [b"\xff\x00", b"text"]),
        Attribute("old", ValueTag.DATE_TIME, DateTime(0, 0, 0)),
        Attribute("new", ValueTag.DATE_TIME, DateTime(2026, 11, 25, 12)),
        Attribute("dots", ValueTag.RESOLUTION, Resolution(300, 600, 3)),
        Attribute("short", ValueTag.INTEGER, RawValue(b"\0")),
        Attribute("two", ValueTag.BOOLEAN, RawValue(b"\2")),
        Attribute("latin", ValueTag.TEXT, "Mode \udce9"),
        Attribute("reserved", 0x43, b""),
    )
    assert found == {
        "job-state": [JobState.COMPLETED, 99],
        "media-col": {"x": [1, 2]},
        "page-ranges": [[1, 9], [20, 30]],
        "octets": [b"\xff\x00", "text"],
        "old": DateTime(0, 0, 0),
        "new": datetime(2026, 11, 25, 12, tzinfo=UTC),
        "dots": (300, 600, 3),
        "short": b"\0",
        "two": True,
        "latin": "Mode é",
        "reserved": None,
    }
    assert [type(found[name]) for name in ("dots", "short", "old", "new")] == [tuple, bytes, DateTime, datetime]


@pytest.mark.parametrize("again", [lambda value: value, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_strings_that_say_more(again: Callable[[Any], Any]) -> None:
    found = corrected(
        Attribute("nothing", ValueTag.NO_VALUE, OutOfBand.NO_VALUE),
        Attribute("text", ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage("Büro", "de")),
    )
    nothing, text = again(found["nothing"]), again(found["text"])
    assert (nothing, type(nothing), nothing.reason) == ("", OutOfBandString, OutOfBand.NO_VALUE)
    assert (text, type(text), text.language) == ("Büro", LanguageString, "de")


def test_a_collection_among_values_of_other_tags() -> None:
    size = Collection([Attribute("x-dimension", ValueTag.INTEGER, 1)])
    tags = [ValueTag.BEG_COLLECTION, ValueTag.KEYWORD, ValueTag.BEG_COLLECTION]
    assert corrected(Attribute("media", tags, [size, "a4", size])) == {
        "media": [{"x-dimension": 1}, "a4", {"x-dimension": 1}]
    }


def test_groups_that_had_no_place() -> None:
    one = [Attribute("notify-subscription-id", ValueTag.INTEGER, 7)]
    octets = message((DelimiterTag.EVENT_NOTIFICATION, one), (0x0E, one), (DelimiterTag.JOB, []))
    found = shim.parse(octets + b"data", True, quirks=False)
    assert found["event-notifications"] == found["group-0x0e"] == [{"notify-subscription-id": 7}]
    assert (found["jobs"], found["data"]) == ([{}], b"data")
    with pytest.raises(struct.error):
        shim.parse(octets)


def test_broken_messages_are_repaired(caplog: pytest.LogCaptureFixture) -> None:
    """An open collection, as a Canon sends it; and what is no message at all."""
    open_collection = Attribute("media-col-ready", ValueTag.BEG_COLLECTION, Collection([Attribute("x", 0x21, 5)]))
    name = Attribute("printer-name", ValueTag.NAME, "Canon")
    octets = message((DelimiterTag.PRINTER, [open_collection, name])).replace(b"\x37\0\0\0\0", b"")
    found = shim.parse(octets, quirks=False)
    assert found["printers"] == [{"media-col-ready": {"x": 5}, "printer-name": "Canon"}]
    assert "Repaired what the printer sent" in caplog.text
    for nothing in (b"", b"\2\0", b"<!DOCTYPE html><title>404</title>"):
        with pytest.raises(IPPParseError):
            shim.parse(nothing, quirks=False)


def test_device_ids_that_are_none() -> None:
    assert parse_ieee1284_device_id("Unknown") == {}
    found = parse_ieee1284_device_id("MFG:HP;MDL:ENVY;CMD:PCL,PJL;URL:http://x;")
    assert found == {
        "MFG": "HP", "MDL": "ENVY", "CMD": "PCL,PJL", "URL": "http://x",
        "MANUFACTURER": "HP", "MODEL": "ENVY", "COMMAND SET": "PCL,PJL",
    }  # fmt: skip


def test_requests_that_could_not_be_written() -> None:
    request = {
        "version": None,
        "operation": 0x0016,
        "request-id": 5,
        "operation-attributes-tag": {"attributes-charset": "utf-8", "printer-uri": "ipp://p/", "my-jobs": True},
        "job-attributes-tag": {
            "page-ranges": [(1, 3)],
            "media-col": {"media-size": {"x-dimension": 21000, "y-dimension": 29700}},
            "x-größe": Keyword("none"),
            "finishings": [],
        },
        "printer-attributes-tag": {},
        "subscription-attributes-tag": [{"notify-pull-method": "ippget"}, {"notify-events": {"job-created"}}],
        "data": b"%PDF",
    }
    made, end = ippfast.decode_prefix(shim.encode_dict(request, quirks=False) + b"..")
    assert (made.version, made.code, made.request_id) == ((2, 0), 0x0016, 5)
    assert [group.tag for group in made.groups] == [1, 2, 6, 6]
    assert made.job["page-ranges"].values == (RangeOfInteger(1, 3),)
    assert made.job["media-col"].value["media-size"].value["x-dimension"].value == 21000
    assert made.job["x-größe"] == Attribute("x-größe", ValueTag.KEYWORD, "none")
    assert "finishings" not in made.job
    assert made.groups[3]["notify-events"].values == ("job-created",)
    assert shim.encode_dict(request, quirks=False)[end:] == b"%PDF"
    assert 10_000 <= decode(shim.encode_dict({"operation": 2}, quirks=False)).request_id <= 99_998


@pytest.mark.parametrize(
    ("key", "value"),
    [("job-attributes-tag", {"x-none": "a"}), ("job-attributes-tag", {"copies": "two"}), ("jobs", [])],
)
def test_requests_that_would_lose_something(key: str, value: object) -> None:
    with pytest.raises(ippfast.EncodeError):
        shim.encode_dict({"operation": 2, key: value}, quirks=False)


def test_trace(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "pyipp.parser")
    shim.parse(RECORDED.read_bytes())
    (record,) = caplog.records
    assert "printer-state (enum): 3" in record.getMessage()
    with pytest.raises(struct.error):
        shim.parse(b"\2")
    assert len(caplog.records) == 2
