"""Records tests/vectors/recorded and tests/vectors/http: what CUPS' programs really say to each other.

    python tools/record_vectors.py [--into DIRECTORY]

It needs Debian's cups-daemon, cups-client, cups-ipp-utils and dbus, takes half a minute, opens ports on
loopback only, and sends as user "tester". `ipptool` speaks with `ippeveprinter`; `lp`, `lpstat`, `lpadmin`
and `ipptool` speak with `cupsd`; `cupsd` prints on `ippeveprinter`. Between each two stands a proxy that
copies octets and keeps them. Afterwards the messages are taken out of what it kept.

The rules of this file: octets are written as they were sent, but for the operating system in User-Agent. Of
messages with the same tags and names the first is kept, of those that are alike otherwise the largest, of
document data the first octets. Each run writes both folders anew, and no two runs the same octets (times,
numbers and identifiers differ), so it is run to add a recording, not in tests.
"""

import argparse
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from peers import EvePrinter, Scheduler, SystemBus  # noqa: E402

from ippfast.enums import Operation, Status  # noqa: E402

DOCUMENT_OCTETS = 256
"""Document data behind a message is kept up to here."""
HTTP_OCTETS = 24_000
"""Larger HTTP messages are not kept as a whole."""
ALIKE = 3
"""Of one sender, operation and status no more messages than this are kept, the largest."""
COMMAND_SECONDS = 90

# -- The proxy ---------------------------------------------------------------------------------------------


class Conversation(NamedTuple):
    """One connection: who spoke with whom, by which command, and the octets of both directions."""

    client: str
    server: str
    command: str
    sent: bytearray
    received: bytearray


class Proxy:
    """Copies octets between its own port and another one on loopback, and keeps them."""

    def __init__(self, client: str, server: str, target: int) -> None:
        self.client, self.server, self.target, self.command = client, server, target, ""
        self.conversations: list[Conversation] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            peer = socket.create_connection(("127.0.0.1", self.target))
            conversation = Conversation(self.client, self.server, self.command, bytearray(), bytearray())
            self.conversations.append(conversation)
            for source, sink, kept in (
                (client, peer, conversation.sent),
                (peer, client, conversation.received),
            ):
                threading.Thread(target=self._copy, args=(source, sink, kept), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
        try:
            while data := source.recv(65536):
                kept += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def stop(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


# -- HTTP --------------------------------------------------------------------------------------------------


class HTTPMessage(NamedTuple):
    """A request, or a response with the 100 before it: as sent, its final head, the body without framing."""

    raw: bytes
    head: str
    body: bytes
    framing: str

    @property
    def is_ipp(self) -> bool:
        return bool(self.body) and "content-type: application/ipp" in self.head.lower()


def http_messages(octets: bytearray) -> Iterator[HTTPMessage]:
    """The HTTP messages of one direction. An incomplete one at the end is left out."""
    start = position = 0
    while (end := octets.find(b"\r\n\r\n", position)) >= 0:
        head, position = octets[position:end].decode("latin-1"), end + 4
        if re.match(r"HTTP/1.1 1\d\d", head):
            continue
        chunked = re.search(r"^transfer-encoding: *chunked", head, re.I | re.M)
        length = re.search(r"^content-length: *(\d+)", head, re.I | re.M)
        body, framing = b"", "no-body"
        if chunked:
            framing = "chunked"
            while line := re.compile(rb"([0-9A-Fa-f]+)\r\n").match(octets, position):
                size = int(line[1], 16)
                body += octets[line.end() : line.end() + size]
                position = line.end() + size + 2
                if not size:
                    break
        elif length:
            framing = "length"
            body = bytes(octets[position : position + int(length[1])])
            position += int(length[1])
        if position > len(octets):
            return
        yield HTTPMessage(bytes(octets[start:position]), head, body, framing)
        start = position


# -- IPP ---------------------------------------------------------------------------------------------------


def shape(message: bytes) -> tuple[int, list[tuple[int, bytes, int]]]:
    """Where the attributes end, and their tags and names, with 0 or 1 for a value without or with octets."""
    position, tokens = 8, []
    while (tag := message[position]) != 3:
        position += 1
        name, length = b"", 0
        if tag >= 0x10:
            size = int.from_bytes(message[position : position + 2], "big")
            name = message[position + 2 : position + 2 + size]
            position += 2 + size
            length = int.from_bytes(message[position : position + 2], "big")
            if tag == 0x4A:
                name = message[position + 2 : position + 2 + length]
            position += 2 + length
        tokens.append((tag, name, min(length, 1)))
    return position + 1, tokens


def keyword(enum: type[Operation] | type[Status], code: int) -> str:
    try:
        return enum(code).name.lower().replace("_", "-")
    except ValueError:
        return f"{enum.__name__.lower()}-{code:04x}"


# -- What the programs are told to do ----------------------------------------------------------------------

SUITES = (
    "get-printer-attributes",
    "get-printer-description-attributes",
    "get-job-template-attributes",
    "validate-job",
    "print-job",
    "print-job-gzip",
    "print-job-deflate",
    "print-job-media-col",
    "print-job-password",
    "print-job-and-wait",
    "print-job-hold",
    "create-job",
    "create-job-format",
    "create-job-sheets",
    "create-job-timeout",
    "get-jobs",
    "get-completed-jobs",
    "get-job-attributes",
    "get-job-attributes2",
    "cancel-current-job",
    "print-uri",
    "identify-printer",
    "identify-printer-display",
    "identify-printer-multiple",
    "set-attrs-hold",
    "fax-job",
    "create-printer-subscription",
    "get-subscriptions",
    "get-notifications",
)
"""Test files that CUPS installs; each is one operation or a few."""

REQUEST = """{{
 OPERATION {operation}
 GROUP operation-attributes-tag
 ATTR charset attributes-charset utf-8
 ATTR naturalLanguage attributes-natural-language en
 ATTR uri printer-uri $uri
 ATTR name requesting-user-name $user
{attributes}
}}
"""
OWN_TESTS = {
    "media-col-database": ("Get-Printer-Attributes", " ATTR keyword requested-attributes media-col-database"),
    "all-and-database": (
        "Get-Printer-Attributes",
        " ATTR keyword requested-attributes all,media-col-database",
    ),
    "one-attribute": ("Get-Printer-Attributes", " ATTR keyword requested-attributes printer-state"),
    "missing-job": ("Get-Job-Attributes", " ATTR integer job-id 99999"),
    "cancel-missing-job": ("Cancel-Job", " ATTR integer job-id 99999"),
    "cancel-my-jobs": ("Cancel-My-Jobs", ""),
    "close-missing-job": ("Close-Job", " ATTR integer job-id 99999"),
    "unknown-operation": ("0x3fee", ""),
    "odd-job": (
        "Validate-Job",
        " ATTR boolean ipp-attribute-fidelity true\n GROUP job-attributes-tag\n ATTR integer copies 9999999\n"
        " ATTR keyword sides upside-down\n ATTR resolution printer-resolution 1x1dpi\n"
        " ATTR rangeOfInteger page-ranges 1-2,5-9\n ATTR dateTime job-hold-until-time 2030-01-01T00:00:00Z\n"
        " ATTR collection media-col { MEMBER collection media-size"
        " { MEMBER integer x-dimension 1 MEMBER integer y-dimension 2 } }",
    ),
    "subscription-of-many-kinds": (
        "Create-Printer-Subscriptions",
        " GROUP subscription-attributes-tag\n ATTR keyword notify-pull-method ippget\n"
        " ATTR keyword notify-events printer-state-changed,job-completed\n"
        " ATTR integer notify-lease-duration 600",
    ),
    "notifications-of-one": (
        "Create-Printer-Subscriptions",
        " GROUP subscription-attributes-tag\n ATTR keyword notify-pull-method ippget\n"
        " ATTR keyword notify-events job-created,job-completed,printer-state-changed\n"
        " EXPECT notify-subscription-id DEFINE-VALUE subscription\n}\n{\n OPERATION Print-Job\n"
        " GROUP operation-attributes-tag\n ATTR charset attributes-charset utf-8\n"
        " ATTR naturalLanguage attributes-natural-language en\n ATTR uri printer-uri $uri\n"
        " ATTR name requesting-user-name $user\n FILE $filename\n}\n{\n OPERATION Get-Notifications\n"
        " GROUP operation-attributes-tag\n ATTR charset attributes-charset utf-8\n"
        " ATTR naturalLanguage attributes-natural-language en\n ATTR uri printer-uri $uri\n"
        " ATTR integer notify-subscription-ids $subscription\n ATTR boolean notify-wait false",
    ),
    "notifications-of-missing": ("Get-Notifications", " ATTR integer notify-subscription-ids 99999"),
    "cups-default": (
        "CUPS-Get-Default",
        " ATTR keyword requested-attributes printer-name,printer-uri-supported",
    ),
    "cups-printers": ("CUPS-Get-Printers", " ATTR keyword requested-attributes all"),
}
"""Requests of our own: an operation and what follows in its operation group."""


class Session:
    """Runs commands one after the other and keeps what they said."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.conversations: list[Conversation] = []
        for name, (operation, attributes) in OWN_TESTS.items():
            text = REQUEST.format(operation=operation, attributes=attributes)
            (directory / f"{name}.test").write_text(text)
        (directory / "document.pdf").write_bytes(b"%PDF-1.4\n% a page\n%%EOF\n")

    def run(self, proxy: Proxy, *command: str, environment: dict[str, str] | None = None) -> None:
        proxy.client = command[0]
        proxy.command = re.sub(r":\d+/", ":PORT/", " ".join(command))
        settings = {"LC_ALL": "C.UTF-8", "CUPS_USER": "tester", "HOME": str(self.directory)}
        subprocess.run(
            command,
            cwd=self.directory,
            env={**os.environ, **settings, **(environment or {})},
            timeout=COMMAND_SECONDS,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

    def ipptool(self, proxy: Proxy, path: str, test: str, *options: str) -> None:
        uri = f"ipp://localhost:{proxy.port}{path}"
        self.run(proxy, "ipptool", "-T", "15", "-tI", *options, "-f", "document.pdf", uri, f"{test}.test")

    def with_printer(self, bus: SystemBus) -> None:
        """ipptool and ippeveprinter."""
        with EvePrinter(bus) as printer:
            proxy = Proxy("ipptool", "ippeveprinter", printer.port)
            for framing in ("-C", "-L"):
                for test in (*SUITES, *OWN_TESTS) if framing == "-C" else ("print-job", "get-printer-attributes"):
                    self.ipptool(proxy, printer.PATH, test, framing, "-V", "2.0")
            self.ipptool(proxy, printer.PATH, "get-jobs", "-V", "1.1")
            self.ipptool(proxy, printer.PATH, "ipp-1.1", "-V", "2.0")
            proxy.stop()
            self.conversations += proxy.conversations

    def with_scheduler(self, bus: SystemBus) -> None:
        """cupsd: its own clients and ipptool on one side, ippeveprinter on the other."""
        with EvePrinter(bus) as printer, Scheduler(bus) as scheduler:
            backend = Proxy("cupsd", "ippeveprinter", printer.port)
            backend.command = "cupsd, printing a job of lp"
            proxy = Proxy("", "cupsd", scheduler.port)
            environment = {**scheduler.environment, "CUPS_SERVER": f"127.0.0.1:{proxy.port}"}
            device = f"ipp://localhost:{backend.port}{printer.PATH}"
            commands = (
                "lpstat -r",
                f"lpadmin -p raw -E -v {device} -m raw",
                f"lpadmin -p everywhere -E -v {device} -m everywhere",
                "lpadmin -d everywhere",
                f"lpadmin -p disabled -v {device} -m raw",
                "cupsdisable -r stopped disabled",
                "cupsaccept disabled",
                *(f"lp -d disabled -t job-{number} -n {number} document.pdf" for number in range(1, 8)),
                "lp -d raw -t raw-job document.pdf",
                "lp -d raw -t two-documents document.pdf document.pdf",
                "lp -d disabled -H hold -o media=a4 -o sides=two-sided-long-edge document.pdf",
                "lp -i disabled-1 -H indefinite",
                "lp -i disabled-1 -H resume",
                "lp -d missing document.pdf",
                "lpstat -t",
                "lpstat -W all -o",
                "lpstat -l -p",
                "lpoptions -p everywhere -l",
                "cancel disabled-1",
                "cancel disabled-999",
                "lpmove disabled-2 raw",
                "cupsreject -r full disabled",
                "cancel -a disabled",
                "lpinfo -m",
                "lpinfo -v",
            )
            for command in commands:
                self.run(proxy, *command.split(" "), environment=environment)
            time.sleep(5)  # cupsd speaks with the printer after lp has ended.
            self.run(proxy, "lpstat", "-W", "completed", "-o", environment=environment)
            for test in (*SUITES, *OWN_TESTS, "get-printers", "get-ppds-language"):
                self.ipptool(proxy, "/printers/raw", test, "-V", "2.0")
            self.run(proxy, "lpadmin", "-x", "disabled", environment=environment)
            for one in (proxy, backend):
                one.stop()
                self.conversations += one.conversations


# -- What is written ---------------------------------------------------------------------------------------


class Candidate(NamedTuple):
    """A message that could be kept; those with one stem are alike."""

    stem: str
    octets: bytes
    columns: tuple[str, ...]


def ipp_candidate(sender: str, direction: str, body: bytes, operation: int, command: str) -> Candidate:
    end, _ = shape(body)
    what = keyword(Operation, operation)
    if direction == "response":
        what += f"-{keyword(Status, int.from_bytes(body[2:4], 'big'))}"
    kept = body[: end + DOCUMENT_OCTETS]
    document = f"{len(kept) - end} of {len(body) - end}"
    stem = f"{sender}-{what}-{direction}".replace("-successful-ok-", "-")
    return Candidate(stem, kept, (direction, what, document, command))


def http_candidate(sender: str, direction: str, message: HTTPMessage, command: str) -> Candidate:
    first = message.head.split("\r\n")[0]
    traits = [first.split(" ")[direction == "response"].lower(), message.framing]
    if message.is_ipp:
        traits.append("document" if len(message.body) > shape(message.body)[0] else "ipp")
    if re.search(r"^expect:", message.head, re.I | re.M):
        traits.append("expect")
    if message.raw.startswith(b"HTTP/1.1 100"):
        traits.append("continue")
    raw = re.sub(rb"(\r\nUser-Agent: CUPS/[0-9.]+) \([^)]*\)", rb"\1", message.raw)
    return Candidate("-".join([sender, *traits, direction]), raw, (direction, first, command))


class Folder:
    """One of the two folders. `offer` it candidates, then `write`."""

    def __init__(self, path: Path, suffix: str, columns: Sequence[str], alike: int) -> None:
        self.path, self.suffix, self.columns, self.alike = path, suffix, columns, alike
        self._candidates: dict[str, list[Candidate]] = {}
        self._known: set[str] = set()

    def offer(self, candidate: Candidate, *distinction: object) -> None:
        """Takes it unless there was one with the same distinction."""
        key = repr(distinction)
        if key not in self._known:
            self._known.add(key)
            self._candidates.setdefault(candidate.stem, []).append(candidate)

    def write(self, programs: str) -> None:
        """Writes the largest few of those that are alike, and the index."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        lines = ["\t".join(["file", *self.columns, "programs", "sha256"])]
        for stem in sorted(self._candidates):
            alike = sorted(self._candidates[stem], key=lambda candidate: -len(candidate.octets))
            for number, candidate in enumerate(alike[: self.alike], 1):
                name = f"{stem}{f'-{number}' if self.alike > 1 else ''}.{self.suffix}"
                (self.path / name).write_bytes(candidate.octets)
                digest = hashlib.sha256(candidate.octets).hexdigest()
                lines.append("\t".join([name, *candidate.columns, programs, digest]))
        (self.path / "INDEX.tsv").write_text("".join(line + "\n" for line in lines))
        size = sum(path.stat().st_size for path in self.path.iterdir())
        print(f"{self.path.name}: {len(lines) - 1} files, {size:,} octets with their index")


def sort_out(conversation: Conversation, messages: Folder, http: Folder) -> None:
    """Offers the messages of one connection to the folders."""
    command = conversation.command
    pairs = zip(http_messages(conversation.sent), http_messages(conversation.received), strict=False)
    for request, response in pairs:
        operation = int.from_bytes(request.body[2:4], "big")
        for sender, direction, message in (
            (conversation.client, "request", request),
            (conversation.server, "response", response),
        ):
            if message.is_ipp:
                candidate = ipp_candidate(sender, direction, message.body, operation, command)
                messages.offer(candidate, direction, operation, message.body[:4], shape(message.body)[1])
            if len(message.raw) <= HTTP_OCTETS:
                candidate = http_candidate(sender, direction, message, command)
                http.offer(candidate, conversation.server, candidate.stem.removeprefix(sender))


def main() -> None:
    parser = argparse.ArgumentParser(description="Records what CUPS' programs say to each other.")
    parser.add_argument("--into", type=Path, default=ROOT / "tests" / "vectors", help="the folder to write below")
    into: Path = parser.parse_args().into
    query = ["dpkg-query", "-W", "-f", "${Version}", "cups-daemon"]
    version = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    messages = Folder(into / "recorded", "ipp", ("direction", "what", "document", "command"), ALIKE)
    http = Folder(into / "http", "http", ("direction", "what", "command"), 1)
    with tempfile.TemporaryDirectory() as directory, SystemBus() as bus:
        session = Session(Path(directory))
        session.with_printer(bus)
        session.with_scheduler(bus)
    for conversation in session.conversations:
        sort_out(conversation, messages, http)
    for folder in (messages, http):
        folder.write(f"CUPS {version} (Debian)")


if __name__ == "__main__":
    main()
