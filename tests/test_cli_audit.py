"""ippfast check: what is bad is found, what is good is not blamed, and the printer is left as it was.

The rule of this file: certificates are real ones, made here with each of the faults, and served with real TLS.
"""

import datetime
import ipaddress
import json
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest
import trustme
from command_line import run
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from http_servers import serving, uri_of
from peers import EvePrinter, Scheduler

from ippfast import Message, response
from ippfast.cli.findings import Finding, Level, grade
from ippfast.enums import Operation, Status
from ippfast.http import BasicAuthenticator, IncomingRequest, make_server_context
from ippfast.wrappers import Name

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


class Printer:
    """Answers everything, and keeps what it was asked."""

    def __init__(self, **attributes: object) -> None:
        operations = [Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.GET_JOBS, Operation.CANCEL_JOB]
        self.printer = {"operations-supported": list(map(int, operations)), "printer-state": 3, **attributes}
        self.messages: list[Message] = []

    def __call__(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        self.messages.append(message)
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
    for worst, letter in zip(Level, "ABCF", strict=True):
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
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(path))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    found = examine(printer, make_server_context(path), "--ca", str(tmp_path / "ca.pem"))
    assert level_of(found, "TLSv1.3, ") == "good"
    assert level_of(found, "the certificate is trusted") == "good"
    assert level_of(found, "it is for localhost") == "good"
    assert level_of(found, "it is valid until") == "good"
    assert level_of(found, "its key is an elliptic curve, 256 bits") == "good"
    assert level_of(found, "signed by itself") is None
    assert level_of(found, "is accepted too") is None
    assert level_of(found, "jobs are taken without TLS too") == "weak"


@pytest.mark.parametrize(
    ("faults", "words", "level"),
    [
        ({"end": NOW - DAY / 2}, "it was valid until", "bad"),
        ({"begin": NOW + DAY}, "it is not valid before", "bad"),
        ({"end": NOW + 10 * DAY}, f"it is valid until {NOW + 10 * DAY:%Y-%m-%d} only", "weak"),
        ({"names": ("other.example", "10.0.0.1")}, "it is for other.example, 10.0.0.1, not for localhost", "weak"),
        ({"names": ()}, "it is for printer, not for localhost", "weak"),
        ({"bits": 1024}, "its key is too short: RSA, 1024 bits", "bad"),
        ({"bits": 2048}, "its key is RSA, 2048 bits", "good"),
        ({}, "it is signed by itself", "note"),
        ({}, "nobody vouches for the certificate: self-signed certificate", "note"),
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
    assert level_of(found, "everybody sees of others' jobs: job-name") == "weak"
    assert level_of(found, "it does not ask who it is when a stranger wants to cancel jobs") == "note"
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
        "IPP/1.0 is answered, an experiment of 1999": "note",
        "firmware of Model X: 1.2.3": "note",
    }


def test_conformance(printer: Printer) -> None:
    with serving(printer) as server:
        data = report(uri_of(server))
    found = findings(data, "conformance")
    (missing,) = [what for what in found if what.startswith("RFC 8011 requires")]
    assert "Get-Job-Attributes, " in missing
    assert "printer-up-time" in missing
    assert level_of(found, "an unknown operation is answered with client-error-not-found") == "note"
    assert any(level == "weak" for what, level in found.items() if " answers, " in what) == ("1 warnings" in str(found))


def test_nobody_there() -> None:
    result = run("check", "ipp://localhost:1/")
    assert result.exit_code == 3
    assert result.stdout == ""


@pytest.mark.peers
def test_ippeveprinter(eve_printer: EvePrinter) -> None:
    before = run("jobs", eve_printer.uri, "--which", "all", "--json").stdout, sorted(eve_printer.spool.iterdir())
    data = report(eve_printer.secure_uri, exit_code=0)
    assert (
        run("jobs", eve_printer.uri, "--which", "all", "--json").stdout,
        sorted(eve_printer.spool.iterdir()),
    ) == before
    assert [section["grade"] for section in data["sections"]][:2] == ["C", "C"]
    found = findings(data)
    assert level_of(found, "it is signed by itself") == "note"
    assert level_of(found, "it has all operations and attributes that RFC 8011 requires") == "good"
    assert level_of(found, " answers, ") is not None


@pytest.mark.peers
def test_cupsd(scheduler: Scheduler) -> None:
    data = report(f"ipp://localhost:{scheduler.port}/", exit_code=1)
    assert level_of(findings(data), "there is no TLS") == "bad"
