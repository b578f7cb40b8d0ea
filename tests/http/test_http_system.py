"""`Client.system` and `AsyncClient.system`: a print service as its operators see it.

The rule of this file: the service is ours, behind a socket; each method is asked of it by both clients.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest
from services import Desk, serving_many

from ippfast import Message, response
from ippfast.enums import Operation, ResourceState, Status
from ippfast.errors import RegistryError
from ippfast.http import AsyncClient, AsyncSystem, Client, IncomingRequest, OperationError, Server, System

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serving_many(tmp_path / "state", "hall", "office") as found:
        yield found


@pytest.fixture
def system(desk: Desk) -> Iterator[System]:
    with Client(f"{desk.host}/ipp/print/hall", user="alice") as client:
        yield client.system()


def names(groups: list[Any]) -> list[object]:
    return [group["printer-name"].value for group in groups]


def test_printers(system: System, desk: Desk) -> None:
    assert system.uri == f"{desk.host}/ipp/system"
    assert names(system.printers("printer-name")) == ["hall", "office"]
    assert names(system.printers("printer-name", limit=1)) == ["hall"]
    made = system.create_printer("attic", printer_info="Up there", printer_location="Attic")
    number = made["printer-id"].value
    assert isinstance(number, int)
    assert names(system.printers("printer-name", location="Attic")) == ["attic"]
    assert names(system.printers("printer-name", ids=[number, 99])) == ["attic"]
    with pytest.raises(OperationError) as caught:
        system.create_printer("attic")
    assert caught.value.status == Status.CLIENT_ERROR_NOT_POSSIBLE
    with pytest.raises(RegistryError):
        system.create_printer("other", printer_inf="?")
    system.delete_printer(number)
    assert names(system.printers("printer-name")) == ["hall", "office"]


def test_all_printers_of_a_long_list(tmp_path: Path) -> None:
    wanted = [f"q{number:04}" for number in range(700)]
    with serving_many(tmp_path, *wanted) as desk, Client(f"{desk.host}/") as client:
        limits = desk.ask(Operation.GET_PRINTERS)  # what one answer has
        assert len(limits.groups) < 700
        assert names(client.system().printers()) == wanted
        assert len(client.system().printers(limit=650)) == 650


def test_no_printer_is_lost_for_its_likeness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for their states alone, all printers are the same, those of the second answer too."""
    monkeypatch.setattr("ippfast.printer.answers._MOST_VALUES", 4)
    with serving_many(tmp_path, *"abcde") as desk, Client(f"{desk.host}/") as client:
        assert len(desk.ask(Operation.GET_PRINTERS, requested_attributes=["printer-state"]).groups) < 6
        assert [len(group) for group in client.system().printers("printer-state")] == [1] * 5


def test_a_system_that_does_not_know_first_index_is_not_asked_for_ever() -> None:
    """Though what it says is never twice the same."""
    asked = []

    def handler(incoming: IncomingRequest) -> Message:
        asked.append(incoming.message)
        assert len(asked) < 9, "it is asked for ever"
        printers = [{"printer-id": number, "printer-up-time": len(asked)} for number in (1, 2)]
        return response(incoming.message, printer=printers)

    with Server(handler, port=0) as server, Client(f"ipp://localhost:{server.port}/") as client:
        assert [group["printer-id"].value for group in client.system().printers()] == [1, 2]
        assert [[each.name for each in group] for group in client.system().printers("printer-up-time")] == [
            ["printer-up-time"]
        ] * 2
    assert len(asked) == 4


def test_one_and_all_are_switched(system: System) -> None:
    def reasons() -> list[object]:
        return [group["printer-state-reasons"].value for group in system.printers("printer-state-reasons")]

    def accepting() -> list[object]:
        return [group["printer-is-accepting-jobs"].value for group in system.printers("printer-is-accepting-jobs")]

    system.pause_all()
    assert reasons() == ["paused", "paused"]
    assert names(system.printers("printer-name", which="idle")) == []
    system.resume_all()
    system.pause_all(after_current_job=True)
    assert reasons() == ["paused", "paused"]
    system.resume_all()
    system.disable_all()
    assert accepting() == [False, False]
    system.enable_all()
    assert accepting() == [True, True]
    system.shutdown(2)
    assert reasons() == ["none", "shutdown"]
    system.startup(2)
    system.shutdown()
    assert reasons() == ["shutdown", "shutdown"]
    system.startup()
    system.shutdown(1)
    system.restart(1)
    system.shutdown(2)
    system.restart()
    assert reasons() == ["none", "none"]


def test_attributes_are_set(system: System) -> None:
    system.set(system_location="Cellar", system_default_printer_id=2)
    found = system.attributes("system-location", "system-default-printer-id")
    assert {each.name: each.value for each in found} == {
        "system-location": "Cellar",
        "system-default-printer-id": 2,
    }
    with pytest.raises(OperationError) as caught:
        system.set(system_default_printer_id=9)
    assert [each.name for each in caught.value.unsupported] == ["system-default-printer-id"]


def test_resources(system: System, tmp_path: Path) -> None:
    file = tmp_path / "strings"
    file.write_bytes(b'"a" = "b";')
    picture = system.create_resource("static-image", PNG, resource_name="Logo")
    assert picture["resource-state"].value == ResourceState.INSTALLED
    assert picture["resource-format"].value == "image/png"
    number = picture["resource-id"].value
    assert isinstance(number, int)
    strings = system.create_resource("static-strings", file, language="de", install=False)["resource-id"].value
    assert isinstance(strings, int)
    assert [each["resource-id"].value for each in system.resources(types=["static-image"])] == [number]
    assert [each["resource-id"].value for each in system.resources(states=["available"])] == [strings]
    system.install_resource(strings)
    system.allocate(1, number, strings)
    assert [each["resource-id"].value for each in system.resources(printer_id=1)] == [number, strings]
    system.set_resource(number, resource_info="Ours")
    assert system.resource(number, "resource-info")["resource-info"].value == "Ours"
    system.deallocate(1, number)
    system.cancel_resource(number)
    assert system.resource(number)["resource-state"].value == ResourceState.CANCELED
    with pytest.raises(OperationError):
        system.create_resource("static-image", b"no picture")
    aborted = system.resources()[-1]
    assert aborted["resource-state"].value == ResourceState.ABORTED
    empty = system.create_resource("static-image")["resource-id"].value
    assert isinstance(empty, int)
    with pytest.raises(OperationError):
        system.install_resource(empty)


def test_events(system: System, desk: Desk) -> None:
    with closing(system.watch("printer-created", "job-created")) as events:  # type: ignore[type-var]
        assert "system-state" in next(events)
        system.create_printer("attic")
        job = desk.print("attic")
        found = [next(events) for _ in range(2)]
    assert [event["notify-subscribed-event"].value for event in found] == ["printer-created", "job-created"]
    assert found[1]["notify-job-id"].value == job
    assert desk.service.system.store.count_subscriptions() == 0


def test_events_of_some(system: System, desk: Desk) -> None:
    heard: list[object] = []
    begun = threading.Event()

    def listen() -> None:
        with Client(f"{desk.host}/") as client:
            for event in client.system().watch("job-created", printer_ids=[2]):
                if "notify-job-id" in event:
                    heard.append(event["notify-job-id"].value)
                    return
                begun.set()

    listening = threading.Thread(target=listen)
    listening.start()
    begun.wait(90)
    desk.print("hall")
    job = desk.print("office")
    listening.join(90)
    assert heard == [job]
    made = system.create_resource("static-image", PNG, install=False)["resource-id"].value
    assert isinstance(made, int)
    watching = system.watch("resource-state-changed", resource_id=made)
    next(watching)
    system.cancel_resource(made)
    assert [event["resource-state"].value for event in watching] == [ResourceState.CANCELED]


def test_all_of_it_in_an_event_loop(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "picture"
    file.write_bytes(PNG)

    async def use(system: AsyncSystem) -> None:
        assert system.uri == f"{desk.host}/ipp/system"
        assert names(await system.printers("printer-name", which="all")) == ["hall", "office"]
        number = (await system.create_printer("attic"))["printer-id"].value
        assert isinstance(number, int)
        picture = (await system.create_resource("static-image", file, install=False))["resource-id"].value
        assert isinstance(picture, int)
        async with aclosing(system.watch("resource-state-changed")) as events:
            await anext(events)
            await system.install_resource(picture)
            assert (await anext(events))["notify-resource-id"].value == picture
        await system.allocate(number, picture)
        assert len(await system.resources(printer_id=number)) == 1
        await system.deallocate(number, picture)
        await system.set_resource(picture, resource_name="P")
        assert (await system.resource(picture, "resource-name"))["resource-name"].value == "P"
        await system.cancel_resource(picture)
        await system.set(system_info="Ours")
        assert (await system.attributes("system-info"))["system-info"].value == "Ours"
        switches: list[Callable[[], Awaitable[None]]] = [
            system.pause_all,
            system.resume_all,
            system.disable_all,
            system.enable_all,
            system.shutdown,
            system.startup,
            system.restart,
        ]
        for switch in switches:
            await switch()
        await system.delete_printer(number)

    async def run() -> None:
        async with AsyncClient(f"{desk.host}/") as client:
            await use(client.system())

    asyncio.run(run())


def test_both_have_the_same_methods() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(System) == public(AsyncSystem)
