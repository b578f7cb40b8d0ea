"""ippfast check: what is bad is found, what is good is not blamed, and the printer is left as it was.

The rule of this file: certificates are real ones, made here with each of the faults, and served with real TLS.
"""

import contextlib
import datetime
import http.server
import ipaddress
import json
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import randrange
from typing import Any

import pytest
import trustme
from command_line import run
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from http_servers import scripted, serving, uri_of
from peers import EvePrinter, Scheduler

from ippfast import Message, decode, encode, response
from ippfast.cli.ciphers import examine_ciphers
from ippfast.cli.findings import Finding, Level, grade
from ippfast.cli.network import examine_addresses
from ippfast.enums import Operation, Status
from ippfast.http import BasicAuthenticator, DigestAuthenticator, IncomingRequest, make_server_context
from ippfast.http.uri import parse_uri
from ippfast.wrappers import Name, Uri

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


class Printer:
    """Answers everything, and keeps what it was asked."""

    def __init__(self, **attributes: object) -> None:
        operations = [Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.GET_JOBS, Operation.CANCEL_JOB]
        self.printer = {"operations-supported": list(map(int, operations)), "printer-state": 3, **attributes}
        self.messages: list[Message] = []
        self.statuses: dict[int, Status] = {}

    def __call__(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        self.messages.append(message)
        if message.code in self.statuses:
            return response(message, self.statuses[message.code])
        if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            return response(message, printer=self.printer)
        if message.operation is Operation.GET_JOBS:
            return response(message, job=[{"job-id": 1, "job-name": Name("secret\x1b[2J")}])
        if message.operation is Operation.VALIDATE_JOB:
            return response(message)
        return response(message, Status.CLIENT_ERROR_NOT_FOUND)


def report(*arguments: str, exit_code: int | None = None) -> dict[str, Any]:
    result = run("check", "--json", *arguments)
    assert result.exit_code in ((0, 1) if exit_code is None else (exit_code,)), result.output
    data: dict[str, Any] = json.loads(result.stdout)
    return data


def findings(data: dict[str, Any], section: str = "") -> dict[str, str]:
    """What was found, and its level."""
    sections = [each for each in data["sections"] if section in each["name"]]
    return {each["what"]: each["level"] for one in sections for each in one["findings"]}


def level_of(found: dict[str, str], words: str) -> str | None:
    """The level of the finding with these words, None where there is none."""
    levels = [level for what, level in found.items() if words in what]
    assert len(levels) < 2
    return levels[0] if levels else None


def test_grades() -> None:
    assert grade([]) == "-"
    for worst, letter in zip(Level, "AABCF", strict=True):
        assert grade([Finding(Level.GOOD, ""), Finding(worst, "")]) == letter


def make_certificate(
    directory: Path,
    *,
    names: tuple[str, ...] = ("localhost",),
    begin: datetime.datetime = NOW - DAY,
    end: datetime.datetime = NOW + 300 * DAY,
    bits: int = 0,
) -> Path:
    """A certificate that signed itself, with its key; bits: those of an RSA key, 0 for an elliptic curve."""
    key = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "printer")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin, end)
    if names:
        made: list[x509.GeneralName] = [
            x509.IPAddress(ipaddress.ip_address(each)) if each[0].isdigit() else x509.DNSName(each) for each in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(made), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    path = directory / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def old_context(path: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A server that takes everything that OpenSSL still has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    context.load_cert_chain(path)
    return context


@pytest.fixture
def printer() -> Printer:
    return Printer()


def examine(printer: Printer, context: ssl.SSLContext, *arguments: str, host: str = "localhost") -> dict[str, str]:
    with serving(printer, tls=context) as server:
        return findings(report(f"ipps://{host}:{server.port}/ipp/print", *arguments), "TLS")


def test_a_good_certificate(printer: Printer, tmp_path: Path) -> None:
    authority, path = trustme.CA(), tmp_path / "server.pem"
    authority.issue_cert("localhost", not_after=NOW + 300 * DAY).private_key_and_cert_chain_pem.write_to_path(str(path))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = make_server_context(path)
    found = examine(printer, context, "--ca", str(tmp_path / "ca.pem"))
    assert level_of(found, "TLSv1.3, ") == "good"
    assert level_of(found, "the certificate is trusted") == "good"
    assert level_of(found, "it is for localhost") == "good"
    assert level_of(found, "it is valid until") == "good"
    assert level_of(found, "its key is an elliptic curve, 256 bits") == "good"
    assert level_of(found, "it is self-signed") is None
    assert level_of(found, "is accepted too") is None
    assert level_of(found, "not tried: whether jobs are taken without TLS too") == "info"
    assert level_of(examine(printer, context), "jobs are taken without TLS too") == "weak"


@pytest.mark.parametrize(
    ("faults", "words", "level"),
    [
        ({"end": NOW - DAY / 2}, "it was valid until", "bad"),
        ({"begin": NOW + DAY}, "it is not valid before", "bad"),
        ({"end": NOW + 10 * DAY}, f"it is valid until {NOW + 10 * DAY:%Y-%m-%d} only", "weak"),
        ({"names": ("other.example", "10.0.0.1")}, "it is for other.example, 10.0.0.1, not for localhost", "weak"),
        ({"names": ()}, "it is for printer, not for localhost", "weak"),
        ({"end": NOW + 36_500 * DAY}, "it is valid for 100 years more", "note"),
        ({"bits": 1024}, "its key is too short: RSA, 1024 bits", "bad"),
        ({"bits": 2048}, "its key is RSA, 2048 bits", "good"),
        ({}, "it is self-signed", "note"),
        ({}, "the certificate is not trusted: self-signed certificate", "note"),
    ],
)
def test_certificates(printer: Printer, tmp_path: Path, faults: dict[str, Any], words: str, level: str) -> None:
    found = examine(printer, old_context(make_certificate(tmp_path, **faults)))
    assert level_of(found, words) == level


def test_old_versions(printer: Printer, tmp_path: Path) -> None:
    path = make_certificate(tmp_path)
    found = examine(printer, old_context(path))
    assert level_of(found, "TLS 1.0 is accepted too") == "weak"
    assert level_of(found, "TLS 1.1 is accepted too") == "weak"
    found = examine(printer, old_context(path, ssl.TLSVersion.TLSv1_1))
    assert level_of(found, "TLSv1.1 is the newest it has") == "bad"


def test_a_pin(printer: Printer, tmp_path: Path) -> None:
    context = make_server_context(make_certificate(tmp_path))
    found = examine(printer, context, "--pin", "00" * 32)
    (what,) = [each for each in found if "is not the pinned one" in each]
    assert found[what] == "bad"
    found = examine(printer, context, "--pin", what.partition("--pin ")[2])
    assert level_of(found, "the certificate is trusted") == "good"


def test_without_tls(printer: Printer) -> None:
    with serving(printer) as server:
        data = report(uri_of(server), exit_code=1)
        shown = run("check", uri_of(server))
    assert level_of(findings(data, "TLS"), "there is no TLS") == "bad"
    assert data["grade"] == "F"
    assert shown.exit_code == 1
    assert shown.stdout.splitlines()[0] == "F  TLS and certificate"
    assert shown.stdout.splitlines()[-1] == f"F  in all, {uri_of(server)}"
    assert "\x1b" not in shown.output


def test_what_a_stranger_may_do(printer: Printer) -> None:
    with serving(printer) as server:
        found = findings(report(uri_of(server)), "stranger")
    assert level_of(found, "everybody who reaches it may print") == "weak"
    assert level_of(found, "everybody sees these attributes of others' jobs: job-name") == "weak"
    assert level_of(found, "cannot be told: whether it wants a password before a stranger may cancel jobs") == "info"
    asked = {message.operation for message in printer.messages}
    assert Operation.PRINT_JOB not in asked
    canceled = [message for message in printer.messages if message.operation is Operation.CANCEL_JOB]
    assert [message.operation_attributes["job-id"].value for message in canceled] == [2**31 - 1]


def test_nobody_is_let_in(printer: Printer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And credentials that are there are not used."""
    seen: list[str] = []
    monkeypatch.setenv("IPPFAST_USER", "me")
    monkeypatch.setenv("IPPFAST_PASSWORD", "secret")

    def check(user: str, password: str) -> bool:
        seen.append(user)
        return True

    context = make_server_context(make_certificate(tmp_path))
    with serving(printer, tls=context, authenticator=BasicAuthenticator(check)) as server:
        data = report(f"ipps://localhost:{server.port}/ipp/print")
    assert seen == []
    assert printer.messages == []
    assert level_of(findings(data, "stranger"), "it tells a stranger nothing") == "good"
    assert level_of(findings(data, "TLS"), "without TLS it takes no jobs") == "good"


def test_a_wrong_path_is_no_printer() -> None:
    def answer(incoming: IncomingRequest) -> Message:
        return response(incoming.message, Status.CLIENT_ERROR_NOT_FOUND)

    with serving(answer) as server:
        data = report(uri_of(server), exit_code=1)
    assert data["grade"] == "F"
    assert level_of(findings(data, "stranger"), "there is no such printer here") == "bad"
    assert level_of(findings(data, "stranger"), "it tells a stranger nothing") is None


@contextlib.contextmanager
def http_server(answer: Callable[[Message], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """A server of HTTP alone, which answers each message with a status, header lines and octets."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = decode(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, octets = answer(message)
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/ipp",
                **headers,
                "Content-Length": str(len(octets)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ipp://127.0.0.1:{server.server_port}/ipp/print"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "words"), [(404, "there is no such printer here"), (500, "what answers here is not a printer")]
)
def test_http_without_ipp(status: int, words: str) -> None:
    with http_server(lambda message: (status, {}, b"<html>")) as uri:
        data = report(uri, exit_code=1)
    assert level_of(findings(data, "stranger"), words) == "bad"
    assert f"(HTTP {status})" in str(findings(data, "stranger"))
    assert findings(data, "conformance") == {}


def test_what_an_answer_does_not_tell(printer: Printer) -> None:
    """An operation that is not known, as a replay has it; and operations by their numbers."""
    printer.printer["operations-supported"] = [2, 4, 0x0010, 0x3FFF]
    printer.statuses = {Operation.VALIDATE_JOB: Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED}
    with serving(printer) as server:
        found = findings(report(uri_of(server)), "stranger")
    assert (
        level_of(found, "cannot be told: whether everybody may print (server-error-operation-not-supported)") == "info"
    )
    assert level_of(found, "everybody who reaches it may print") is None
    assert level_of(found, "not tried, since it would change something: Pause-Printer") == "info"


def test_jobs_that_anybody_may_touch(printer: Printer) -> None:
    printer.statuses = {Operation.CANCEL_JOB: Status.SUCCESSFUL_OK}
    with serving(printer) as server:
        found = findings(report(uri_of(server)), "stranger")
    assert level_of(found, "it wants no password before a stranger may cancel jobs") == "weak"


def test_who_asks_first_who_it_is_may_do_so_for_an_unknown_operation(printer: Printer) -> None:
    def answer(message: Message) -> tuple[int, dict[str, str], bytes]:
        if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            return 200, {}, encode(response(message, printer=printer.printer))
        return 401, {"WWW-Authenticate": "Negotiate"}, b""

    with http_server(answer) as uri:
        found = findings(report(uri))
    assert level_of(found, "an unknown operation") is None
    assert level_of(found, "it wants a password before it takes a job") == "good"


# ---- Doors ----


@pytest.mark.parametrize(
    ("challenge", "words", "level"),
    [
        ('Basic realm="x"', "to be sent as it is (Basic)", "bad"),
        ('Digest realm="x", nonce="y"', "by Digest: that does not send it", "weak"),
        ("Negotiate", "it asks for credentials without TLS (negotiate)", "note"),
    ],
)
def test_a_password_in_the_clear(printer: Printer, tmp_path: Path, challenge: str, words: str, level: str) -> None:
    context = make_server_context(make_certificate(tmp_path))
    with (
        serving(printer, tls=context) as server,
        http_server(lambda message: (401, {"WWW-Authenticate": challenge}, b"")) as clear,
    ):
        printer.printer["printer-uri-supported"] = Uri(clear)
        found = findings(report(f"ipps://localhost:{server.port}/ipp/print"), "TLS")
    assert level_of(found, words) == level


def test_our_server_asks_for_no_password_in_the_clear(printer: Printer, tmp_path: Path) -> None:
    context = make_server_context(make_certificate(tmp_path))
    with serving(printer, tls=context, authenticator=BasicAuthenticator(lambda user, password: True)) as server:
        found = findings(report(f"ipps://localhost:{server.port}/ipp/print"), "TLS")
    assert level_of(found, "without TLS it takes no jobs") == "good"
    with serving(printer, tls=context, authenticator=DigestAuthenticator(lambda user: "secret")) as server:
        found = findings(report(f"ipps://localhost:{server.port}/ipp/print"), "TLS")
    assert level_of(found, "by Digest: that does not send it, but documents can be read") == "weak"


def test_every_door_is_looked_at(printer: Printer, tmp_path: Path) -> None:
    """What TLS there is is the printer's, whichever port was asked for."""
    context = make_server_context(make_certificate(tmp_path))
    with serving(printer, tls=context) as secure, serving(printer) as clear:
        printer.printer["printer-uri-supported"] = [
            Uri(f"ipp://printer.example:{clear.port}/ipp/print"),
            Uri(f"ipps://printer.example:{secure.port}/ipp/print"),
        ]
        data = report(uri_of(clear))
    found = findings(data, "TLS")
    assert level_of(found, "there is no TLS") is None
    assert level_of(found, "it has TLS too: ipps://localhost:") == "note"
    assert level_of(found, "it is self-signed") == "note"
    assert level_of(found, "jobs are taken without TLS too") == "weak"
    assert f"ipps://localhost:{secure.port}/ipp/print" in data["doors"]


def test_another_printer_on_the_same_host_is_none_of_its_doors(printer: Printer, tmp_path: Path) -> None:
    other = Printer(**{"printer-uuid": Uri("urn:uuid:00000000-0000-0000-0000-000000000002")})
    printer.printer["printer-uuid"] = Uri("urn:uuid:00000000-0000-0000-0000-000000000001")
    context = make_server_context(make_certificate(tmp_path))
    with serving(other, tls=context) as secure, serving(printer) as clear:
        printer.printer["printer-uri-supported"] = Uri(f"ipps://printer.example:{secure.port}/ipp/print")
        found = findings(report(uri_of(clear)), "TLS")
    assert level_of(found, "there is no TLS") == "bad"


# ---- Ciphers ----


@pytest.mark.parametrize(
    ("ciphers", "words", "level"),
    [
        ("NULL", "ciphers that encrypt nothing (NULL) are taken", "bad"),
        ("aNULL:kECDHE", "ciphers without a certificate (anonymous) are taken", "bad"),
        ("kRSA+AESGCM", "no forward secrecy", "weak"),
        ("ECDHE+AES+SHA:ECDHE+SHA256:!AESGCM:!AESCCM", "it has only CBC ciphers", "note"),
    ],
)
def test_ciphers(printer: Printer, tmp_path: Path, ciphers: str, words: str, level: str) -> None:
    context = old_context(make_certificate(tmp_path, bits=2048), ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0" if ciphers != "NULL" else "eNULL:ECDHE+AESGCM:@SECLEVEL=0")
    if ciphers.startswith("aNULL"):
        context.set_ciphers("aNULL:ECDHE+AESGCM:@SECLEVEL=0")
    found = examine(printer, context)
    assert level_of(found, words) == level


def test_ciphers_of_today_are_not_blamed(printer: Printer, tmp_path: Path) -> None:
    found = examine(printer, make_server_context(make_certificate(tmp_path)))
    assert [what for what in found if "cipher" in what or "3DES" in what or "RC4" in what or "secrecy" in what] == []


@pytest.mark.parametrize(("suite", "words"), [(0x0005, "RC4"), (0x000A, "3DES"), (0x0003, "export"), (0x0009, "DES")])
def test_ciphers_that_openssl_has_no_more(suite: int, words: str) -> None:
    """A server that takes one cipher alone, as its ServerHello says."""
    asked: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        hello = connection.recv(4096)
        asked.append(hello)
        at = 44 + hello[43]
        suites = hello[at + 2 : at + 2 + int.from_bytes(hello[at : at + 2], "big")]
        offered = {suites[each : each + 2] for each in range(0, len(suites), 2)}
        taken = suite.to_bytes(2, "big") in offered
        connection.sendall(b"\x16\x03\x03\x00\x2a\x02" if taken else b"\x15\x03\x03\x00\x02\x02\x28")

    with scripted(*[answer] * 6) as uri:
        found = examine_ciphers(parse_uri(uri), "TLSv1.3")
    assert [words in each.what for each in found] == [True]
    assert len(asked) == 6


# ---- The network ----


def test_what_was_not_examined_is_said(printer: Printer) -> None:
    with serving(printer) as server:
        found = findings(report(uri_of(server)), "network")
    assert (
        level_of(found, "not examined: raw printing (port 9100), LPD (port 515), SNMP (port 161), the web page")
        == "info"
    )


def test_the_network(printer: Printer) -> None:
    seen: list[bytes] = []
    host = f"127.93.{randrange(256)}.{randrange(1, 255)}"  # another suite on this machine has that port, too
    with socket.create_server((host, 9100)) as raw, serving(printer, host=host) as server:
        raw.settimeout(90)

        def take() -> None:
            connection, _ = raw.accept()
            with connection:
                seen.append(connection.recv(1))

        thread = threading.Thread(target=take)
        thread.start()
        found = findings(report(f"ipp://{host}:{server.port}/ipp/print", "--network"), "network")
        thread.join()
    assert seen == [b""]
    assert level_of(found, "there is raw printing (port 9100)") == "weak"
    assert level_of(found, "there is no LPD") == "good"


def test_addresses_of_the_internet() -> None:
    announced = ["ipp://printer.local/", "ipp://192.168.1.7/", "ipps://printer.example.com/", "ipp://9.9.9.9/", "x"]
    public, outside = examine_addresses("8.8.8.8", announced)
    assert public.level is Level.NOTE
    assert "8.8.8.8" in public.what
    assert "9.9.9.9, printer.example.com" in outside.what
    assert list(examine_addresses("127.0.0.1", ["ipp://printer/", "ipp://[fe80::1]/"])) == []


@pytest.mark.parametrize(("at", "exit_code"), [("never", 0), ("F", 1), ("C", 1), ("B", 1)])
def test_the_exit_status_is_of_a_chosen_grade(printer: Printer, at: str, exit_code: int) -> None:
    with serving(printer) as server:
        report(uri_of(server), "--fail-at", at, exit_code=exit_code)


def test_versions() -> None:
    attributes = {
        "ipp-versions-supported": ["1.0", "1.1"],
        "printer-firmware-string-version": "1.2.3",
        "printer-make-and-model": "Model X",
    }
    with serving(Printer(**attributes)) as server:
        found = findings(report(uri_of(server)), "versions")
    assert found == {
        "IPP 1.0, 1.1": "weak",
        "IPP/1.0 is answered, an experiment of 1999": "info",
        "firmware of Model X: 1.2.3": "info",
    }


def test_conformance(printer: Printer) -> None:
    with serving(printer) as server:
        data = report(uri_of(server))
    found = findings(data, "conformance")
    (missing,) = [what for what in found if what.startswith("it lacks what RFC 8011 requires")]
    assert "Get-Job-Attributes, " in missing
    assert "printer-up-time" in missing
    assert level_of(found, "an unknown operation is answered with client-error-not-found") == "info"
    assert level_of(found, " answers, ") is not None


def test_nobody_there() -> None:
    result = run("check", "ipp://localhost:1/")
    assert result.exit_code == 3
    assert result.stdout == ""


def test_ippeveprinter(eve_printer: EvePrinter) -> None:
    before = run("jobs", eve_printer.uri, "--which", "all", "--json").stdout, sorted(eve_printer.spool.iterdir())
    data = report(eve_printer.secure_uri, exit_code=0)
    assert (
        run("jobs", eve_printer.uri, "--which", "all", "--json").stdout,
        sorted(eve_printer.spool.iterdir()),
    ) == before
    assert [section["grade"] for section in data["sections"]][:2] == ["C", "C"]
    found = findings(data)
    assert level_of(found, "it is self-signed") == "note"
    assert level_of(found, "it has all operations and attributes that RFC 8011 requires") == "good"
    assert level_of(found, " answers, ") is not None


def test_cupsd(scheduler: Scheduler) -> None:
    data = report(f"ipp://localhost:{scheduler.port}/", exit_code=1)
    assert level_of(findings(data), "there is no TLS") == "bad"
