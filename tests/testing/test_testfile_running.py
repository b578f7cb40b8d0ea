"""Test files run against our printer: what goes out is what they say, and what they wait for ends."""

import gzip
import json
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from command_line import run
from http_servers import serving, uri_of

from ippfast import DelimiterTag, Message, response
from ippfast.enums import Status
from ippfast.http import Client, IncomingRequest
from ippfast.raster import Reader
from ippfast.testing import FileFault, Options, Runner, Summary, Variables, about_document

HEAD = """
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
"""


class Printer:
    """Keeps what comes, and answers success with the attributes it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.documents: list[bytes] = []
        self.framings: list[str] = []
        self.targets: list[str] = []
        self.statuses: list[Status] = []
        self.attributes: dict[str, object] = {"printer-name": "one", "media-default": "na_index-4x6_4x6in"}

    def __call__(self, incoming: IncomingRequest) -> Message:
        self.messages.append(incoming.message)
        self.targets.append(incoming.head.target)
        self.framings.append("length" if incoming.head.headers.get("content-length") else "chunked")
        self.documents.append(b"".join(map(bytes, incoming.document or ())))
        status = self.statuses.pop(0) if self.statuses else Status.SUCCESSFUL_OK
        return response(incoming.message, status, printer=self.attributes)


@pytest.fixture
def printer() -> Printer:
    return Printer()


@pytest.fixture
def uri(printer: Printer) -> Iterator[str]:
    with serving(printer) as server:
        yield uri_of(server)


def run_text(text: str, uri: str, path: Path, *, document: Path | None = None, **options: object) -> Summary:
    file = path / "a.test"
    file.write_text(text)
    given = Variables(uri, "somebody", about_document(document))
    with Runner(lambda there: Client(there), given, Options(**options)) as runner:  # type: ignore[arg-type]
        return runner.run(file)


def test_an_expression_that_takes_too_long_fails_its_test(
    printer: Printer, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ippfast.testing.regular_expressions._MOST_VISITS", 3)
    ask = f"{{ OPERATION Get-Printer-Attributes {HEAD} %s }}"
    text = ask % 'EXPECT printer-name WITH-VALUE "/.{1,9}.{1,9}z/"' + ask % "EXPECT printer-name"
    summary = run_text(text, uri, tmp_path, ignore_errors=True)
    assert [mark for _, mark in summary.marks] == ["FAIL", "PASS"]
    assert "takes too long" in summary.failures[0].words[0]


def test_the_request_is_as_the_file_says(printer: Printer, uri: str, tmp_path: Path) -> None:
    text = f"""
{{ OPERATION 0x3fff VERSION 2.9 REQUEST-ID 17 RESOURCE /elsewhere {HEAD}
   GROUP job ATTR integer copies 2 GROUP job ATTR integer copies 3
   ATTR octetString x-octets <00ff>,<>,plain
   GROUP operation ATTR name second "a $$ ${{no-such}}$no-such $user" }}
{{ OPERATION Get-Printer-Attributes }}
{{ OPERATION Get-Printer-Attributes GROUP job }}
"""
    summary = run_text(text, uri, tmp_path)
    first, second, third = printer.messages
    assert (first.version, int(first.code), first.request_id) == ((2, 9), 0x3FFF, 17)
    assert printer.targets[0] == "/elsewhere"
    assert [int(group.tag) for group in first.groups] == [1, 2, 2, 1]
    assert first.groups[2]["x-octets"].values == (b"\x00\xff", b"", b"plain")
    assert first.groups[3].value("second") == "a $  somebody"
    assert (list(second.groups), list(third.groups)) == ([], [])
    assert summary.marks == [("a", "PASS")] * 3
    assert second.request_id == 18


@pytest.mark.parametrize("transfer", ["auto", "chunked", "length"])
@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_documents(printer: Printer, uri: str, tmp_path: Path, transfer: str, compression: str) -> None:
    octets = b"a document\n" * 30_000
    (document := tmp_path / "document.txt").write_bytes(octets)
    text = f"{{ OPERATION Print-Job TRANSFER {transfer} COMPRESSION {compression} {HEAD} FILE $filename }}"
    summary = run_text(text, uri, tmp_path, document=document)
    assert summary.passed
    assert printer.framings == ["length" if transfer == "length" else "chunked"]
    made = printer.documents[0]
    if compression == "gzip":
        made = gzip.decompress(made)
    elif compression == "deflate":
        made = zlib.decompress(made, wbits=-15)
    assert made == octets


@pytest.mark.parametrize("kind", ["image/pwg-raster", "image/urf"])
def test_generated_pages(printer: Printer, uri: str, tmp_path: Path, kind: str) -> None:
    text = f"""{{ OPERATION Print-Job {HEAD} GENERATE-FILE {{
        FORMAT {kind} NUM-PAGES 3 NUM-COPIES 2 RESOLUTION 75dpi COLORSPACE sgray_8 SIDES two-sided-long-edge }} }}"""
    summary = run_text(text, uri, tmp_path)
    assert summary.passed, summary.failures
    (path := tmp_path / "pages").write_bytes(printer.documents[-1])
    with path.open("rb") as file:
        pages = []
        for page in (reader := Reader(file)):
            pages.append((page.width, page.height, page.copies))
            while reader.read_lines(256):
                pass
    assert pages == ([(300, 450, 2)] * 3 if kind == "image/pwg-raster" else [(300, 450, 1)] * 6)


@pytest.mark.parametrize(
    ("parameter", "reason"),
    [
        ("FORMAT image/gif", "FORMAT must be"),
        ("NUM-PAGES 0", "NUM-PAGES must be a number"),
        ("MEDIA letter", "MEDIA must be a size name"),
        ("RESOLUTION 0dpi", "RESOLUTION must be"),
        ("RESOLUTION 99999dpi", "too many pixels"),
        ("COLORSPACE pink", "COLORSPACE must be"),
        ("COLORSPACE color", "does not support COLORSPACE"),
        ("ORIENTATION north", "ORIENTATION must be"),
    ],
)
def test_pages_that_cannot_be_made(printer: Printer, uri: str, tmp_path: Path, parameter: str, reason: str) -> None:
    summary = run_text(f"{{ OPERATION Print-Job {HEAD}\nGENERATE-FILE {{ {parameter} }} }}", uri, tmp_path)
    assert summary.marks == [("a", "FAIL")]
    assert reason in summary.failures[0].words[0]


def test_a_file_ends_at_a_failure(printer: Printer, uri: str, tmp_path: Path) -> None:
    ask = f"OPERATION Get-Printer-Attributes {HEAD}"
    text = f"{{ NAME one {ask} EXPECT no-such }} {{ NAME two {ask} }}"
    assert run_text(text, uri, tmp_path).marks == [("one", "FAIL")]
    assert run_text(text, uri, tmp_path, ignore_errors=True).marks == [("one", "FAIL"), ("two", "PASS")]
    assert run_text(f"IGNORE-ERRORS yes {text}", uri, tmp_path).marks == [("one", "FAIL"), ("two", "PASS")]


def test_files_include_each_other(printer: Printer, uri: str, tmp_path: Path) -> None:
    ask = f"OPERATION Get-Printer-Attributes {HEAD}"
    (tmp_path / "more").mkdir()
    (tmp_path / "b.test").write_text(f"{{ NAME b {ask} EXPECT no-such }} {{ NAME never {ask} }}")
    (tmp_path / "more" / "c.test").write_text(f"VERSION 1.0\n{{ NAME c {ask} EXPECT printer-name DEFINE-MATCH SEEN }}")
    text = f"""
INCLUDE "b.test"
INCLUDE-IF-DEFINED nothing "no-such.test"
INCLUDE-IF-NOT-DEFINED nothing <c.test>
{{ NAME after {ask} SKIP-IF-NOT-DEFINED SEEN }}
SKIP-IF-DEFINED SEEN
{{ NAME left-out {ask} }}
"""
    summary = run_text(text, uri, tmp_path, directories=(tmp_path / "more",))
    assert summary.marks == [("b", "FAIL"), ("c", "PASS"), ("after", "PASS")]
    assert [message.version for message in printer.messages] == [(2, 0), (1, 0), (2, 0)]
    summary = run_text(f"STOP-AFTER-INCLUDE-ERROR yes {text}", uri, tmp_path, directories=(tmp_path / "more",))
    assert summary.marks == [("b", "FAIL")]
    with pytest.raises(FileFault, match=r"a\.test:1: there is no file 'c\.test'"):
        run_text("INCLUDE c.test", uri, tmp_path)
    with pytest.raises(FileFault, match="20 deep"):
        run_text("INCLUDE a.test", uri, tmp_path)


def test_what_is_wrong_in_a_test_is_its_failure(printer: Printer, uri: str, tmp_path: Path) -> None:
    text = f"""
DEFINE BAD "/(/"
{{ OPERATION Get-Printer-Attributes {HEAD} EXPECT printer-name WITH-VALUE $BAD }}
{{ OPERATION Print-Job {HEAD} FILE no-such.pdf }}
{{ OPERATION Print-Job {HEAD} FILE no-such.pdf SKIP-IF-MISSING no-such.pdf }}
{{ OPERATION Get-Printer-Attributes {HEAD} ATTR integer x $user }}
{{ NAME nothing }}
"""
    summary = run_text(text, uri, tmp_path, ignore_errors=True)
    assert [outcome.mark for outcome in summary.outcomes] == ["FAIL", "FAIL", "SKIP", "FAIL", "FAIL"]
    reasons = ["parenthesis", "FILE no-such.pdf does not exist", "", "x must be an integer", "no OPERATION"]
    for outcome, reason in zip(summary.outcomes, reasons, strict=True):
        assert reason in "".join(outcome.words)
    assert printer.messages == []


def test_an_answer_is_judged_before_anything_is_expected(tmp_path: Path) -> None:
    def answer(incoming: IncomingRequest) -> Message:
        made = response(incoming.message, job={"job-id": 1}, printer={"printer-name": "a"})
        groups = [made.groups[0], made.group(DelimiterTag.PRINTER), made.group(DelimiterTag.JOB)]
        return Message((1, 0), made.code, made.request_id + 1, groups)

    with serving(answer) as server:
        summary = run_text(f"{{ OPERATION Get-Jobs {HEAD} }}", uri_of(server), tmp_path)
    words = summary.failures[0].words
    assert any(word.startswith("Bad version 1.0") for word in words)
    assert any(word.startswith("Bad request ID") for word in words)
    assert "Attribute groups out of order (job-attributes-tag < printer-attributes-tag)" in words


def test_the_time_of_a_run_ends_it(printer: Printer, uri: str, tmp_path: Path) -> None:
    ask = f"OPERATION Get-Printer-Attributes {HEAD}"
    again = "DELAY 0,0.01 EXPECT printer-name REPEAT-MATCH REPEAT-LIMIT 1000000"
    text = f"{{ NAME endless {ask} {again} }} {{ NAME b {ask} }}"
    begun = time.monotonic()
    summary = run_text(text, uri, tmp_path, seconds=0.5)
    assert time.monotonic() - begun < 20
    assert summary.marks == [("endless", "FAIL")]
    assert "is over" in summary.failures[0].words[0]
    for number in range(12):  # 50 to the power of 12, without a test
        (tmp_path / f"{number}.test").write_text(f"INCLUDE {number + 1}.test\n" * 50)
    (tmp_path / "12.test").write_text("")
    with pytest.raises(FileFault, match="is over"):
        run_text("INCLUDE 0.test", uri, tmp_path, seconds=0.5)


def test_values_that_are_made_of_each_other_end(uri: str) -> None:
    variables = Variables(uri, "somebody")
    variables["long"] = "x" * (1 << 20)
    tracemalloc.start()
    try:
        assert variables.expand("a$$b${long}" * 50) == "a$b" + "x" * ((1 << 20) - 3)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert variables.expand("a$$b$user c") == "a$bsomebody c"


@pytest.mark.parametrize(
    "again",
    [
        "EXPECT printer-name REPEAT-MATCH",
        "EXPECT no-such REPEAT-NO-MATCH",
        "EXPECT printer-name WITH-VALUE two REPEAT-NO-MATCH",
        "STATUS successful-ok REPEAT-MATCH",
        "STATUS server-error-busy REPEAT-NO-MATCH",
    ],
)
def test_repetitions(printer: Printer, uri: str, tmp_path: Path, again: str) -> None:
    text = f"{{ OPERATION Get-Printer-Attributes {HEAD} {again} REPEAT-LIMIT 3 }}"
    (outcome,) = run_text(text, uri, tmp_path, interval=0.01).outcomes
    assert (outcome.attempts, len(printer.messages)) == (3, 3)
    assert (outcome.mark == "PASS") == ("REPEAT-MATCH" in again)


def test_pauses(printer: Printer, uri: str, tmp_path: Path) -> None:
    said: list[str] = []
    text = f'{{ OPERATION Get-Printer-Attributes {HEAD} PAUSE "Load paper" }}'
    assert run_text(text, uri, tmp_path).passed
    assert run_text(text, uri, tmp_path, pause=said.append).passed
    assert said == ["Load paper"]


def test_the_command(printer: Printer, uri: str, tmp_path: Path) -> None:
    (file := tmp_path / "b.test").write_text(
        f"""{{ NAME "the name" OPERATION Get-Printer-Attributes {HEAD} DISPLAY printer-name }}
{{ NAME other SKIP-IF-DEFINED leave OPERATION Get-Printer-Attributes {HEAD} EXPECT printer-name WITH-VALUE two }}"""
    )
    result = run("test", str(file), uri)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f'"{file}":',
        f"    {'the name':68} [PASS]",
        "        printer-name (nameWithoutLanguage) = one",
        f"    {'other':68} [FAIL]",
        f"        RECEIVED: {result.stdout.split('RECEIVED: ')[1].split()[0]} bytes in response",
        "        status-code = successful-ok",
        '        EXPECTED: printer-name WITH-VALUE "two"',
        '        GOT: printer-name="one"',
        "",
        "Summary: 2 tests, 1 passed, 1 failed, 0 skipped",
        "Score: 50%",
    ]
    result = run("test", "-d", "leave=1", "--json", str(file), uri)
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert (data["passed"], data["failed"], data["skipped"]) == (1, 0, 1)
    assert data["tests"][0]["displayed"] == [{"name": "printer-name", "syntax": "nameWithoutLanguage", "value": "one"}]


class _Other(BaseHTTPRequestHandler):
    """A server that wants a password, and keeps what it gets."""

    got: ClassVar[list[str | None]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(self.headers["Authorization"])
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


def test_no_password_goes_where_a_file_says(
    printer: Printer, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPPFAST_PASSWORD", "secret")
    monkeypatch.setattr(_Other, "got", [])
    with HTTPServer(("127.0.0.1", 0), _Other) as other:
        thread = threading.Thread(target=other.serve_forever, args=(0.05,))
        thread.start()
        there = f"ipp://127.0.0.1:{other.server_port}/ipp/print"
        watch = f"MONITOR-PRINTER-STATE {there} {{ EXPECT printer-state }}"
        (file := tmp_path / "b.test").write_text(f"{{ OPERATION Get-Printer-Attributes {HEAD} {watch} }}")
        result = run("test", "--user", "alice", str(file), uri)
        other.shutdown()
        thread.join()
    assert result.exit_code == 0, result.stderr
    assert _Other.got == [None]


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    (file := tmp_path / "b.test").write_text("\n{ WHAT }")
    result = run("test", str(file), "ipp://localhost:9/ipp/print")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {file}:2: 'WHAT' is not a directive of a test\n"
    file.write_text(f"{{ OPERATION Get-Printer-Attributes {HEAD} }}")
    result = run("test", str(file), "ipp://localhost:9/ipp/print")
    assert result.exit_code == 3
