"""The resources and subscriptions of a System (PWG 5100.22), as clients see them.

The rule of this file: everything goes through a real socket; what the storage promises of them is asked in `contract`.
"""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_shells import wait_until
from printers import DOCUMENT
from services import Desk, serving_many

from ippfast import Attribute, AttributeGroup, Message, Operation, ValueTag, encode
from ippfast.enums import JobState, ResourceState, Status
from ippfast.printer import Access, PrinterLimits
from ippfast.printer.service import templates
from ippfast.printer.service.resources import message_of
from ippfast.printer.storage.memory import MemoryStorage
from ippfast.tags import DelimiterTag
from ippfast.values import OutOfBand

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
REFUSED = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serving_many(tmp_path, "hall", "office") as found:
        yield found


def resource_group(**attributes: tuple[ValueTag, Any]) -> list[tuple[DelimiterTag, list[Attribute]]]:
    content = [Attribute(name.replace("_", "-"), tag, value) for name, (tag, value) in attributes.items()]
    return [(DelimiterTag.RESOURCE, content)]


def create(desk: Desk, kind: str = "static-image", **attributes: tuple[ValueTag, Any]) -> int:
    groups = resource_group(**attributes) if attributes else []
    answer = desk.ask(Operation.CREATE_RESOURCE, resource_type=kind, groups=groups)
    assert answer.status is Status.SUCCESSFUL_OK, answer
    number = answer.groups_of(DelimiterTag.RESOURCE)[0]["resource-id"].value
    assert isinstance(number, int)
    return number


def send(desk: Desk, number: int, data: bytes = PNG, kind: str = "image/png", **given: Any) -> Message:
    return desk.ask(Operation.SEND_RESOURCE_DATA, document=data, resource_id=number, resource_format=kind, **given)


def install(desk: Desk, number: int) -> Message:
    return desk.ask(Operation.INSTALL_RESOURCE, resource_id=number)


def installed(desk: Desk, kind: str = "static-image", data: bytes = PNG, form: str = "image/png", **given: Any) -> int:
    number = create(desk, kind)
    for answer in (send(desk, number, data, form, **given), install(desk, number)):
        assert answer.status is Status.SUCCESSFUL_OK, answer
    return number


def shown(desk: Desk, number: int) -> AttributeGroup:
    answer = desk.ask(Operation.GET_RESOURCE_ATTRIBUTES, resource_id=number)
    return answer.groups_of(DelimiterTag.RESOURCE)[0]


def listed(desk: Desk, code: Operation = Operation.GET_RESOURCES, **given: Any) -> list[object]:
    answer = desk.ask(code, **given)
    assert answer.status is Status.SUCCESSFUL_OK, answer
    return [group["resource-id"].value for group in answer.groups_of(DelimiterTag.RESOURCE)]


def fetched(desk: Desk, uri: object) -> bytes:
    path = "/" + str(uri).partition("://")[2].partition("/")[2]
    with urllib.request.urlopen(f"http://127.0.0.1:{desk.port}{path}", timeout=90) as answer:
        found: bytes = answer.read()
        return found


def template(tag: DelimiterTag, *attributes: Attribute) -> bytes:
    return encode(Message((2, 0), 0, 1, [AttributeGroup(tag, list(attributes))]))


def test_a_resource_goes_through_its_states(desk: Desk) -> None:
    name = (ValueTag.NAME, "The logo")
    answer = desk.ask(
        Operation.CREATE_RESOURCE, resource_type="static-image", groups=resource_group(resource_name=name)
    )
    assert answer.operation_attributes["resource-format-accepted"].values == ("image/png", "image/jpeg")
    made = answer.groups_of(DelimiterTag.RESOURCE)[0]
    assert made["resource-state"].value == ResourceState.PENDING
    assert made["resource-state-reasons"].value == "resource-incoming"
    assert str(made["resource-uuid"].value).startswith("urn:uuid:")
    number = made["resource-id"].value
    assert isinstance(number, int)
    assert install(desk, number).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    sent = send(desk, number, resource_version=b"\1\2")
    assert sent.groups_of(DelimiterTag.RESOURCE)[0]["resource-state"].value == ResourceState.AVAILABLE
    assert send(desk, number).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    assert shown(desk, number)["resource-data-uri"].value is OutOfBand.NO_VALUE
    assert install(desk, number).status is Status.SUCCESSFUL_OK
    assert install(desk, number).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    whole = shown(desk, number)
    assert whole["resource-state"].value == ResourceState.INSTALLED
    assert whole["resource-k-octets"].value == 1
    assert whole["resource-use-count"].value == 0
    assert whole["resource-version"].value == b"\1\2"
    assert whole["resource-name"].value == "The logo"
    assert isinstance(whole["time-at-installed"].value, int)
    uri = whole["resource-data-uri"].value
    assert str(uri).endswith(f"/ipp/resource/{number}-The_logo.png")
    assert fetched(desk, uri) == PNG
    assert desk.ask(Operation.CANCEL_RESOURCE, resource_id=number).status is Status.SUCCESSFUL_OK
    assert desk.ask(Operation.CANCEL_RESOURCE, resource_id=number).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    gone = shown(desk, number)
    assert gone["resource-state"].value == ResourceState.CANCELED
    assert gone["time-at-installed"].value is OutOfBand.NO_VALUE
    assert isinstance(gone["time-at-canceled"].value, int)
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        fetched(desk, uri)
    refused.value.close()
    assert shown(desk, number)["resource-data-uri"].value is OutOfBand.NO_VALUE


def test_large_data_are_kept_and_removed(tmp_path: Path) -> None:
    limits, data = PrinterLimits(resource_octets=200_000, resources=2), PNG + bytes(150_000)
    with serving_many(tmp_path, "hall", limits=limits) as desk:
        files = tmp_path / "documents"
        number = installed(desk, data=data)
        assert [path.stat().st_size for path in files.iterdir()] == [len(data)]
        assert desk.service.storage.documents.clean() == 0  # it belongs to somebody
        assert fetched(desk, shown(desk, number)["resource-data-uri"].value) == data
        large = create(desk)
        assert send(desk, large, data + bytes(60_000)).status is Status.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE
        assert shown(desk, large)["resource-state"].value == ResourceState.ABORTED
        assert create(desk) == large + 1
        too_many = desk.ask(Operation.CREATE_RESOURCE, resource_type="static-image")
        assert too_many.status is Status.CLIENT_ERROR_NOT_POSSIBLE
        desk.ask(Operation.CANCEL_RESOURCE, resource_id=number)
        assert list(files.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "form", "data", "given"),
    [
        ("static-image", "image/png", DOCUMENT, {}),
        ("static-image", "image/jpeg", PNG, {}),
        ("static-icc-profile", "application/vnd.iccprofile", bytes(200), {}),
        ("static-strings", "text/strings", b"\xff\xfe", {"resource_natural_language": "en"}),
        ("template-job", "application/ipp", b"\2\0\0\0", {}),
        ("template-job", "application/ipp", template(DelimiterTag.PRINTER), {}),
    ],
)
def test_data_that_are_something_else_abort(kind: str, form: str, data: bytes, given: dict[str, Any]) -> None:
    with serving_many(MemoryStorage(), "hall") as desk:
        number = create(desk, kind)
        answer = send(desk, number, data, form, **given)
        assert answer.status is Status.CLIENT_ERROR_DOCUMENT_FORMAT_ERROR
        assert shown(desk, number)["resource-state"].value == ResourceState.ABORTED
        assert install(desk, number).status is Status.CLIENT_ERROR_NOT_POSSIBLE


def test_what_cannot_be_is_refused(desk: Desk) -> None:
    ask = desk.ask
    assert ask(Operation.CREATE_RESOURCE).status is Status.CLIENT_ERROR_BAD_REQUEST
    assert ask(Operation.CREATE_RESOURCE, resource_type="executable-firmware").status is REFUSED
    wrong = resource_group(resource_state=(ValueTag.ENUM, 5))
    assert ask(Operation.CREATE_RESOURCE, resource_type="static-image", groups=wrong).status is REFUSED
    number = create(desk)
    assert send(desk, number, kind="text/strings").status is REFUSED
    assert send(desk, 99).status is Status.CLIENT_ERROR_NOT_FOUND
    missing = ask(Operation.SEND_RESOURCE_DATA, document=PNG, resource_id=number)
    assert missing.status is Status.CLIENT_ERROR_BAD_REQUEST
    empty = ask(Operation.SEND_RESOURCE_DATA, resource_id=number, resource_format="image/png")
    assert empty.status is Status.CLIENT_ERROR_BAD_REQUEST
    strings = create(desk, "static-strings")
    assert send(desk, strings, b"a", "text/strings").status is Status.CLIENT_ERROR_BAD_REQUEST
    fixed = ask(Operation.SET_RESOURCE_ATTRIBUTES, resource_id=number, groups=wrong)
    assert fixed.status is Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE
    named = resource_group(resource_name=(ValueTag.NAME, "New"), resource_info=(ValueTag.TEXT, "What it is"))
    assert ask(Operation.SET_RESOURCE_ATTRIBUTES, resource_id=number, groups=named).status is Status.SUCCESSFUL_OK
    assert (shown(desk, number)["resource-name"].value, shown(desk, number)["resource-info"].value) == (
        "New",
        "What it is",
    )
    assert shown(desk, number)["resource-state"].value == ResourceState.PENDING


def test_resources_are_listed(desk: Desk) -> None:
    first, second = installed(desk), create(desk)
    third = installed(desk, "static-strings", b"a=b", "text/strings", resource_natural_language="de")
    assert listed(desk) == [first, second, third]
    assert listed(desk, resource_ids=[third, 99]) == [third]
    assert listed(desk, resource_states=[ResourceState.PENDING]) == [second]
    assert listed(desk, resource_types="static-image") == [first, second]
    assert listed(desk, resource_formats="text/strings") == [third]
    assert listed(desk, first_index=2, limit=1) == [second]
    answer = desk.ask(Operation.GET_RESOURCES, requested_attributes=["resource-name"], limit=1)
    assert [each.name for each in answer.groups_of(DelimiterTag.RESOURCE)[0]] == ["resource-name"]
    system = desk.ask(Operation.GET_SYSTEM_ATTRIBUTES).groups_of(DelimiterTag.SYSTEM)[0]
    configured: Any = system["system-configured-resources"].values
    assert [each["resource-id"].value for each in configured] == [first, second, third]
    assert "resource-object" in system["ipp-features-supported"].values


def printer_says(desk: Desk, name: str, printer: str = "hall") -> list[Any]:
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, f"/ipp/print/{printer}", requested_attributes=[name])
    return list(answer.printer[name].values) if name in answer.printer else []


def test_printers_get_resources(desk: Desk) -> None:
    picture = installed(desk)
    german, french = (
        installed(desk, "static-strings", b"a=b", "text/strings", resource_natural_language=each)
        for each in ("de", "fr")
    )
    pending = create(desk)
    before = printer_says(desk, "printer-icons")
    allocate, take = Operation.ALLOCATE_PRINTER_RESOURCES, Operation.DEALLOCATE_PRINTER_RESOURCES
    assert desk.ask(allocate, printer_id=1, resource_ids=[picture, pending]).status is REFUSED
    assert desk.ask(allocate, printer_id=9, resource_ids=[picture]).status is Status.CLIENT_ERROR_NOT_FOUND
    assert desk.ask(allocate, printer_id=1, resource_ids=[picture, german]).status is Status.SUCCESSFUL_OK
    assert desk.ask(allocate, "/ipp/print/hall", resource_ids=[french]).status is Status.SUCCESSFUL_OK
    assert listed(desk, Operation.GET_PRINTER_RESOURCES, path="/ipp/print/hall") == [picture, german, french]
    assert listed(desk, Operation.GET_PRINTER_RESOURCES, printer_id=2) == []
    assert shown(desk, picture)["resource-use-count"].value == 1
    (icon,) = printer_says(desk, "printer-icons")
    assert fetched(desk, icon) == PNG
    assert printer_says(desk, "printer-icons", "office") != [icon]
    assert printer_says(desk, "printer-strings-languages-supported") == ["de", "fr"]
    assert printer_says(desk, "printer-strings-uri") == [shown(desk, german)["resource-data-uri"].value]
    desk.ask(Operation.CANCEL_RESOURCE, resource_id=picture)
    assert shown(desk, picture)["resource-state-reasons"].value == "cancel-requested"
    assert desk.ask(take, printer_id=2, resource_ids=[picture]).status is REFUSED
    assert desk.ask(take, printer_id=1, resource_ids=[picture]).status is Status.SUCCESSFUL_OK
    assert shown(desk, picture)["resource-state"].value == ResourceState.CANCELED
    assert printer_says(desk, "printer-icons") == before
    desk.ask(Operation.DELETE_PRINTER, printer_id=1)
    assert shown(desk, german)["resource-use-count"].value == 0


def test_templates_fill_what_is_left_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = Attribute("copies", ValueTag.INTEGER, 3)
    sides = Attribute("sides", ValueTag.KEYWORD, "one-sided")
    job = installed(desk, "template-job", template(DelimiterTag.JOB, copies, sides), "application/ipp")
    given = [(DelimiterTag.JOB, [Attribute("copies", ValueTag.INTEGER, 2)])]

    def copies_of(**more: Any) -> object:
        answer = desk.ask(Operation.PRINT_JOB, "/ipp/print/hall", DOCUMENT, resource_ids=[job], **more)
        assert answer.status is Status.SUCCESSFUL_OK, answer
        number = answer.job["job-id"].value
        found = desk.ask(Operation.GET_JOB_ATTRIBUTES, f"/jobs/{number}", target="job-uri").job
        assert found["sides"].value == "one-sided"
        return found["copies"].value

    assert copies_of() == 3
    assert copies_of(groups=given) == 2
    picture, waiting = installed(desk), create(desk, "template-job")
    send(desk, waiting, template(DelimiterTag.JOB, copies), "application/ipp")
    for wrong in ([picture], [99], [waiting]):
        answer = desk.ask(Operation.PRINT_JOB, "/ipp/print/hall", DOCUMENT, resource_ids=wrong)
        assert answer.status is REFUSED
    with monkeypatch.context() as patched:
        looked = []

        def watched(*given: Any) -> Message:
            looked.append(given)
            return message_of(*given)

        patched.setattr(templates, "message_of", watched)
        answer = desk.ask(Operation.VALIDATE_JOB, "/ipp/print/hall", resource_ids=[job] * 1_000)
        assert (answer.status, len(looked)) == (Status.SUCCESSFUL_OK, 1)
    info = Attribute("printer-info", ValueTag.TEXT, "From a template")
    place = Attribute("printer-location", ValueTag.TEXT, "Attic")
    printer = installed(desk, "template-printer", template(DelimiterTag.PRINTER, info, place), "application/ipp")
    said = [
        Attribute("printer-name", ValueTag.NAME, "attic"),
        Attribute("printer-location", ValueTag.TEXT, "Said"),
    ]
    made = desk.ask(
        Operation.CREATE_PRINTER,
        printer_service_type="print",
        resource_ids=[printer, picture],
        groups=[(DelimiterTag.PRINTER, said)],
    )
    assert made.status is Status.SUCCESSFUL_OK, made
    assert printer_says(desk, "printer-info", "attic") == ["From a template"]
    assert printer_says(desk, "printer-location", "attic") == ["Said"]
    assert listed(desk, Operation.GET_PRINTER_RESOURCES, printer_id=made.printer["printer-id"].value) == [picture]
    answer = desk.ask(Operation.ALLOCATE_PRINTER_RESOURCES, printer_id=1, resource_ids=[job])
    assert answer.status is REFUSED


def test_nobody_but_operators_has_to_do_with_resources() -> None:
    with serving_many(MemoryStorage(), "hall", access=Access(operators=())) as desk:
        asked: list[tuple[Operation, dict[str, Any]]] = [
            (Operation.CREATE_RESOURCE, {"resource_type": "static-image"}),
            (Operation.GET_RESOURCES, {}),
            (Operation.CANCEL_RESOURCE, {"resource_id": 1}),
            (Operation.ALLOCATE_PRINTER_RESOURCES, {"printer_id": 1, "resource_ids": [1]}),
        ]
        for code, given in asked:
            assert desk.ask(code, **given).status is Status.CLIENT_ERROR_NOT_AUTHORIZED


# Subscriptions.


def told(desk: Desk, subscription: int, first: int = 1) -> list[tuple[object, ...]]:
    names = ("notify-subscribed-event", "notify-job-id", "notify-resource-id", "system-state")
    events = desk.events(subscription, first)
    return [tuple(event[name].value for name in names if name in event) for event in events]


def test_subscriptions_are_narrowed(desk: Desk) -> None:
    office = desk.subscribe("job-created", notify_printer_ids=[2] * 1_000)
    kept = desk.service.system.store.subscription(office)
    assert kept is not None
    assert len(kept.printers) == 1
    everything = desk.subscribe("job-created")
    resource = create(desk)
    other = create(desk)
    code = Operation.CREATE_RESOURCE_SUBSCRIPTIONS
    mine = desk.subscribe("resource-state-changed", code=code, notify_resource_id=resource)
    same = desk.subscribe("resource-state-changed", code=code, resource_id=resource)
    jobs = [desk.print("hall"), desk.print("office")]
    send(desk, other)
    send(desk, resource)
    install(desk, resource)
    assert told(desk, everything) == [("job-created", job) for job in jobs]
    assert told(desk, office) == [("job-created", jobs[1])]
    assert told(desk, mine) == told(desk, same) == [("resource-state-changed", resource)] * 2
    answer = desk.ask(Operation.GET_SUBSCRIPTION_ATTRIBUTES, notify_subscription_id=mine)
    found = answer.groups_of(DelimiterTag.SUBSCRIPTION)[0]
    assert found["notify-resource-id"].value == resource
    assert found["notify-system-uri"].value == f"{desk.host}/ipp/system"
    assert "notify-printer-uri" not in found
    desk.ask(Operation.CANCEL_RESOURCE, resource_id=resource)
    last = desk.ask(Operation.GET_NOTIFICATIONS, notify_subscription_ids=[mine], notify_sequence_numbers=[3])
    assert last.status is Status.SUCCESSFUL_OK_EVENTS_COMPLETE
    answer = desk.ask(Operation.CREATE_SYSTEM_SUBSCRIPTIONS, notify_printer_ids=[7])
    assert answer.status is Status.CLIENT_ERROR_NOT_FOUND


def test_who_waits_at_the_system_hears_of_a_printer(desk: Desk) -> None:
    import threading

    subscription = desk.subscribe("job-completed")
    heard: list[Any] = []
    waiting = threading.Thread(target=lambda: heard.append(desk.events(subscription, notify_wait=True)))
    waiting.start()
    job = desk.print("office")
    waiting.join(90)
    assert [event["notify-job-id"].value for event in heard[0]] == [job]


def test_the_systems_state_is_told(desk: Desk) -> None:
    subscription = desk.subscribe("system-state-changed")
    desk.ask(Operation.PAUSE_ALL_PRINTERS)
    desk.ask(Operation.RESUME_ALL_PRINTERS)
    desk.ask(Operation.RESTART_SYSTEM)
    desk.ask(Operation.SHUTDOWN_ALL_PRINTERS)
    names = [event["notify-text"].value for event in desk.events(subscription)]
    assert names == [
        "The system is stopped.",
        "The system is idle.",
        "The system was started again.",
        "The system is stopped.",
        "The system was shut down.",
    ]


def test_others_jobs_are_private_in_the_systems_events() -> None:
    with serving_many(MemoryStorage(), "hall", access=Access(operators=())) as desk:
        wanted = [
            Attribute("notify-pull-method", ValueTag.KEYWORD, "ippget"),
            Attribute("notify-events", ValueTag.KEYWORD, "job-completed"),
            Attribute("notify-attributes", ValueTag.KEYWORD, ["job-name", "job-uuid"]),
        ]
        answer = desk.ask(Operation.CREATE_SYSTEM_SUBSCRIPTIONS, groups=[(DelimiterTag.SUBSCRIPTION, wanted)])
        number = answer.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
        mine = desk.print("hall")
        wait_until(lambda: desk.state(mine) == JobState.COMPLETED)
        bobs = desk.ask(Operation.PRINT_JOB, "/ipp/print/hall", DOCUMENT, user="bob").job["job-id"].value
        assert isinstance(bobs, int)
        wait_until(lambda: desk.state(bobs) == JobState.COMPLETED)
        events = desk.ask(Operation.GET_NOTIFICATIONS, notify_subscription_ids=[number])
        found = {event["notify-job-id"].value: event for event in events.groups_of(DelimiterTag.EVENT_NOTIFICATION)}
        assert "job-name" in found[mine]
        assert "job-name" not in found[bobs]
        assert "job-uuid" in found[bobs]


def test_subscriptions_ride_on_what_is_made(desk: Desk) -> None:
    wanted = [
        Attribute("notify-pull-method", ValueTag.KEYWORD, "ippget"),
        Attribute("notify-events", ValueTag.KEYWORD, ["resource-state-changed", "job-created"]),
    ]
    subscription = (DelimiterTag.SUBSCRIPTION, wanted)
    made = desk.ask(Operation.CREATE_RESOURCE, resource_type="static-image", groups=[subscription])
    number = made.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
    assert isinstance(number, int)
    resource = made.groups_of(DelimiterTag.RESOURCE)[0]["resource-id"].value
    assert told(desk, number) == [("resource-state-changed", resource)]
    name = [Attribute("printer-name", ValueTag.NAME, "new")]
    printer = desk.ask(
        Operation.CREATE_PRINTER,
        printer_service_type="print",
        groups=[(DelimiterTag.PRINTER, name), subscription],
    )
    number = printer.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
    job = desk.print("new")
    answer = desk.ask(Operation.GET_NOTIFICATIONS, "/ipp/print/new", notify_subscription_ids=[number])
    events = answer.groups_of(DelimiterTag.EVENT_NOTIFICATION)
    assert [event["notify-job-id"].value for event in events] == [job]


# Data that are lost.


def test_a_resource_whose_data_are_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    logo = installed(desk, data=PNG + bytes(70_000))
    uri = shown(desk, logo)["resource-data-uri"].value
    assert fetched(desk, uri)
    resource = desk.service.system.store.resource(logo)
    assert resource is not None
    desk.service.storage.documents.remove([resource.key])
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        fetched(desk, uri)
    refused.value.close()
    data = template(DelimiterTag.JOB, Attribute("copies", ValueTag.INTEGER, [2]))
    number = installed(desk, "template-job", data, "application/ipp")

    def lost(key: str, start: int = 0) -> Iterator[bytes]:
        raise FileNotFoundError(key)

    monkeypatch.setattr(desk.service.storage.documents, "open", lost)  # so small a one is in the database
    answer = desk.ask(Operation.VALIDATE_JOB, "/ipp/print/hall", resource_ids=[number])
    assert answer.status is Status.SERVER_ERROR_TEMPORARY_ERROR


# Attributes.

_LEFT_OUT = {  # of the registry's, what nobody can know here, or belongs to a part that there is not
    "notify-schemes-supported",  # events are fetched, not sent
    "oauth-authorization-scope",
    "oauth-authorization-server-uri",
    "output-device-x509-type-supported",  # no output device registers itself
    "system-mandatory-registration-attributes",
    *(f"system-{what}-completed{form}" for what in ("impressions", "media-sheets", "pages") for form in ("", "-col")),
    *(f"system-{what}-application-{part}" for what in ("resident", "user") for part in ("name", "patches")),
    *(f"system-{what}-application-{part}version" for what in ("resident", "user") for part in ("", "string-")),
}


def test_the_system_says_what_the_registry_has(desk: Desk) -> None:
    from ippfast import _registry_data

    wanted = {
        name
        for name, text in _registry_data.ATTRIBUTES.items()
        if "System " in text.partition(";")[0] and "/" not in name and not name.startswith(("power-", "smi2699-"))
    }
    found = desk.ask(Operation.GET_SYSTEM_ATTRIBUTES).groups_of(DelimiterTag.SYSTEM)[0]
    assert wanted - {each.name for each in found} == _LEFT_OUT
    asked = desk.ask(Operation.GET_SYSTEM_ATTRIBUTES, requested_attributes=["system-state", "system-uuid"])
    assert {each.name for each in asked.groups_of(DelimiterTag.SYSTEM)[0]} == {"system-state", "system-uuid"}
    unknown = [
        code
        for code in Operation
        if (code.name.endswith(("_ALL_PRINTERS", "_ONE_PRINTER")) or "SYSTEM" in code.name or "RESOURCE" in code.name)
        and code not in found["operations-supported"].values
    ]
    assert unknown == []


def test_times_and_counts_follow_changes(desk: Desk) -> None:
    def system() -> AttributeGroup:
        return desk.ask(Operation.GET_SYSTEM_ATTRIBUTES).groups_of(DelimiterTag.SYSTEM)[0]

    before = system()
    set_ = [(DelimiterTag.SYSTEM, [Attribute("system-message-from-operator", ValueTag.TEXT, "Closed on Monday")])]
    assert desk.ask(Operation.SET_SYSTEM_ATTRIBUTES, groups=set_).status is Status.SUCCESSFUL_OK
    after = system()
    assert after["system-message-from-operator"].value == "Closed on Monday"
    assert int(str(after["system-config-changes"].value)) == int(str(before["system-config-changes"].value)) + 1
    changes = printer_says(desk, "printer-config-changes")
    desk.ask(Operation.ALLOCATE_PRINTER_RESOURCES, printer_id=1, resource_ids=[installed(desk)])
    assert printer_says(desk, "printer-config-changes") == [changes[0] + 1]
