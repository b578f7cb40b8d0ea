"""Many printers in one server: by name, by job, as the System object, and for CUPS' own commands.

The rule of this file: everything goes through a real socket, and CUPS' commands are the real ones.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract import document
from http_shells import wait_until
from peers import program
from printers import DOCUMENT, Gate
from services import Desk, serving_many

from ippfast import Attribute, Message, Operation, ValueTag, request
from ippfast.enums import JobState, PrinterState, Status
from ippfast.http import Client, Server
from ippfast.printer import PrintService, QueueError, QueueSpec, told_printers
from ippfast.printer.core import PrinterCore
from ippfast.printer.outputs import Output
from ippfast.printer.printer_attributes import printer_attributes
from ippfast.printer.service.queues import Queues
from ippfast.printer.storage.memory import MemoryStorage
from ippfast.printer.storage.rows import NewJob, QueueState
from ippfast.tags import DelimiterTag


def run(desk: Desk, command: str, *arguments: str) -> str:
    environment = os.environ | {"CUPS_SERVER": f"127.0.0.1:{desk.port}", "LC_ALL": "C", "IPP_PORT": str(desk.port)}
    result = subprocess.run(
        [program(command), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


# Jobs.


def test_each_printer_prints_its_own(tmp_path: Path) -> None:
    queues = [QueueSpec(name=name, output={"spool": str(tmp_path / name)}) for name in ("hall", "office", "Büro")]
    with serving_many(tmp_path / "state", queues=queues) as desk:
        jobs = {name: desk.print(name) for name in ("hall", "office", "B%C3%BCro")}
        assert sorted(jobs.values()) == [1, 2, 3]
        for number in jobs.values():
            wait_until(lambda number=number: desk.state(number) == JobState.COMPLETED)  # type: ignore[misc]
        for name in ("hall", "office", "Büro"):
            (printed,) = (tmp_path / name).iterdir()
            assert printed.read_bytes() == DOCUMENT
        answer = desk.ask(Operation.PRINT_JOB, "/ipp/print/nowhere", DOCUMENT)
        assert answer.status is Status.CLIENT_ERROR_NOT_FOUND


def test_one_printer_that_stands_still_holds_up_no_other() -> None:
    gates: dict[str, Gate] = {}

    def output(spec: QueueSpec) -> Output:
        return gates.setdefault(spec.name, Gate())

    with serving_many(MemoryStorage(), "a", "b", output=output, workers=2) as desk:
        first, second = desk.print("a"), desk.print("a")
        other = desk.print("b")
        wait_until(lambda: "a" in gates and "b" in gates and gates["b"].begun.is_set())
        gates["b"].open.set()
        wait_until(lambda: desk.state(other) == JobState.COMPLETED)
        assert desk.state(first) == JobState.PROCESSING
        assert desk.state(second) == JobState.PENDING
        assert desk.ask(Operation.CANCEL_JOB, f"/jobs/{first}", target="job-uri").status is Status.SUCCESSFUL_OK
        wait_until(lambda: desk.state(first) == JobState.CANCELED)
        gates["a"].open.set()
        wait_until(lambda: desk.state(second) == JobState.COMPLETED)


def test_commands_of_two_printers_run_at_the_same_time(tmp_path: Path) -> None:
    """Each printer notes its own, and ends what an earlier server of its own has left running."""
    wait = f"sh -c 'touch {tmp_path}/$IPP_JOB_ID; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done'"
    queues = [QueueSpec(name=name, output={"command": wait}) for name in "ab"]
    with serving_many(tmp_path / "state", queues=queues) as desk:
        jobs = [desk.print(name) for name in "ab"]
        wait_until(lambda: all((tmp_path / str(number)).exists() for number in jobs))
        assert [desk.state(number) for number in jobs] == [JobState.PROCESSING] * 2
        (tmp_path / "go").touch()
        for number in jobs:
            wait_until(lambda number=number: desk.state(number) == JobState.COMPLETED)  # type: ignore[misc]


def test_a_restart_goes_on_with_all(tmp_path: Path) -> None:
    gate = Gate()
    with serving_many(tmp_path, "hall", "office", output=lambda spec: gate) as desk:
        number = desk.print("office")
        wait_until(gate.begun.is_set)
        ids = {spec.name: spec.id for spec in desk.service.queues.all().values()}
    gate.open.set()
    with serving_many(tmp_path, output=lambda spec: gate) as desk:
        wait_until(lambda: desk.state(number) == JobState.COMPLETED)
        assert {spec.name: spec.id for spec in desk.service.queues.all().values()} == ids


# The System object.


def test_the_system_lists_its_printers() -> None:
    with serving_many(MemoryStorage(), *(f"q{number:03}" for number in range(30))) as desk:
        assert len(desk.names()) == 30
        assert desk.names(limit=3, first_index=10) == ["q009", "q010", "q011"]
        assert desk.names(printer_ids=[5, 99]) == ["q004"]
        assert desk.names(printer_service_type="scan") == []
        desk.ask(Operation.PAUSE_PRINTER, "/ipp/print/q002")
        assert desk.names(which_printers="stopped") == ["q002"]
        assert len(desk.names(which_printers="idle")) == 29
        answer = desk.ask(Operation.GET_PRINTERS, which_printers="green")
        assert answer.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        system = desk.ask(Operation.GET_SYSTEM_ATTRIBUTES).groups_of(DelimiterTag.SYSTEM)[0]
        assert system["system-state"].value == PrinterState.IDLE
        assert system["system-default-printer-id"].value == 1
        assert len(system["system-configured-printers"].values) == 30
        assert Operation.CREATE_PRINTER in system["operations-supported"].values
        assert desk.ask(Operation.PRINT_JOB, document=DOCUMENT).status is Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED


def _create(desk: Desk, name: str, **more: tuple[ValueTag, Any]) -> Message:
    content = [Attribute("printer-name", ValueTag.NAME, name)]
    content += [Attribute(key.replace("_", "-"), tag, value) for key, (tag, value) in more.items()]
    groups = [(DelimiterTag.PRINTER, content)]
    return desk.ask(Operation.CREATE_PRINTER, printer_service_type="print", groups=groups)


def test_printers_are_made_and_deleted(tmp_path: Path) -> None:
    gate = Gate()
    with serving_many(tmp_path, output=lambda spec: gate) as desk:
        made = _create(desk, "new one", printer_info=(ValueTag.TEXT, "The new one"))
        assert made.status is Status.SUCCESSFUL_OK, made
        number = made.printer["printer-id"].value
        assert made.printer["printer-state"].value == PrinterState.IDLE
        assert _create(desk, "new one").status is Status.CLIENT_ERROR_NOT_POSSIBLE
        for bad in ("", "..", "x" * 200):
            assert _create(desk, bad).status >= 0x400, bad
        wrong = _create(desk, "other", printer_state=(ValueTag.ENUM, 4))
        assert wrong.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        assert desk.names() == ["new_one"]
        first, second = desk.print("new_one"), desk.print("new_one")
        wait_until(gate.begun.is_set)
        info = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, printer_id=number).printer["printer-info"].value
        assert info == "The new one"
        assert desk.ask(Operation.DELETE_PRINTER, printer_id=number).status is Status.SUCCESSFUL_OK
        assert desk.ask(Operation.DELETE_PRINTER, printer_id=number).status is Status.CLIENT_ERROR_NOT_FOUND
        assert desk.names() == []
        store = desk.service.storage.queue(f"new_one/{number}")
        wait_until(lambda: store.count() == 0)
        states = {job.id: job.state for job in store.jobs()}
        assert states == {first: JobState.CANCELED, second: JobState.ABORTED}
        again = _create(desk, "new one")
        assert again.printer["printer-id"].value != number
    with serving_many(tmp_path) as desk:
        assert desk.names() == ["new_one"]


def test_one_and_all_are_switched() -> None:
    with serving_many(MemoryStorage(), "a", "b") as desk:

        def states() -> list[object]:
            answer = desk.ask(Operation.GET_PRINTERS, requested_attributes=["printer-state-reasons"])
            return [group["printer-state-reasons"].value for group in answer.groups_of(DelimiterTag.PRINTER)]

        assert desk.ask(Operation.PAUSE_ALL_PRINTERS).status is Status.SUCCESSFUL_OK
        assert states() == ["paused", "paused"]
        desk.ask(Operation.RESUME_ALL_PRINTERS)
        desk.ask(Operation.SHUTDOWN_ONE_PRINTER, printer_id=2)
        assert states() == ["none", "shutdown"]
        answer = desk.ask(Operation.PRINT_JOB, "/ipp/print/b", DOCUMENT)
        assert answer.status is Status.SERVER_ERROR_SERVICE_UNAVAILABLE
        desk.ask(Operation.STARTUP_ONE_PRINTER, printer_id=2)
        assert states() == ["none", "none"]
        desk.ask(Operation.DISABLE_ALL_PRINTERS)
        answer = desk.ask(Operation.PRINT_JOB, "/ipp/print/a", DOCUMENT)
        assert answer.status is Status.SERVER_ERROR_NOT_ACCEPTING_JOBS
        assert desk.ask(Operation.SHUTDOWN_ONE_PRINTER).status is Status.CLIENT_ERROR_BAD_REQUEST
        assert desk.ask(Operation.SHUTDOWN_ONE_PRINTER, printer_id=9).status is Status.CLIENT_ERROR_NOT_FOUND


def test_the_system_is_set() -> None:
    with serving_many(MemoryStorage(), "a", "b") as desk:

        def put(*attributes: Attribute) -> Message:
            return desk.ask(Operation.SET_SYSTEM_ATTRIBUTES, groups=[(DelimiterTag.SYSTEM, list(attributes))])

        default = Attribute("system-default-printer-id", ValueTag.INTEGER, 2)
        assert put(Attribute("system-location", ValueTag.TEXT, "Cellar"), default).status is Status.SUCCESSFUL_OK
        wrong = Attribute("system-default-printer-id", ValueTag.INTEGER, 77)
        assert put(wrong).status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        fixed = Attribute("system-state", ValueTag.ENUM, 3)
        assert put(fixed).status is Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE
        system = desk.ask(Operation.GET_SYSTEM_ATTRIBUTES).groups_of(DelimiterTag.SYSTEM)[0]
        assert system["system-location"].value == "Cellar"
        assert system["system-default-printer-id"].value == 2
        assert system["system-config-changes"].value == 1


def test_only_operators_change_the_system() -> None:
    from ippfast.printer import Access

    with serving_many(MemoryStorage(), "a", access=Access(operators=())) as desk:
        assert _create(desk, "b").status is Status.CLIENT_ERROR_NOT_AUTHORIZED
        assert desk.ask(Operation.GET_SYSTEM_ATTRIBUTES).status is Status.SUCCESSFUL_OK
        assert desk.names() == ["a"]


# CUPS' commands.


def test_cups_commands_work(tmp_path: Path) -> None:
    gate = Gate()
    with serving_many(tmp_path, "hall", "office", output=lambda spec: gate) as desk:
        assert "device for hall:" in run(desk, "lpstat", "-v")
        assert "printer office is idle" in run(desk, "lpstat", "-p")
        assert "hall accepting requests" in run(desk, "lpstat", "-a")
        assert run(desk, "lpstat", "-d") == "system default destination: hall\n"
        document = tmp_path / "document.txt"
        document.write_text("Hello\n")
        said = run(desk, "lp", "-d", "office", "-o", "document-format=text/plain", str(document))
        number = int(said.split()[3].rpartition("-")[2])
        wait_until(gate.begun.is_set)
        assert f"office-{number}" in run(desk, "lpstat", "-o")
        assert f"now printing office-{number}" in run(desk, "lpstat", "-p", "office")
        run(desk, "cancel", f"office-{number}")
        wait_until(lambda: desk.state(number) == JobState.CANCELED)
        assert f"office-{number}" in run(desk, "lpstat", "-W", "completed", "-o")


def test_cups_commands_know_when_things_happened(tmp_path: Path) -> None:
    """They take times for seconds since 1970; whoever asks a printer by its own URI gets them since its start."""
    gate = Gate()
    with serving_many(tmp_path, "hall", "office", output=lambda spec: gate) as desk:
        before = int(time.time())
        number = desk.print("office")
        wait_until(gate.begun.is_set)
        years = {str(time.gmtime(moment).tm_year) for moment in (before, time.time())}
        for asked in (["-o"], ["-o", "office"], ["-p", "office"]):
            said = run(desk, "lpstat", *asked)
            assert "office" in said
            assert any(year in said for year in years), said
            assert "1970" not in said
        names = ["time-at-creation", "time-at-processing", "job-printer-up-time"]
        paths = ("/", "/printers/office", "/ipp/print/office")
        told = [desk.ask(Operation.GET_JOBS, path, requested_attributes=names).job for path in paths]
        for job in told[:2]:
            created, begun, now = (job[name].value for name in names)
            assert before - 1 <= created <= begun <= now <= time.time() + 1
        created, begun, now = (told[2][name].value for name in names)
        assert 1 <= created <= begun <= now < 1_000
        gate.open.set()
        wait_until(lambda: desk.state(number) == JobState.COMPLETED)


def test_cups_get_jobs_is_as_any_other(tmp_path: Path) -> None:
    """job-ids are those of all jobs, also of printers that have nothing to do; what is wrong is refused."""
    paths = ("/", "/printers/office", "/ipp/print/office")
    with serving_many(tmp_path, "hall", "office") as desk:
        number = desk.print("office")
        wait_until(lambda: desk.state(number) == JobState.COMPLETED)
        for path in paths:
            answer = desk.ask(Operation.GET_JOBS, path, job_ids=[number])
            assert [group["job-id"].value for group in answer.groups_of(DelimiterTag.JOB)] == [number]
            several = Attribute("which-jobs", ValueTag.KEYWORD, ["completed", "all"])
            assert desk.ask(Operation.GET_JOBS, path, which_jobs=several).status is Status.CLIENT_ERROR_BAD_REQUEST
        unknown = Attribute("which-jobs", ValueTag.KEYWORD, ["none"])
        refused = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        assert desk.ask(Operation.GET_JOBS, "/printers/hall", which_jobs=unknown).status is refused
        several = Attribute("limit", ValueTag.INTEGER, [1, 2])
        answer = desk.ask(Operation.CUPS_GET_PRINTERS, "/", limit=several)
        assert answer.status is Status.CLIENT_ERROR_BAD_REQUEST


def test_a_list_of_printers_tells_what_each_of_them_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A printer is encoded once for each state and question; what moves with the clock is told each time."""
    made: list[str] = []

    def counted(printer: PrinterCore, *arguments: Any) -> list[Attribute]:
        made.append(printer.queue)
        return printer_attributes(printer, *arguments)

    monkeypatch.setattr("ippfast.printer.told_printers.printer_attributes", counted)
    monkeypatch.setattr(PrinterCore, "up_time_at", lambda self, moment, state=None: 7)
    with serving_many(tmp_path, "a", "b", workers=0) as desk:

        def told(*names: str) -> list[dict[str, Attribute]]:
            asked = list(names or ("all",))
            listed = desk.ask(Operation.GET_PRINTERS, requested_attributes=asked).groups_of(DelimiterTag.PRINTER)
            for group, path in zip(listed, ("/ipp/print/a", "/ipp/print/b"), strict=True):
                own = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, path, requested_attributes=asked).printer
                apart = {"printer-current-time"}
                assert {each.name: each for each in group if each.name not in apart} == {
                    each.name: each for each in own if each.name not in apart
                }
                assert ("printer-current-time" in group) == ("printer-current-time" in own)
            return [{each.name: each for each in group} for group in listed]

        told()
        told()
        assert len(made) == 2
        assert [set(group) for group in told("printer-up-time", "printer-name")] == [
            {"printer-up-time", "printer-name"}
        ] * 2
        desk.print("b")
        made.clear()
        assert [group["queued-job-count"].value for group in told()] == [0, 1]
        assert [key.partition("/")[0] for key in made] == ["b"]
        kept = told_printers._octets
        for printer in desk.service.printers():
            told_printers.forget(printer)
        assert 0 <= told_printers._octets < kept
        monkeypatch.setattr(told_printers, "_MOST_OCTETS", 20_000)
        told()
        assert 0 < told_printers._octets <= 20_000


def test_a_list_of_printers_that_is_more_than_ascii_does_not_say_that_it_is() -> None:
    description = {"printer-info": "Drucker für alle"}
    with serving_many(MemoryStorage(), queues=[QueueSpec(name="a", description=description)]) as desk:
        asked = {"system-uri": f"{desk.host}/ipp/system", "requested-attributes": ["printer-info"]}
        with Client(f"{desk.host}/") as client:
            answer = client.send(request(Operation.GET_PRINTERS, charset="us-ascii", operation_attributes=asked))
        assert answer.operation_attributes.value("attributes-charset") == "utf-8"
        assert answer.printer["printer-info"].value == "Drucker für alle"


def test_lists_of_all_printers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ippfast.printer.answers._MOST_VALUES", 2_000)
    with serving_many(MemoryStorage(), *(f"q{number:02}" for number in range(40))) as desk:
        found = desk.ask(Operation.GET_PRINTERS).groups_of(DelimiterTag.PRINTER)
        assert 2 < len(found) < 40
        assert sum(len(each.values) for group in found for each in group) <= 2_000
        behind = desk.ask(Operation.GET_PRINTERS, first_index=len(found) + 1).groups_of(DelimiterTag.PRINTER)
        assert behind[0]["printer-name"].value == f"q{len(found):02}"
        assert len(desk.ask(Operation.CUPS_GET_PRINTERS, "/").groups_of(DelimiterTag.PRINTER)) == len(found)
        assert len(desk.names()) == 40  # one value each
        monkeypatch.setattr("ippfast.printer.answers._MOST_VALUES", 1)
        assert len(desk.ask(Operation.GET_PRINTERS).groups_of(DelimiterTag.PRINTER)) == 1


def test_jobs_of_all_printers_are_asked_for_as_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_many(MemoryStorage(), "a", "b", "c", workers=0) as desk:
        numbers = [desk.print(name) for name in "abc" for _ in range(3)]

        def jobs(**given: Any) -> list[object]:
            answer = desk.ask(Operation.GET_JOBS, "/", **given)
            assert answer.status is Status.SUCCESSFUL_OK, answer
            return [group["job-id"].value for group in answer.groups_of(DelimiterTag.JOB)]

        assert jobs() == numbers
        assert jobs(limit=4) == numbers[:4]
        assert jobs(first_index=3, limit=5) == numbers[2:7]
        assert jobs(first_index=8) == numbers[7:]
        assert jobs(job_ids=[numbers[1], numbers[4], numbers[8]], first_index=2) == [numbers[4], numbers[8]]
        monkeypatch.setattr("ippfast.printer.job_operations._MOST_JOBS", 5)
        assert jobs() == numbers[:5]


# What printers there are.


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\nb", "..", "x" * 128, "a%41", "a?b"])
def test_names_that_no_printer_has(name: str) -> None:
    with pytest.raises(QueueError):
        QueueSpec(name=name).check()


@pytest.fixture
def stores() -> Iterator[Callable[[], MemoryStorage]]:
    with contextlib.ExitStack() as stack:

        def make() -> MemoryStorage:
            storage = MemoryStorage()
            stack.callback(storage.close)
            return storage

        yield make


def test_a_file_adds_changes_and_removes(stores: Callable[[], MemoryStorage]) -> None:
    storage, heard = stores(), []
    queues = Queues(storage, lambda: heard.append(1))
    queues.put([QueueSpec(name="a"), QueueSpec(name="b", description={"printer-info": "B"})])
    made = queues.create(QueueSpec(name="made", made=True))
    ids = {spec.name: spec.id for spec in queues.all().values()}
    queues.put([QueueSpec(name="b", description={"printer-info": "C"}), QueueSpec(name="d")])
    after = queues.all()
    assert list(after) == ["b", "made", "d"]
    assert after["b"].id == ids["b"]
    assert after["b"].description == {"printer-info": "C"}
    assert after["d"].id > made.id
    assert heard
    with pytest.raises(QueueError, match="two printers"):
        queues.put([QueueSpec(name="x"), QueueSpec(name="x")])
    with pytest.raises(ValueError, match="printer-inf"):
        queues.put([QueueSpec(name="x", description={"printer-info": 7})])
    assert list(queues.all()) == ["b", "made", "d"]


def test_what_is_said_during_a_look_is_not_lost(stores: Callable[[], MemoryStorage]) -> None:
    storage = stores()
    queues, other = Queues(storage), Queues(storage)
    store = storage.queue("/system")
    state = store.state

    def slowly() -> QueueState:
        found = state()
        store.state = state  # type: ignore[method-assign]
        other.put([QueueSpec(name="attic")])
        return found

    store.state = slowly  # type: ignore[method-assign]
    assert list(queues.all()) == []
    assert list(queues.all()) == ["attic"]


def test_the_same_file_at_the_same_time(stores: Callable[[], MemoryStorage]) -> None:
    """Two servers that begin together: one of them gives the numbers, for a printer's jobs are found by its number."""
    storage = stores()
    one, two = Queues(storage), Queues(storage)
    numbers = one._numbers
    specs = [QueueSpec(name="a"), QueueSpec(name="b")]

    def late(count: int) -> range:
        two.put([*specs, QueueSpec(name="c")])
        one._numbers = numbers  # type: ignore[method-assign]
        return numbers(count)

    one._numbers = late  # type: ignore[method-assign]
    one.put([*specs, QueueSpec(name="c"), QueueSpec(name="d")])
    found = {spec.name: spec.id for spec in one.all().values()}
    assert (found["a"], found["b"], found["c"]) == (1, 2, 3)
    assert found["d"] > 3
    assert {spec.name: spec.id for spec in two.all().values()} == found


# A file of printers that is read again.


def test_a_printer_that_changed_prints_by_what_it_is_now() -> None:
    """The job that is being printed ends as it began; the next one goes where the printer's jobs go now."""
    gates: list[tuple[object, Gate]] = []

    def output(spec: QueueSpec) -> Output:
        gates.append((spec.description.get("printer-info"), Gate()))
        return gates[-1][1]

    storage = MemoryStorage()
    with serving_many(storage, "a", output=output, workers=2) as desk:
        first = desk.print("a")
        wait_until(lambda: bool(gates) and gates[0][1].begun.is_set())
        desk.service.put([QueueSpec(name="a", description={"printer-info": "new"})])
        second = desk.print("a")
        assert [name for name, _ in gates] == [None, "new"]
        assert desk.state(first) == JobState.PROCESSING
        gates[0][1].open.set()
        wait_until(lambda: desk.state(first) == JobState.COMPLETED)
        wait_until(gates[1][1].begun.is_set)
        assert desk.state(second) == JobState.PROCESSING
        gates[1][1].open.set()
        wait_until(lambda: desk.state(second) == JobState.COMPLETED)
        assert len(storage.bus._listeners["a/1"]) == 1  # the old one hears nothing any more


def test_a_service_ends_with_a_job_of_a_printer_that_changed() -> None:
    gate, storage = Gate(), MemoryStorage()
    with contextlib.closing(storage), PrintService(storage, queues=[QueueSpec(name="a")], output=lambda _: gate) as one:
        job = storage.queue("a/1").create(NewJob(name="x", user="y", host="z"), [document()]).job
        one.storage.bus.wake("a/1")
        wait_until(gate.begun.is_set)
        one.put([QueueSpec(name="a", description={"printer-info": "new"})])
        assert one.printer_of("a/1") is not None
        one.close()
        found = storage.queue("a/1").job(job.id)
        assert found is not None
        assert found.state == JobState.PENDING


def test_jobs_of_a_printer_that_went_away_are_held(tmp_path: Path) -> None:
    gates = {name: Gate() for name in "ab"}
    with serving_many(tmp_path, "a", "b", output=lambda spec: gates[spec.name]) as desk:
        begun, waiting = desk.print("b"), desk.print("b")
        wait_until(gates["b"].begun.is_set)
        desk.service.put([QueueSpec(name="a")])
        assert desk.names() == ["a"]
        held = desk.ask(Operation.GET_JOB_ATTRIBUTES, f"/jobs/{waiting}", target="job-uri").job
        assert held["job-state"].value == JobState.PENDING_HELD
        assert held["job-state-reasons"].value == "job-held-for-review"
        assert desk.state(begun) == JobState.PROCESSING
        gates["b"].open.set()
        wait_until(lambda: desk.state(begun) == JobState.COMPLETED)
        assert [each["job-id"].value for each in desk.ask(Operation.GET_JOBS, "/").groups_of(DelimiterTag.JOB)] == [
            waiting
        ]
        assert desk.ask(Operation.RELEASE_JOB, f"/jobs/{waiting}", target="job-uri").status is Status.SUCCESSFUL_OK
        wait_until(lambda: desk.state(waiting) == JobState.PENDING_HELD)  # there is nobody to print it
        for path, more in (("/ipp/print/b", {}), ("/ipp/print", {"job_id": waiting})):
            other = desk.ask(Operation.PRINT_JOB, path, DOCUMENT, **more)
            assert other.status is Status.CLIENT_ERROR_NOT_FOUND
        desk.service.put([QueueSpec(name="a"), QueueSpec(name="b"), QueueSpec(name="c")])
        assert {spec.name: spec.id for spec in desk.service.queues.all().values()} == {"a": 1, "b": 2, "c": 3}
        assert desk.service.queues.former() == {}
        assert desk.state(waiting) == JobState.PENDING_HELD
        assert desk.ask(Operation.RELEASE_JOB, f"/jobs/{waiting}", target="job-uri").status is Status.SUCCESSFUL_OK
        wait_until(lambda: desk.state(waiting) == JobState.COMPLETED)


def test_a_job_without_a_printer_is_held() -> None:
    storage = MemoryStorage()
    with serving_many(storage, "a"):
        store = storage.queue("gone/9")
        job = store.create(NewJob(name="x", user="y", host="z"), [document()]).job
        storage.bus.wake("gone/9")
        wait_until(lambda: (found := store.job(job.id)) is not None and found.held)
        found = store.job(job.id)
        assert found is not None
        assert (found.state, found.reasons) == (JobState.PENDING_HELD, ("job-held-for-review",))


def test_no_number_is_given_twice_by_many(stores: Callable[[], MemoryStorage]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    storage = stores()
    tables = [Queues(storage) for _ in range(4)]

    def make(place: int) -> int:
        return tables[place % 4].create(QueueSpec(name=f"q{place}")).id

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(make, range(40)))
    assert len(set(found)) == 40
    same: Callable[[int], bool] = lambda place: _made(tables[place % 4], "same")  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(same, range(8))) == 1


def _made(queues: Queues, name: str) -> bool:
    try:
        queues.create(QueueSpec(name=name))
    except QueueError:
        return False
    return True


def test_a_system_hears_of_its_printers() -> None:
    with serving_many(MemoryStorage(), "a") as desk:
        number = desk.subscribe("printer-created", "system-config-changed", "job-created")
        _create(desk, "b")
        job = desk.print("b")
        events = desk.events(number)
        assert [event["notify-subscribed-event"].value for event in events] == [
            "printer-created",
            "system-config-changed",
            "job-created",
        ]
        assert [event["notify-sequence-number"].value for event in events] == [1, 2, 3]
        assert events[0]["notify-printer-uri"].value == f"{desk.host}/ipp/print/b"
        assert events[1]["notify-system-uri"].value == f"{desk.host}/ipp/system"
        assert "notify-printer-uri" not in events[1]
        assert events[2]["notify-job-id"].value == job


def test_our_client_prints_on_a_printer_of_a_service(tmp_path: Path) -> None:
    with serving_many(tmp_path, "hall") as desk, Client(f"{desk.host}/ipp/print/hall") as client:
        job = client.print(DOCUMENT, job_name="Report")
        assert client.wait(job).state == JobState.COMPLETED


# Figures.


def figures(metrics: Any) -> dict[str, float]:
    lines = metrics.render().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_figures_of_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    from ippfast.printer.service import metrics as of_services
    from ippfast.printer.service.metrics import ServiceMetrics

    monkeypatch.setattr(of_services, "_MOST", 3)
    gate = Gate()
    with serving_many(MemoryStorage(), "a", "b", "c", "d", output=lambda spec: gate) as desk:
        metrics = ServiceMetrics(desk.service)
        with Server(metrics, port=0) as server, Client(f"ipp://localhost:{server.port}/ipp/print/a") as client:
            client.attributes("printer-state")
        first, _ = desk.print("b"), desk.print("b")
        wait_until(gate.begun.is_set)
        desk.ask(Operation.PAUSE_PRINTER, "/ipp/print/c")
        desk.ask(Operation.DISABLE_PRINTER, "/ipp/print/d")
        found = figures(metrics)
        assert found['ippfast_requests_total{operation="get-printer-attributes",status="successful-ok"}'] == 1
        assert found["ippfast_work_waiting"] == 1
        assert found["ippfast_work_processing"] == 1
        assert found["ippfast_leases_claimed_total"] == 1
        assert found["ippfast_store_up"] == 1
        states = {state: found[f'ippfast_printers{{state="{state}"}}'] for state in ("idle", "processing", "stopped")}
        assert states == {"idle": 2, "processing": 1, "stopped": 1}
        assert found["ippfast_printers_accepting_jobs"] == 3
        assert {key: value for key, value in found.items() if key.startswith("ippfast_printer_jobs")} == {
            'ippfast_printer_jobs{printer="a"}': 0,
            'ippfast_printer_jobs{printer="b"}': 2,
            'ippfast_printer_jobs{printer="c"}': 0,
        }
        assert found['ippfast_printer_stopped{printer="c"}'] == 1
        assert found["ippfast_printers_without_figures"] == 1
        gate.open.set()
        wait_until(lambda: desk.state(first) == JobState.COMPLETED)


def test_a_store_that_is_away_is_a_figure(tmp_path: Path) -> None:
    from ippfast.printer.service.metrics import ServiceMetrics
    from ippfast.printer.storage.sqlite import SQLiteStorage

    storage = SQLiteStorage(tmp_path)
    service = PrintService(storage, queues=[QueueSpec(name="a")], workers=0)
    metrics = ServiceMetrics(service)
    assert figures(metrics)["ippfast_store_up"] == 1
    service.close()
    storage.close()
    assert figures(metrics)["ippfast_store_up"] == 0
