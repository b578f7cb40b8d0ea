"""The messages that the benchmarks work on.

Rule: no contender's encoder makes what contenders are judged on, so the made-up messages are put together
octet by octet here (RFC 8010 section 3.1), always the same. Real printers' responses are read from the corpus
that the environment variable IPPFAST_CORPUS names, when it is set.
"""

import csv
import os
import struct
from functools import cache
from pathlib import Path

RECORDED = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "recorded"
HELD_PRINTER = RECORDED / "ippeveprinter-get-printer-attributes-response-1.ipp"
REAL_SOURCES = ("jipp", "python-ipp", "SharpIppNext", "hippy")
REAL_PRINTER = "jipp/HP_PageWide_Pro_452dw_Printer.Get-Printer-Attributes.rsp"
JOB_COUNTS = (1, 10, 100, 1000, 10_000)

OPERATION, JOB, END, PRINTER = 0x01, 0x02, 0x03, 0x04
INTEGER, BOOLEAN, ENUM, DATE_TIME, RANGE = 0x21, 0x22, 0x23, 0x31, 0x33
BEGIN_COLLECTION, END_COLLECTION, MEMBER_NAME = 0x34, 0x37, 0x4A
TEXT, NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME = 0x41, 0x42, 0x44, 0x45, 0x47, 0x48, 0x49


def header(code: int, request_id: int = 1) -> bytes:
    return struct.pack(">BBHI", 2, 0, code, request_id)


def field(tag: int, name: str, value: int | bool | str | bytes) -> bytes:
    """One attribute-with-one-value (RFC 8010 section 3.1.4)."""
    if isinstance(value, bool):
        value = struct.pack(">B", value)
    elif isinstance(value, int):
        value = struct.pack(">i", value)
    elif isinstance(value, str):
        value = value.encode()
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value


def member(tag: int, name: str, value: int | str | bytes) -> bytes:
    """One member of a collection (RFC 8010 section 3.1.7)."""
    return field(MEMBER_NAME, "", name) + field(tag, "", value)


OPERATION_ATTRIBUTES = (
    bytes([OPERATION])
    + field(CHARSET, "attributes-charset", "utf-8")
    + field(LANGUAGE, "attributes-natural-language", "en-us")
    + field(URI, "printer-uri", "ipp://printer.example/ipp/print")
    + field(NAME, "requesting-user-name", "alice")
    + field(NAME, "job-name", "Report")
    + field(BOOLEAN, "ipp-attribute-fidelity", False)
    + field(MIME, "document-format", "application/pdf")
)


def request() -> bytes:
    """A Print-Job request without collections: 9 attributes, for encoders that know no collections."""
    job = field(INTEGER, "copies", 2) + field(KEYWORD, "sides", "two-sided-long-edge")
    return header(0x0002) + OPERATION_ATTRIBUTES + bytes([JOB]) + job + bytes([END])


def state_question() -> bytes:
    """A Get-Printer-Attributes request for one attribute."""
    operation = bytes([OPERATION]) + b"".join(
        [
            field(CHARSET, "attributes-charset", "utf-8"),
            field(LANGUAGE, "attributes-natural-language", "en-us"),
            field(URI, "printer-uri", "ipp://localhost:1234/ipp/print"),
            field(KEYWORD, "requested-attributes", "printer-state"),
        ]
    )
    return header(0x000B) + operation + bytes([END])


def state_answer() -> bytes:
    """Its answer."""
    operation = field(CHARSET, "attributes-charset", "utf-8") + field(LANGUAGE, "attributes-natural-language", "en-us")
    return (
        header(0) + bytes([OPERATION]) + operation + bytes([PRINTER]) + field(ENUM, "printer-state", 3) + bytes([END])
    )


def job_answer() -> bytes:
    """The answer to a Print-Job request."""
    operation = field(CHARSET, "attributes-charset", "utf-8") + field(LANGUAGE, "attributes-natural-language", "en-us")
    job = field(INTEGER, "job-id", 17) + field(URI, "job-uri", "ipp://printer.example/ipp/print/17")
    job += field(ENUM, "job-state", 3) + field(KEYWORD, "job-state-reasons", "none")
    return header(0) + bytes([OPERATION]) + operation + bytes([JOB]) + job + bytes([END])


def print_job_request() -> bytes:
    """A Print-Job request as clients send it: 13 attributes, one of them nested; 488 octets."""
    return (
        header(0x0002)
        + OPERATION_ATTRIBUTES
        + bytes([JOB])
        + field(INTEGER, "copies", 2)
        + field(KEYWORD, "sides", "two-sided-long-edge")
        + field(KEYWORD, "print-color-mode", "color")
        + field(ENUM, "print-quality", 4)
        + field(RANGE, "page-ranges", struct.pack(">ii", 1, 8))
        + field(RANGE, "", struct.pack(">ii", 12, 12))
        + field(BEGIN_COLLECTION, "media-col", b"")
        + member(BEGIN_COLLECTION, "media-size", b"")
        + member(INTEGER, "x-dimension", 21000)
        + member(INTEGER, "y-dimension", 29700)
        + field(END_COLLECTION, "", b"")
        + member(KEYWORD, "media-type", "stationery")
        + field(END_COLLECTION, "", b"")
        + bytes([END])
    )


def job_attributes(number: int) -> bytes:
    """One job of a Get-Jobs response: 18 attributes of one value each, about 555 octets."""
    done = number % 4 != 0
    return (
        bytes([JOB])
        + field(INTEGER, "job-id", number)
        + field(URI, "job-uri", f"ipp://printer.example/ipp/print/{number}")
        + field(URI, "job-printer-uri", "ipp://printer.example/ipp/print")
        + field(NAME, "job-name", f"Report {number}")
        + field(NAME, "job-originating-user-name", f"user{number % 23}")
        + field(ENUM, "job-state", 9 if done else 3)
        + field(KEYWORD, "job-state-reasons", "job-completed-successfully" if done else "job-incoming")
        + field(INTEGER, "time-at-creation", 86_400 + 61 * number)
        + field(INTEGER, "time-at-processing", 86_403 + 61 * number)
        + field(INTEGER, "time-at-completed", 86_450 + 61 * number)
        + field(INTEGER, "job-printer-up-time", 1_000_000)
        + field(DATE_TIME, "date-time-at-creation", bytes([7, 0xEA, 11, 22, 9, number % 60, 7, 0, ord("+"), 1, 0]))
        + field(INTEGER, "job-k-octets", 120 + number % 900)
        + field(INTEGER, "job-impressions", 1 + number % 40)
        + field(INTEGER, "job-impressions-completed", 1 + number % 40)
        + field(INTEGER, "job-media-sheets-completed", 1 + number % 20)
        + field(MIME, "document-format", "application/pdf")
        + field(INTEGER, "number-of-documents", 1)
    )


def jobs_response(count: int) -> bytes:
    """The answer to Get-Jobs with that many jobs, each in a group of its own."""
    return (
        header(0x0000)
        + bytes([OPERATION])
        + field(CHARSET, "attributes-charset", "utf-8")
        + field(LANGUAGE, "attributes-natural-language", "en")
        + b"".join(job_attributes(number) for number in range(1, count + 1))
        + bytes([END])
    )


def real_responses() -> dict[str, bytes]:
    """What real printers answered: the responses in the corpus' captures of printers, by file."""
    corpus = os.environ.get("IPPFAST_CORPUS")
    if not corpus:
        return {}
    with (Path(corpus) / "MANIFEST.tsv").open(newline="") as manifest:
        rows = [row for row in csv.DictReader(manifest, delimiter="\t") if row["kind"] == "response"]
    files = [row["file"] for row in rows if row["file"].split("/")[1] in REAL_SOURCES]
    return {file.removeprefix("messages/").removesuffix(".ipp"): (Path(corpus) / file).read_bytes() for file in files}


def count_values(octets: bytes) -> int:
    """The values of attributes and of members, a collection counting as one beside its members."""
    at, count = 8, 0
    while octets[at] != END:
        if octets[at] < 0x10:
            at += 1
            continue
        if octets[at] not in (MEMBER_NAME, END_COLLECTION):
            count += 1
        at += 3 + int.from_bytes(octets[at + 1 : at + 3])
        at += 2 + int.from_bytes(octets[at : at + 2])
    return count


@cache
def load() -> dict[str, dict[str, bytes]]:
    """All samples by name. A sample is one message or, for the responses, several, each by its own name."""
    messages = {"request": request(), "print-job": print_job_request()}
    messages |= {f"jobs-{count}": jobs_response(count) for count in JOB_COUNTS}
    messages |= {"state-question": state_question(), "state-answer": state_answer(), "job-answer": job_answer()}
    messages["printer-held"] = HELD_PRINTER.read_bytes()
    real = real_responses()
    if REAL_PRINTER in real:
        messages["printer-real"] = real[REAL_PRINTER]
    samples = {name: {name: octets} for name, octets in messages.items()}
    if real:
        samples["responses-real"] = real
    return samples
