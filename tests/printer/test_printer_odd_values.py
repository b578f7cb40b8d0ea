"""Any operation with any values: never HTTP 500, and nothing is kept that spoils the answers to others.

The rule of this file: a request is whole but for the values of a few attributes, which are as odd as can be; what an
answer has is judged by `validate`.
"""

import http.client
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from printers import SECONDS, Desk, printing
from scale import examples

from ippfast import Attribute, DelimiterTag, Message, Operation, ValueTag, decode, registry, validate
from ippfast.http import HTTPLimits
from ippfast.issues import Severity
from ippfast.printer import Fetcher
from ippfast.printer.table import OPERATIONS

DOCUMENT = b"%PDF-1.4"
INTEGERS = [0, 1, 2, -1, 3, 100, 2**31 - 1, -(2**31)]
STRINGS = [
    b"",
    b"a",
    b"\xff\xfe",
    "ü\u202e".encode(),
    b"a\0b\r\n\x1b[31m",
    b"n" * 300,
    b"25:61",
    b"23:59:60",
    b"\xd9\xa3:\xd9\xa3",
    b"all",
    b"none",
    b"ippget",
    b"utf-8",
    b"en",
    b"gzip",
    b"text/plain; charset=\xff",
    b"application/pdf;",
    b"ipp://[::1",
    b"ipp://localhost/ipp/print/1",
    "http://bücher.example/ü?%zz".encode(),
    b"http://localhost:99999/",
    b"http://[fe80::1%lo]/",
    b"../../etc/passwd",
    b"iso_a4_210x297mm",
    b"custom_0x0_0x0in",
]


def _octets() -> dict[int, st.SearchStrategy[bytes]]:
    """Octets of the length that each tag wants."""
    small = st.sampled_from([0, 1, 12, 13, 23, 24, 31, 60, 61, 99, 255])
    year = st.sampled_from([0, 1, 1999, 2040, 9999, 65535]).map(lambda number: struct.pack(">H", number))
    date = st.tuples(year, *[small.map(lambda number: bytes([number]))] * 6, st.sampled_from([b"+", b"-", b"\0"]))
    zone = st.tuples(small, small).map(bytes)
    integer = st.sampled_from(INTEGERS).map(lambda value: struct.pack(">i", value))
    string = st.sampled_from(STRINGS)
    two = st.tuples(string, string).map(lambda pair: b"".join(struct.pack(">H", len(each)) + each for each in pair))
    found = dict.fromkeys([0x30, 0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49], string)
    found |= dict.fromkeys([0x21, 0x23], integer) | dict.fromkeys([0x35, 0x36], two)
    found |= dict.fromkeys([0x10, 0x12, 0x13, 0x15, 0x16, 0x17], st.just(b""))
    found[0x22] = st.sampled_from([b"\0", b"\1", b"\2"])
    found[0x31] = st.tuples(date.map(b"".join), zone).map(b"".join)
    found[0x32] = st.tuples(integer, integer, st.sampled_from([b"\0", b"\3", b"\4"])).map(b"".join)
    found[0x33] = st.tuples(integer, integer).map(b"".join)
    return found


OCTETS = _octets()


def field(tag: int, name: str, value: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value


def written(name: str, values: list[Any]) -> bytes:
    """An attribute. A value is a tag with its octets, or a collection: the values of its members by name."""
    found = b""
    for place, value in enumerate(values):
        shown = "" if place else name
        if isinstance(value, tuple):
            found += field(value[0], shown, value[1])
            continue
        members = [field(0x4A, "", member.encode()) + written("", inner) for member, inner in value.items()]
        found += field(0x34, shown, b"") + b"".join(members) + field(0x37, "", b"")
    return found


def tagged(tags: list[int]) -> st.SearchStrategy[Any]:
    return st.sampled_from(tags).flatmap(lambda tag: st.tuples(st.just(tag), OCTETS[tag]))


def values_of(path: str) -> st.SearchStrategy[list[Any]]:
    """One or two values of the attribute at a path: of any syntax, more often of its own."""
    spec = registry.lookup(path)
    own = [tag for tag in (spec.wire_tags if spec is not None else ()) if tag in OCTETS]
    choices = [tagged(sorted(OCTETS))] + [tagged(own)] * (3 if own else 0)
    if keywords := sorted(registry.keywords(path)):
        choices.append(st.sampled_from(keywords).map(lambda word: (0x44, word.encode())))
    members = sorted(registry.members(path)) if path.count("/") < 3 else []
    if members:
        inner = st.sampled_from(members).flatmap(lambda name: st.tuples(st.just(name), values_of(f"{path}/{name}")))
        choices += [st.lists(inner, min_size=1, max_size=3).map(dict)] * 4
    return st.lists(st.one_of(choices), min_size=1, max_size=2)


def attributes(names: list[str], most: int) -> st.SearchStrategy[bytes]:
    one = st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), values_of(name)))
    every = st.lists(one, max_size=most, unique_by=lambda pair: pair[0])
    return every.map(lambda pairs: b"".join(written(*pair) for pair in pairs))


ENGLISH = [field(0x47, "attributes-charset", each) for each in (b"utf-8", b"us-ascii")]
TARGETS = {"printer-uri", "job-uri", "job-id", "document-number", "attributes-charset", "attributes-natural-language"}
ASKED = sorted({*registry.names("Operation"), *registry.names("Job Template")} - TARGETS)
IN_GROUP = {
    2: [*registry.names("Job Template"), "job-name", "job-id", "x-vendor"],
    4: ["printer-info", "printer-geo-location", "printer-location", "printer-name", "x-vendor"],
    6: [*registry.names("Subscription Template"), "x-vendor"],
    9: [*registry.names("Document Template"), "document-name", "document-metadata", "x-vendor"],
}


def requests_of(operation: Operation) -> st.SearchStrategy[Callable[[int, int], bytes]]:
    """Requests, once the numbers of a job and of a subscription are known."""
    word = operation.name
    usual = 6 if "SUBSCRIPTION" in word else 9 if "_DOCUMENT_ATTR" in word else 4 if "SET_PRINTER" in word else 2

    def made(head: bytes, language: bytes, asked: bytes, group: tuple[int, bytes], document: bytes) -> Any:
        def request(job: int, subscription: int) -> bytes:
            target = field(0x45, "printer-uri", b"ipp://localhost/ipp/print")
            if OPERATIONS[operation].target == "job":
                target += field(0x21, "job-id", struct.pack(">i", job))
            names = {"notify-job-id": job, "notify-subscription-id": subscription, "document-number": 1}
            names["notify-subscription-ids"] = subscription
            named = b"".join(field(0x21, name, struct.pack(">i", number)) for name, number in names.items())
            named += field(0x22, "last-document", b"\1")
            begin = struct.pack(">BBHi", 2, 0, operation, 1) + b"\1"
            user = field(0x42, "requesting-user-name", b"alice")
            return (
                begin
                + head
                + language
                + target
                + user
                + asked
                + named
                + bytes([group[0]])
                + group[1]
                + b"\3"
                + document
            )

        return request

    language = st.sampled_from([b"en", b"en", b"\xff", b""]).map(
        lambda value: field(0x48, "attributes-natural-language", value)
    )
    tag = st.sampled_from([usual] * 5 + [2, 4, 6, 9])
    group = tag.flatmap(lambda number: st.tuples(st.just(number), attributes(IN_GROUP[number], 3)))
    return st.builds(
        made, st.sampled_from(ENGLISH), language, attributes(ASKED, 2), group, st.sampled_from([b"", DOCUMENT])
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    directory = tmp_path_factory.mktemp("spool")
    limits = HTTPLimits(keep_alive=600.0)  # however busy the machine is
    options: dict[str, Any] = {"history": 100, "subscriptions": None, "user_subscriptions": None}
    with printing(directory, limits=limits, fetcher=Fetcher(["localhost:9"]), **options) as made:
        yield made


@pytest.fixture(scope="module")
def connection(desk: Desk) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection("127.0.0.1", desk.server.port, timeout=SECONDS)
    yield made
    made.close()


def send(connection: http.client.HTTPConnection, octets: bytes) -> Message | None:
    """The answer; None: it was refused with an HTTP status, which is no 500."""
    connection.request("POST", "/ipp/print", octets, {"Content-Type": "application/ipp"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status < 500, body
    return decode(body) if answer.status == 200 else None


def faults(answer: Message) -> list[str]:
    """What is wrong with an answer, but for what it gives back as not supported (RFC 8011 4.1.7, RFC 3995 5.2)."""
    errors = [each for each in validate(answer, role="response") if each.severity == Severity.ERROR]
    echoes = {DelimiterTag.UNSUPPORTED}
    if any("notify-status-code" in group for group in answer.groups):
        echoes.add(DelimiterTag.SUBSCRIPTION)
    said = [str(each) for each in errors if each.group not in echoes]
    # An answer does not say whether it is that to Get-Printer-Supported-Values (RFC 3380 section 8.3).
    return [each for each in said if "Get-Printer-Supported-Values responses only" not in each]


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=st.sampled_from(sorted(map(Operation, OPERATIONS))).flatmap(requests_of))
def test_nothing_that_a_client_sends_is_an_error_of_the_server(
    desk: Desk, connection: http.client.HTTPConnection, made: Callable[[int, int], bytes]
) -> None:
    held = {"job-hold-until": "indefinite"}
    wanted = {"notify-pull-method": "ippget", "notify-events": ["job-completed"]}
    answer = desk.ask(Operation.PRINT_JOB, DOCUMENT, groups={"subscription": wanted}, job=held)
    number = answer.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
    octets = made(answer.job["job-id"].value, number)
    found = send(connection, octets)
    # An answer does not say to which operation it is one, and to this one alone admin-define belongs (RFC 3380 8.3).
    if found is not None and octets[2:4] != struct.pack(">H", Operation.GET_PRINTER_SUPPORTED_VALUES):
        assert faults(found) == []
    if found is None or found.code >= 0x0400:
        return
    desk.ask(Operation.RESTART_PRINTER)  # it may be shut down
    listed = desk.ask(Operation.GET_JOBS, which_jobs="all", requested_attributes=["all"], limit=2)
    assert faults(listed) == []
    assert faults(desk.ask(Operation.GET_SUBSCRIPTIONS, requested_attributes=["all"])) == []
    documents = desk.ask(Operation.GET_DOCUMENTS, job_id=answer.job["job-id"].value, requested_attributes=["all"])
    assert faults(documents) == []


@pytest.mark.parametrize("language", ["", "EN", "x y", "\u00e9"])
def test_a_job_has_no_language_that_is_none(desk: Desk, language: str) -> None:
    wanted = Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, [language])
    answer = desk.ask(Operation.PRINT_JOB, DOCUMENT, attributes_natural_language=wanted)
    job = desk.ask(Operation.GET_JOB_ATTRIBUTES, job_id=answer.job["job-id"].value)
    assert job.job["attributes-natural-language"].values == ("en",)
    assert faults(job) == []
