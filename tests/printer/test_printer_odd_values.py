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
from odd_values import ENGLISH, attributes, faults, field, send
from printers import SECONDS, Desk, printing
from scale import examples

from ippfast import Attribute, DelimiterTag, Operation, ValueTag, registry
from ippfast.http import HTTPLimits
from ippfast.printer import Fetcher
from ippfast.printer.table import OPERATIONS

DOCUMENT = b"%PDF-1.4"
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
