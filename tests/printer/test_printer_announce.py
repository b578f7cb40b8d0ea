"""The printer found by DNS-SD on the loopback network, by another program's eyes: zeroconf's own browser."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

import pytest
from zeroconf import ServiceBrowser, ServiceListener, Zeroconf

from ippfast.printer import Announcement, Description
from ippfast.printer.announce import addresses_at, txt_record

SECONDS = 90.0
RECORD = txt_record(
    Description({"printer-location": "Room 5"}),
    uuid="urn:uuid:01234567-89ab-4def-8123-456789abcdef",
    path="/ipp/print",
    page="http://localhost:8631/",
    tls=True,
    authentication="username,password",
)


class Found(ServiceListener):
    """What came and what went."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.names: dict[str, set[str]] = {}

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        with self.changed:
            self.names.setdefault(type_, set()).add(name)
            self.changed.notify_all()

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        with self.changed:
            self.names.get(type_, set()).discard(name)
            self.changed.notify_all()

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        pass

    def wait_for(self, kind: str, condition: Callable[[set[str]], bool]) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: condition(self.names.get(kind, set())), SECONDS)


def contains(name: str, names: set[str]) -> bool:
    return name in names


def misses(name: str, names: set[str]) -> bool:
    return name not in names


def unlike_others(name: str) -> str:
    """A printer's name that no other test on this host announces: the network is everybody's."""
    return f"{name} {uuid4().hex[:8]}"


@pytest.fixture
def browser() -> Iterator[Zeroconf]:
    browser = Zeroconf(interfaces=["127.0.0.1"])
    yield browser
    browser.close()


def test_the_record_says_what_phones_look_for() -> None:
    expected = {
        "txtvers": "1",
        "rp": "ipp/print",
        "note": "Room 5",
        "UUID": "01234567-89ab-4def-8123-456789abcdef",
        "Color": "T",
        "Duplex": "T",
        "TLS": "1.3",
        "air": "username,password",
        "adminurl": "http://localhost:8631/",
        "PaperMax": "tabloid-A3",
    }
    assert expected.items() <= RECORD.items()
    assert "image/pwg-raster" in RECORD["pdl"].split(",")
    assert "application/octet-stream" not in RECORD["pdl"]
    assert "V1.4" in RECORD["URF"].split(",")
    assert all(len(f"{key}={value}".encode()) <= 255 for key, value in RECORD.items())


def test_formats_are_cut_between_formats_and_the_wanted_come_first() -> None:
    formats = [f"application/vnd.example-{number}" for number in range(20)] + ["application/pdf", "image/urf"]
    description = Description({"document-format-supported": formats, "document-format-default": formats[0]})
    record = txt_record(description, uuid="urn:uuid:1", path="/", page="http://a/", tls=False)
    pdl = record["pdl"].split(",")
    assert pdl[:2] == ["image/urf", "application/pdf"]
    assert 5 < len(pdl) < 20
    assert set(pdl) <= set(formats)
    assert (record["usb_MFG"], record["usb_MDL"]) == ("ippfast", "printer")


def test_a_long_name_is_cut_between_characters() -> None:
    name = unlike_others("") + "ä" * 40  # nine octets before them, so that an odd number is left for the last
    with Announcement(name, 8631, ["127.0.0.1"], RECORD) as announcement:
        assert announcement.name == name[: 9 + 27]


def test_addresses() -> None:
    assert addresses_at("127.0.0.1") == addresses_at("localhost") == []
    assert not any(":" in address for address in addresses_at("0.0.0.0"))
    assert set(addresses_at("0.0.0.0")) <= set(addresses_at("::"))
    with pytest.raises(OSError, match=r"nknown|not known|nodename|resol"):
        addresses_at("no-such-host.invalid")
    with pytest.raises(OSError, match="no network"):
        Announcement("x", 1, ["192.0.2.1"], RECORD)


def test_it_is_found_under_each_kind_and_gone_when_it_closes(browser: Zeroconf) -> None:
    found = Found()
    kinds = [
        f"{sub}{service}._tcp.local."
        for service in ("_ipp", "_ipps")
        for sub in ("", "_print._sub.", "_universal._sub.")
    ]
    ServiceBrowser(browser, kinds, found)
    wanted = unlike_others("Test printer, with a comma")
    services = {kind: kind.removeprefix("_print._sub.").removeprefix("_universal._sub.") for kind in kinds}
    with Announcement(wanted, 8631, ["127.0.0.1"], RECORD, tls=True) as announcement:
        assert announcement.name == wanted
        for kind, service in services.items():
            name = f"{wanted}.{service}"
            assert found.wait_for(kind, partial(contains, name)), kind
            info = browser.get_service_info(service, name, timeout=int(SECONDS * 1000))
            assert info is not None
            assert info.port == 8631
            assert info.parsed_addresses() == ["127.0.0.1"]
            assert info.properties[b"rp"] == b"ipp/print"
    for kind, service in services.items():
        assert found.wait_for(kind, partial(misses, f"{wanted}.{service}")), kind


def test_a_name_that_is_taken_gets_a_number() -> None:
    name = unlike_others("Twin")
    with (
        Announcement(name, 8631, ["127.0.0.1"], RECORD) as one,
        Announcement(name, 8632, ["127.0.0.1"], RECORD) as other,
    ):
        assert one.name == name
        assert other.name == f"{name}-2"
