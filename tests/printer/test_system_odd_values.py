"""Any operation on the System object with any values: never HTTP 500, and the system goes on.

The rule of this file: a request is whole but for the values of a few attributes, which are as odd as can be; what an
answer has is judged by `validate`.
"""

import http.client
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_values import ENGLISH, attributes, faults, field, send, values_of, written
from printers import SECONDS
from scale import examples
from services import Desk

from ippfast import Attribute, DelimiterTag, Operation, ValueTag, registry
from ippfast.http import HTTPLimits, Server
from ippfast.printer import PrintService, QueueSpec
from ippfast.printer.service.table import OPERATIONS
from ippfast.printer.storage.memory import MemoryStorage

PATH = "/ipp/system"
NAMED = {"printer-id", "resource-id", "notify-subscription-id", "notify-subscription-ids", "system-uri", "printer-uri"}
ASKED = sorted(set(registry.names("Operation")) - NAMED - {"attributes-charset", "attributes-natural-language"})
IN_GROUP = {
    2: ASKED,
    4: [*registry.names("Printer Description"), "printer-name", "smi2699-device-uri", "x-vendor"],
    6: [*registry.names("Subscription Template"), "x-vendor"],
    8: [*registry.names("Resource Description"), "resource-format", "resource-name", "x-vendor"],
    10: [*registry.names("System Description"), "x-vendor"],
}


def requests_of(code: int) -> st.SearchStrategy[Callable[[int, int], bytes]]:
    """Requests, once the numbers of a printer and of a resource are known."""
    word = Operation(code).name
    usual = 6 if "SUBSCRIPTION" in word else 8 if "RESOURCE" in word else 10 if "SET_SYSTEM" in word else 4
    usual = 4 if word == "CREATE_PRINTER" else usual
    plain = field(0x45, "system-uri", b"ipp://localhost" + PATH.encode())

    def made(charset: bytes, target: bytes, asked: bytes, odd: bytes, group: tuple[int, bytes], data: bytes) -> Any:
        def request(printer: int, resource: int) -> bytes:
            numbers = {"printer-id": printer, "resource-id": resource}
            numbers |= {"notify-subscription-id": 1, "notify-subscription-ids": 1}
            named = odd + b"".join(
                field(0x21, name, struct.pack(">i", number))
                for name, number in numbers.items()
                if name.encode() not in odd
            )
            head = struct.pack(">BBHi", 2, 0, code, 1) + b"\1" + charset
            head += field(0x48, "attributes-natural-language", b"en") + target
            return head + asked + named + bytes([group[0]]) + group[1] + b"\3" + data

        return request

    odd_target = values_of("system-uri").map(lambda values: written("system-uri", values))
    odd = st.sampled_from(["printer-id", "resource-id", "printer-uri"]).flatmap(
        lambda name: values_of(name).map(lambda values: written(name, values))
    )
    tag = st.sampled_from([usual] * 5 + sorted(IN_GROUP))
    group = tag.flatmap(lambda number: st.tuples(st.just(number), attributes(IN_GROUP[number], 3)))
    return st.builds(
        made,
        st.sampled_from(ENGLISH),
        st.just(plain) | st.just(plain) | odd_target,
        attributes(ASKED, 2),
        st.just(b"") | odd,
        group,
        st.sampled_from([b"", b"\x89PNG\r\n\x1a\n"]),
    )


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    limits = HTTPLimits(keep_alive=600.0)  # however busy the machine is
    queues = [QueueSpec(name="stays")]
    with (
        closing(MemoryStorage()) as storage,
        PrintService(storage, queues=queues) as service,
        Server(service, port=0, limits=limits) as server,
    ):
        yield Desk(service, server)


@pytest.fixture(scope="module")
def connection(desk: Desk) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=SECONDS)
    yield made
    made.close()


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=st.sampled_from(sorted(OPERATIONS)).flatmap(requests_of))
def test_nothing_that_a_client_sends_is_an_error_of_the_system(
    desk: Desk, connection: http.client.HTTPConnection, made: Callable[[int, int], bytes]
) -> None:
    name = Attribute("printer-name", ValueTag.NAME, "odd")
    printer = (
        desk.ask(Operation.CREATE_PRINTER, printer_service_type="print", groups=[(DelimiterTag.PRINTER, [name])])
        .printer["printer-id"]
        .value
    )
    resource = desk.ask(Operation.CREATE_RESOURCE, resource_type="static-image").groups_of(DelimiterTag.RESOURCE)[0]
    octets = made(printer, resource["resource-id"].value)
    found = send(connection, octets, PATH)
    desk.ask(Operation.DELETE_PRINTER, printer_id=printer)  # or it was deleted
    desk.ask(Operation.CANCEL_RESOURCE, resource_id=resource["resource-id"].value)
    # An answer does not say to which operation it is one, and this one has all printers that may be the default.
    if found is not None and octets[2:4] != struct.pack(">H", Operation.GET_SYSTEM_SUPPORTED_VALUES):
        assert faults(found) == []
    listed = desk.ask(Operation.GET_PRINTERS)
    assert faults(listed) == []
    asked = desk.ask(Operation.GET_SYSTEM_ATTRIBUTES)
    assert asked.succeeded
    assert faults(asked) == []


@pytest.mark.parametrize("name", ["system-uri", "printer-uri"])
def test_a_target_is_one_uri(desk: Desk, connection: http.client.HTTPConnection, name: str) -> None:
    uri = (0x45, b"ipp://localhost" + PATH.encode())
    head = struct.pack(">BBHi", 2, 0, Operation.GET_SYSTEM_ATTRIBUTES, 1) + b"\1" + ENGLISH[0]
    head += field(0x48, "attributes-natural-language", b"en")
    found = send(connection, head + written(name, [uri, uri]) + b"\3", PATH)
    assert found is not None
    assert found.code == 0x0400
