"""Descriptions of real printers: a printer of ours that is described by another one's answer says the same.

The rule of this file: what it says is compared, value for value, with the answer; what is not the same stands in a
table here, which the tests know by rule and not by the code's own tables.
"""

import contextlib
from pathlib import Path

import pytest
import vectors
from command_line import run as run_command
from printers import Desk, printing

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, Operation, decode, encode, operations, validate
from ippfast.attributes import attribute
from ippfast.enums import Status
from ippfast.http import Client
from ippfast.printer import Description, DescriptionError
from ippfast.printer.captured import captured, is_captured
from ippfast.printer.storage.memory import MemoryStorage
from ippfast.recovery import recover
from ippfast.tags import ValueTag


def answers() -> tuple[vectors.Vector, ...]:
    """The answers of printers among the recorded messages, and those of a corpus."""
    found = []
    for vector in (*vectors.recorded(), *vectors.corpus()):
        if vector.outcome == vectors.ACCEPTED and b"document-format-supported" in vector.octets:
            message, _ = recover(vector.octets)
            groups = message.groups_of(DelimiterTag.PRINTER)
            if message.code < 0x400 and groups and "document-format-supported" in groups[0]:
                found.append(vector)
    return tuple(found)


SERVERS_OWN = {
    "charset-configured",
    "charset-supported",
    "generated-natural-language-supported",
    "ipp-versions-supported",
    "ippget-event-life",
    "job-password-encryption-supported",
    "job-password-supported",
    "job-settable-attributes-supported",
    "document-password-supported",
    "natural-language-configured",
    "operations-supported",
    "printer-settable-attributes-supported",
    "reference-uri-schemes-supported",
    "requesting-user-uri-schemes-supported",
    "uri-authentication-supported",
    "uri-security-supported",
    "xri-authentication-supported",
    "xri-security-supported",
    "xri-scheme-supported",
}
PRINTERS_OWN = (
    *("printer-alert", "printer-is-accepting-jobs", "queued-job-count", "printer-state", "printer-wifi", "notify-"),
    *("device-service-count", "printer-resource-ids", "printer-message-", "printer-serial-number", "printer-xri"),
    *("job-privacy", "document-privacy", "subscription-privacy", "marker-change-time"),
)


REQUIRED = {"charset-supported", "natural-language-configured", "operations-supported", "printer-up-time"}


def is_same_for_all(name: str, given: Attribute) -> bool:
    """Whether two printers may say the same of an attribute: it is no identity, state, address or moment."""
    if name in SERVERS_OWN or name.startswith(PRINTERS_OWN) or name == "media-col-database":
        return False
    if name.endswith(("-time", "-uuid", "-uri", "-completed", "-completed-col")) or name == "printer-device-id":
        return False
    return b"profile-ur" not in encode(_alone(given)) and not {ValueTag.URI, ValueTag.DATE_TIME} & set(given.tags)


def _alone(given: Attribute) -> Message:
    return Message((2, 0), 0, 1, [AttributeGroup(DelimiterTag.PRINTER, [given])])


def told(desk: Desk) -> dict[str, Attribute]:
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=["all"])
    assert answer.status is Status.SUCCESSFUL_OK, answer
    return {each.name: each for each in answer.printer}


@vectors.parametrize(answers())
def test_it_says_the_same(vector: vectors.Vector, tmp_path: Path) -> None:
    file = tmp_path / "answer.ipp"
    file.write_bytes(vector.octets)
    original: dict[str, Attribute] = {}
    for each in recover(vector.octets)[0].groups_of(DelimiterTag.PRINTER)[0]:
        original.setdefault(each.name, each)
    with contextlib.closing(MemoryStorage()) as storage, printing(storage, description=file) as desk:
        ours = told(desk)
        same = {name: each for name, each in original.items() if is_same_for_all(name, each)}
        assert {name: ours.get(name) for name in same} == same
        if original.keys() >= REQUIRED:  # it was asked for all
            assert ours.keys() - original.keys() <= {
                "pdl-override-supported",
                "printer-config-changes",
                "printer-name",
                "document-format-default",
            }
        secret = {name for name in original if name.endswith(("-uuid", "-uri")) and name in ours}
        assert all(ours[name].values != original[name].values for name in secret)
        if "operations-supported" in original:
            assert set(ours["operations-supported"].values) <= set(original["operations-supported"].values)
        assert desk.ask(Operation.VALIDATE_JOB).status is Status.SUCCESSFUL_OK


def made(*attributes: Attribute) -> bytes:
    """An answer of these and what any has."""
    formats = attribute("document-format-supported", ["application/pdf"])
    return encode(Message((2, 0), 0, 1, [AttributeGroup(DelimiterTag.PRINTER, [formats, *attributes])]))


def test_what_is_its_own_is_left_out() -> None:
    answer = made(
        attribute("printer-uuid", "urn:uuid:00000000-0000-4000-8000-000000000000"),
        attribute("printer-icons", ["http://printer.example/icon.png"]),
        attribute("printer-state", "stopped"),
        attribute("printer-up-time", 7),
        attribute("printer-icc-profiles", [{"profile-name": "a", "profile-url": "http://printer.example/a.icc"}]),
        attribute("printer-device-id", "MFG:Acme;SN:12345;MDL:Rocket;SERN:9;"),
        attribute("printer-make-and-model", "Acme Rocket"),
        attribute("printer-location", "Cellar"),
    )
    found = captured(answer).attributes
    assert found.keys() == {
        "document-format-supported",
        "printer-device-id",
        "printer-make-and-model",
        "printer-location",
    }
    assert found["printer-device-id"].value == "MFG:Acme;MDL:Rocket;"


def test_it_does_what_that_one_can(tmp_path: Path) -> None:
    """No operation that it does not name, no attribute that it does not have, no finishing of ours."""
    codes = [Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.GET_JOBS, Operation.GET_JOB_ATTRIBUTES]
    codes += [Operation.GET_PRINTER_ATTRIBUTES, Operation.CANCEL_JOB]
    file = tmp_path / "answer.ipp"
    file.write_bytes(made(attribute("operations-supported", codes), attribute("copies-supported", [(1, 3)])))
    with printing(tmp_path / "spool", description=[file, {"printer-info": "mine"}]) as desk:
        ours = told(desk)
        assert set(ours["operations-supported"].values) == set(codes)
        assert desk.ask(Operation.CREATE_JOB).status is Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED
        assert ours["printer-info"].value == "mine"
        assert not {"finishings-supported", "printer-firmware-name", "media-col-supported"} & ours.keys()
        refused = desk.ask(Operation.VALIDATE_JOB, job={"copies": 4}, ipp_attribute_fidelity=True)
        assert refused.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        job = desk.wait(desk.print(job={"copies": 2}))
        assert (job["copies"], job["copies-actual"]) == (2, 2)


def test_the_media_follow_if_they_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "answer.ipp"
    media = ["iso_a4_210x297mm", "na_letter_8.5x11in"]
    file.write_bytes(made(attribute("media-supported", media), attribute("media-col-supported", ["media-size"])))
    found = Description(file)
    assert len(found.values("media-col-database")) == 2
    assert "media-col-ready" not in found.attributes


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"\2\0\0\0\0\0\0\1\3", "without a printer's attributes"),
        (b"\2\0\0", "no IPP message"),
        (b"\xff\xfe no text", "codec can't decode"),
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, octets: bytes, fault: str) -> None:
    file = tmp_path / "answer.ipp"
    file.write_bytes(octets)
    with pytest.raises(DescriptionError, match=fault):
        Description(file)


def test_a_text_is_no_answer() -> None:
    assert not is_captured(b'printer-name = "x"\n')
    assert not is_captured(b"")


def test_capture_and_serve(tmp_path: Path) -> None:
    """What `ippfast capture` keeps describes a printer; that one's capture describes another just so."""
    described = {"printer-make-and-model": "Acme Rocket", "sides-supported": ["one-sided"], "mopria-certified": "1.3"}
    with printing(tmp_path / "first", description=described) as first:
        assert run_command("capture", first.uri, "--directory", str(tmp_path / "kept")).exit_code == 0
        original = told(first)
    kept = tmp_path / "kept" / "get-printer-attributes.ipp"
    assert decode(kept.read_bytes()).code == 0
    with printing(tmp_path / "second", description=[kept, tmp_path / "kept" / "media-col-database.ipp"]) as second:
        ours = told(second)
        same = {name: each for name, each in original.items() if is_same_for_all(name, each)}
        assert {name: ours.get(name) for name in same} == same
        with Client(second.uri) as client:
            answer = client.send(operations.get_printer_attributes(second.uri))
    assert [issue for issue in validate(answer, role="response") if issue.severity == "error"] == []
