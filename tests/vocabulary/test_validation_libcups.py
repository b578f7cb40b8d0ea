"""`validate` beside libcups' validator: ipptool is answered with our vectors, and says what libcups finds in each.

The rule of this file: whatever only one of the two finds in an attribute has its reason here. ipptool stops at nothing,
so that one run judges all messages, and a message is sent as it is but for version and request-id, which it compares.
"""

import http.server
import re
import subprocess
import threading
from functools import cache
from pathlib import Path

import pytest
import vectors
from peers import program

from ippfast import Message, decode
from ippfast.issues import RULES, Severity
from ippfast.validation import validate

VECTORS = vectors.accepted()

ONLY_LIBCUPS = {
    r"Bad mimeMediaType value .*/.*;": "it allows no space before a parameter, and RFC 8011 section 5.1.10 has one",
    r"Bad dateTime UTC hours 1[34]": "RFC 2579 ends at 13, but there are places with 13 and 14 hours",
    r"Bad name value .* - bad control character": "the message is not in UTF-8, as its attributes-charset says",
    r'Bad URI value "[a-z]*" - Bad scheme': "a device's scheme alone is what cupsd says in CUPS-Get-Devices",
}
"""What libcups says of an attribute that `validate` finds nothing wrong with, and why that is right."""

ONLY_OURS = {
    "attribute-name": "libcups looks at no names but those of members",
    "attribute-order": "ipptool looks at the order of the first two alone, and not by attribute",
    "control-character": "libcups ends a string at its first NUL",
    "duplicate-attribute": "ipptool says it of the group",
    "duplicate-member": "libcups does not look for it",
    "empty-collection": "libcups does not look for it",
    "empty-value": "libcups does not look at the language of a string",
    "extension-tag": "libcups does not look into values of the syntax extension",
    "letter-case": "libcups takes capitals in keywords, and does not look at the language of a string",
    "malformed-value": "libcups mends or skips it when it reads the message",
    "member-name": "libcups takes capitals in names, and ends one at its first NUL",
    "missing-target": "ipptool takes every message for a response",
    "not-us-ascii": "libcups does not look at the language of a string",
    "not-utf-8": "libcups takes overlong forms, surrogates and what is above U+10FFFF",
    "out-of-band-among-values": "libcups does not look at out-of-band values",
    "out-of-band-misplaced": "libcups does not look at out-of-band values",
    "out-of-range": "libcups does not know what is registered",
    "reserved-tag": "libcups does not look into values whose syntax it does not know",
    "string-syntax": "libcups ends a string at its first NUL, and does not look at the language of one",
    "target-uri": "ipptool takes every message for a response",
    "too-long": "libcups does not look at the language of a string",
    "too-many-values": "libcups does not know what is registered",
    "wrong-syntax": "libcups does not know what is registered",
}
"""The codes of what `validate` alone finds wrong with an attribute, and why."""


class Replayer(http.server.BaseHTTPRequestHandler):
    """Answers /7 with the eighth of the vectors."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        vector = VECTORS[int(self.path.strip("/"))]
        octets = request[:2] + vector.octets[2:4] + request[4:8] + vector.octets[8 : vector.offset]
        self.send_response(200)
        self.send_header("Content-Type", "application/ipp")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@cache
def judged(directory: Path) -> list[dict[str, str]]:
    """What libcups says of the attributes of each vector; of none that it cannot read."""
    test = directory / "all.test"
    step = """{{
        NAME "{0}"
        OPERATION Get-Printer-Attributes
        RESOURCE "/{0}"
        GROUP operation-attributes-tag
        ATTR charset attributes-charset utf-8
        ATTR language attributes-natural-language en
        ATTR uri printer-uri $uri
    }}\n"""
    test.write_text("IGNORE-ERRORS yes\n" + "".join(step.format(number) for number in range(len(VECTORS))))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Replayer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"ipp://127.0.0.1:{server.server_port}/"
        command = [program("ipptool"), "-tI", "-T", "20", uri, str(test)]
        output = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode("utf-8", "replace")
        server.shutdown()
    found: list[dict[str, str]] = []
    for line in output.splitlines():
        if re.match(r" {4}\d+ +\[", line):
            found.append({})
        said = re.match(r' {8}"([^"]+)": (.*)', line)
        if said is not None and found:
            found[-1].setdefault(said[1], said[2])
    return found


@pytest.fixture(scope="module")
def of_libcups(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    found = judged(tmp_path_factory.mktemp("ipptool"))
    assert len(found) == len(VECTORS)
    return found


def of_ours(message: Message) -> dict[str, list[str]]:
    """The codes of what is wrong with each attribute or member, by its own name, as ipptool says it."""
    found: dict[str, list[str]] = {}
    for issue in validate(message):
        if issue.severity is not Severity.INFO and issue.attribute is not None:
            name = (issue.member or issue.attribute).rpartition("/")[2]
            found.setdefault(name, []).append(issue.code)
    return found


def test_what_only_libcups_finds_has_its_reason(of_libcups: list[dict[str, str]]) -> None:
    judged = 0
    for vector, theirs in zip(VECTORS, of_libcups, strict=True):
        ours = of_ours(decode(vector.octets))
        for name, words in theirs.items():
            judged += 1
            explained = any(re.match(pattern, words) for pattern in ONLY_LIBCUPS)
            assert name in ours or explained, (vector, name, words)
    assert judged > 50


def test_what_only_we_find_has_its_reason(of_libcups: list[dict[str, str]]) -> None:
    alone = {
        code
        for vector, theirs in zip(VECTORS, of_libcups, strict=True)
        for name, codes in of_ours(decode(vector.octets)).items()
        if name not in theirs
        for code in codes
    }
    assert alone <= set(ONLY_OURS)
    assert set(ONLY_OURS) <= set(RULES)
