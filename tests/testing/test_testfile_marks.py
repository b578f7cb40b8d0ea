"""Test files run by ipptool and by us: the same marks, and the same words where a test fails.

The rule of this file: ipptool says what is right. tools/compare_marks.py does the same with all of Debian's files.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from compare_marks import Marked, by_ipptool, by_us, differences
from conformance import SUITES, arrange, prepare, printing
from peers import EvePrinter, program

QUICK = (
    "ipp-1.1",
    "create-job",
    "create-printer-subscription",
    "get-job-attributes2",
    "get-jobs",
    "get-notifications",
    "get-ppds-make",
    "get-printer-attributes-suite",
    "identify-printer-multiple",
    "print-job-gzip",
    "print-job-media-col",
    "set-attrs-hold",
)


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    program("ipptool")
    log = logging.getLogger("ippfast.printer")
    before = log.level
    log.setLevel(logging.ERROR)
    yield prepare(tmp_path_factory.mktemp("marks"), raster=False)
    log.setLevel(before)  # others read it


@pytest.mark.parametrize("name", QUICK)
def test_debians_files(name: str, suites: Path, tmp_path: Path) -> None:
    document = suites / "document-letter.pdf"
    marked: list[list[Marked]] = []
    for who in ("ipptool", "ippfast"):
        with printing(tmp_path / who, suites) as (port, document_uri):
            given = {"document-uri": document_uri, **arrange(name, port)}
            uri = given.pop("uri", f"ipp://localhost:{port}/ipp/print")
            if who == "ipptool":
                marked.append(by_ipptool(suites / f"{name}.test", uri, document, given))
            else:
                marked.append(by_us(SUITES / f"{name}.test", uri, document, given, suites))
    assert marked[0]
    assert differences(*marked) == []


@pytest.mark.parametrize("name", ["get-printer-attributes-suite", "get-ppds", "validate-job", "get-subscriptions"])
def test_another_printer(name: str, suites: Path, eve_printer: EvePrinter) -> None:
    document = suites / "document-letter.pdf"
    theirs = by_ipptool(suites / f"{name}.test", eve_printer.uri, document, {})
    assert theirs
    assert differences(theirs, by_us(SUITES / f"{name}.test", eve_printer.uri, document, {}, suites)) == []


ASK = """
    OPERATION Get-Printer-Attributes
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR keyword requested-attributes all,media-col-database
"""

EXPECTS = r"""
EXPECT printer-name
EXPECT no-such-thing
EXPECT ?no-such-thing
EXPECT !no-such-thing
EXPECT !printer-name
EXPECT PRINTER-NAME OF-TYPE name
EXPECT printer-name OF-TYPE keyword
EXPECT printer-name OF-TYPE keyword|name
EXPECT printer-name OF-TYPE name(2)
EXPECT printer-name OF-TYPE nameWithoutLanguage
EXPECT printer-info OF-TYPE text(0:127)
EXPECT printer-up-time OF-TYPE integer(1:MAX)
EXPECT printer-up-time OF-TYPE integer(-5:0)
EXPECT printer-up-time OF-TYPE integer WITH-VALUE >0
EXPECT copies-default WITH-VALUE <0
EXPECT printer-state WITH-VALUE 3,4,5
EXPECT printer-state WITH-VALUE "9, 10"
EXPECT printer-state WITH-VALUE 0x03
EXPECT printer-state OF-TYPE enum IN-GROUP printer-attributes-tag COUNT 1
EXPECT printer-state IN-GROUP job-attributes-tag
EXPECT printer-state COUNT 2
EXPECT copies-supported OF-TYPE rangeOfInteger WITH-VALUE >1
EXPECT copies-supported WITH-VALUE <1
EXPECT copies-supported OF-TYPE rangeOfInteger(2:3)
EXPECT color-supported WITH-VALUE true
EXPECT color-supported WITH-VALUE false
EXPECT color-supported OF-TYPE boolean WITH-VALUE 1
EXPECT operations-supported WITH-VALUE 0x0002
EXPECT operations-supported WITH-ALL-VALUES >1
EXPECT operations-supported WITH-ALL-VALUES <5
EXPECT operations-supported WITH-DISTINCT-VALUES
EXPECT printer-uri-supported WITH-SCHEME ipp
EXPECT printer-uri-supported WITH-SCHEME "/^ipps$$/"
EXPECT printer-uri-supported WITH-HOSTNAME LOCALHOST
EXPECT printer-uri-supported WITH-ALL-HOSTNAMES "/^local/"
EXPECT printer-uri-supported WITH-RESOURCE /ipp/print
EXPECT printer-uri-supported WITH-ALL-RESOURCES "/^/ipp/"
EXPECT printer-uri-supported WITH-VALUE $uri
EXPECT printer-uri-supported WITH-VALUE "ipp://localhost./ipp/other"
EXPECT printer-uri-supported SAME-COUNT-AS uri-security-supported
EXPECT printer-uri-supported SAME-COUNT-AS operations-supported
EXPECT printer-uri-supported SAME-COUNT-AS no-such-thing
EXPECT sides-supported WITH-VALUE one-sided
EXPECT sides-supported WITH-VALUE One-Sided
EXPECT sides-supported WITH-ALL-VALUES one-sided
EXPECT sides-supported WITH-VALUE "/^(one|two)-sided/"
EXPECT sides-supported WITH-ALL-VALUES "/^(one-sided|two-sided-.*-edge)$$/"
EXPECT sides-default WITH-VALUE-FROM sides-supported
EXPECT sides-supported WITH-VALUE-FROM sides-default
EXPECT copies-default WITH-VALUE-FROM copies-supported
EXPECT print-quality-default WITH-VALUE-FROM print-quality-supported
EXPECT print-quality-default WITH-VALUE-FROM copies-supported
EXPECT printer-resolution-default WITH-VALUE-FROM printer-resolution-supported
EXPECT printer-resolution-supported WITH-VALUE 17dpi
EXPECT printer-resolution-supported OF-TYPE resolution
EXPECT printer-info WITH-VALUE "no such printer"
EXPECT document-format-supported WITH-VALUE APPLICATION/PDF
EXPECT document-format-supported WITH-VALUE "/pdf/"
EXPECT media-col-database/media-size/x-dimension OF-TYPE integer|rangeOfInteger
EXPECT media-col-default/media-size OF-TYPE collection
EXPECT media-col-default/no-such-member
EXPECT media-col-default WITH-VALUE "x"
EXPECT printer-current-time OF-TYPE dateTime|unknown
EXPECT printer-state-change-date-time WITH-VALUE "x"
EXPECT attributes-charset IN-GROUP operation-attributes-tag
EXPECT job-id DEFINE-NO-MATCH NO_JOB_ID
EXPECT printer-name WITH-VALUE zzz DEFINE-MATCH HAVE_ZZZ
EXPECT printer-name WITH-VALUE zzz REPEAT-MATCH
EXPECT no-such-thing IF-DEFINED HAVE_ZZZ
EXPECT no-such-thing IF-NOT-DEFINED NO_JOB_ID
EXPECT no-such-thing IF-DEFINED NO_JOB_ID
EXPECT printer-name DEFINE-VALUE THE_NAME
EXPECT printer-name WITH-VALUE $THE_NAME
EXPECT printer-name WITH-VALUE "${THE_NAME}"
EXPECT sides-supported WITH-VALUE "/^two/" DEFINE-VALUE FIRST_SIDES
EXPECT sides-supported WITH-VALUE $FIRST_SIDES COUNT 17
EXPECT printer-resolution-default DEFINE-VALUE RESOLUTION
EXPECT printer-resolution-supported WITH-VALUE $RESOLUTION COUNT 17
EXPECT printer-up-time WITH-VALUE ""
EXPECT printer-supply WITH-VALUE "/toner|ink|waste/"
EXPECT printer-supply WITH-VALUE "x"
EXPECT-ALL media-col-database/media-size OF-TYPE collection
EXPECT-ALL media-col-database/media-size/x-dimension WITH-VALUE >100000
STATUS successful-ok
STATUS client-error-not-found
STATUS client-error-not-found DEFINE-NO-MATCH FOUND
STATUS successful-ok IF-DEFINED NOTHING
STATUS client-error-not-found IF-NOT-DEFINED NOTHING
STATUS 0x0406
""".strip().splitlines()


DIFFERENT = {
    # ipptool 2.4 takes the upper end of "least:most" for 0.
    "EXPECT printer-info OF-TYPE text(0:127)": ("FAIL", "PASS"),
    "EXPECT printer-up-time OF-TYPE integer(1:MAX)": ("FAIL", "PASS"),
}
SAYS_MORE = {'EXPECT media-col-default WITH-VALUE "x"', 'EXPECT printer-state-change-date-time WITH-VALUE "x"'}
"""Of these ipptool does not say what it got."""


def file_of(*bodies: str) -> str:
    return "".join(f'{{\n    NAME "{number:03}"{body}\n}}\n' for number, body in enumerate(bodies))


@pytest.fixture(scope="module")
def both(suites: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Marked], list[Marked]]:
    """One printer that does not change, and all that can be expected of it."""
    file = suites / "expects.test"
    file.write_text(file_of(*(f"{ASK}    {line}" for line in EXPECTS)))
    with printing(tmp_path_factory.mktemp("expects"), suites) as (port, _):
        uri, document = f"ipp://localhost:{port}/ipp/print", suites / "document-letter.pdf"
        theirs, ours = by_ipptool(file, uri, document, {}), by_us(file, uri, document, {}, suites)
    assert (len(theirs), len(ours)) == (len(EXPECTS), len(EXPECTS))
    return theirs, ours


@pytest.mark.parametrize("number", range(len(EXPECTS)), ids=lambda number: EXPECTS[number][:60])
def test_one_expectation(number: int, both: tuple[list[Marked], list[Marked]]) -> None:
    """The words too, but for what ipptool says of the response itself."""
    theirs, ours = (each[number] for each in both)
    if EXPECTS[number] in DIFFERENT:
        assert (theirs.mark, ours.mark) == DIFFERENT[EXPECTS[number]]
        return
    said = tuple(each for each in theirs.words if not each.startswith(("RECEIVED:", "status-code =")))
    if EXPECTS[number] in SAYS_MORE:
        assert ours.words[-1].startswith("GOT: ")
        ours = ours._replace(words=ours.words[:-1])
    assert ours[1:] == (theirs.mark, said)


ODD = (
    # What is sent, and how a file goes on.
    ASK + "    SKIP-IF-DEFINED uri",
    ASK + "    SKIP-IF-NOT-DEFINED uri",
    ASK + "    PASS-IF-DEFINED uri\n EXPECT no-such-thing",
    ASK + "    EXPECT no-such-thing",
    ASK + "    SKIP-PREVIOUS-ERROR yes",
    ASK + "    SKIP-PREVIOUS-ERROR yes",
    ASK + "    REQUEST-ID 77\n STATUS successful-ok",
    ASK + "    REQUEST-ID 0\n STATUS successful-ok",
    ASK + "    VERSION 0.0\n STATUS server-error-version-not-supported",
    ASK + "    VERSION 1.0\n STATUS successful-ok",
    ASK + "    RESOURCE /nowhere\n STATUS successful-ok",
    ASK + "    TRANSFER chunked\n STATUS successful-ok",
    ASK + "    TRANSFER length\n STATUS successful-ok",
    "\n OPERATION 0x000b\n GROUP operation-attributes-tag\n STATUS client-error-bad-request",
    "\n OPERATION 0x3fff\n GROUP operation\n ATTR charset attributes-charset utf-8\n ATTR language "
    "attributes-natural-language en\n ATTR uri printer-uri $uri\n STATUS server-error-operation-not-supported",
    ASK + "    ATTR no-value x-nothing\n ATTR octetString x-octets abc,d\n ATTR rangeOfInteger x-range 1-5,-3-7\n"
    " ATTR resolution x-resolution 600dpi,600x300dpcm\n ATTR dateTime x-time 2026-11-29T12:00:00+0130,PT5M\n"
    " ATTR boolean x-boolean true,false\n ATTR enum x-enum 3,0x04\n STATUS successful-ok",
    ASK + "    ATTR collection x-col { MEMBER collection inner { MEMBER keyword k a,b } },{ MEMBER integer i 1 }\n"
    " STATUS successful-ok",
    ASK + "    DISPLAY printer-name\n DISPLAY sides-supported\n EXPECT printer-name",
    ASK + "    DELAY '0.01,0.01'\n EXPECT printer-name REPEAT-MATCH REPEAT-LIMIT 3",
    ASK + "    DELAY '0.01,0.01'\n EXPECT no-such-thing REPEAT-NO-MATCH REPEAT-LIMIT 3",
    ASK + "    DELAY '0,0.01'\n EXPECT printer-name WITH-VALUE zzz REPEAT-NO-MATCH REPEAT-LIMIT 3",
    ASK + "    DELAY '0,0.01'\n STATUS successful-ok REPEAT-MATCH REPEAT-LIMIT 3",
    ASK + "    DELAY '0,0.01'\n STATUS server-error-busy REPEAT-NO-MATCH REPEAT-LIMIT 3",
    ASK + "    STATUS server-error-busy REPEAT-MATCH\n STATUS successful-ok",
    ASK + "    MONITOR-PRINTER-STATE { EXPECT printer-state DEFINE-MATCH WATCHED }\n DELAY 0.5",
    ASK + "    PASS-IF-DEFINED WATCHED\n EXPECT no-such-thing",
)


def test_how_files_go_on(suites: Path, tmp_path: Path) -> None:
    file = suites / "odd.test"
    file.write_text(file_of(*ODD))
    with printing(tmp_path / "spool", suites) as (port, _):
        uri, document = f"ipp://localhost:{port}/ipp/print", suites / "document-letter.pdf"
        theirs, ours = by_ipptool(file, uri, document, {}), by_us(file, uri, document, {}, suites)
    assert len(theirs) == len(ODD)
    assert differences(theirs, ours) == []
    assert {each.mark for each in ours} == {"PASS", "FAIL", "SKIP"}
