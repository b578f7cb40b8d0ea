"""Both clients print on, ask, list, cancel and watch CUPS' ippeveprinter and cupsd.

The rule of this file: real programs on loopback; each test is for `Client` and for `AsyncClient`.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_clients import CLIENTS, clients
from peers import EvePrinter, ForgetfulScheduler, Scheduler, SystemBus, program

from ippfast import DelimiterTag, operations
from ippfast.enums import JobState, Operation, PrinterState, Status
from ippfast.http import TLS, Client, JobError, OperationError, probe

DOCUMENT = b"%PDF-1.4\n% with end tags \x03\x03\x03\n" + bytes(range(256)) * 1_000 + b"%%EOF\n"


@pytest.fixture(scope="module")
def slow_printer(system_bus: SystemBus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvePrinter]:
    """Its jobs take as long as they are let: until ``go`` is in the directory of the script."""
    directory = tmp_path_factory.mktemp("slow")
    script = directory / "wait"
    script.write_text(f"#!/bin/sh\nfor i in $(seq 200); do [ -e {directory}/go ] && exit 0; sleep 0.1; done\n")
    script.chmod(0o755)
    with EvePrinter(system_bus, command=str(script)) as printer:
        printer.go = directory / "go"  # type: ignore[attr-defined]
        yield printer


@pytest.fixture(scope="module")
def queue(scheduler: Scheduler, slow_printer: EvePrinter) -> str:
    """A queue of cupsd that leads to the slow printer."""
    command = [program("lpadmin"), "-p", "slow", "-E", "-v", slow_printer.uri, "-m", "raw"]
    subprocess.run(command, env={**os.environ, **scheduler.environment}, check=True, capture_output=True)
    return f"ipp://localhost:{scheduler.port}/printers/slow"


@pytest.fixture
def go(slow_printer: EvePrinter, queue: str) -> Iterator[Path]:
    """The file that lets jobs end. Neither printer nor queue has one before or after."""
    path: Path = slow_printer.go  # type: ignore[attr-defined]
    path.unlink(missing_ok=True)
    yield path
    path.touch()
    for uri in (queue, slow_printer.uri):
        with Client(uri) as client:
            give_up = time.monotonic() + 90
            while client.jobs() and time.monotonic() < give_up:
                time.sleep(0.05)


@clients
def test_ippeveprinter(make: Any, eve_printer: EvePrinter, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(DOCUMENT)
    seen: list[int] = []
    with make(eve_printer.uri, patience=20.0) as client:
        names = "printer-info", "operations-supported"
        printer = client.attributes(*names)
        assert printer["printer-info"].value == "Peer"
        assert Operation.PRINT_JOB in printer["operations-supported"].values
        assert len(client.attributes()) > 50
        job = client.print(path, copies=2, sides="one-sided", progress=lambda sent, length: seen.append(sent))
        assert seen[-1] == len(DOCUMENT)
        assert job.wait(90).state is JobState.COMPLETED
        (spooled,) = eve_printer.spool.glob(f"{job.id}-*.pdf")
        assert spooled.read_bytes() == DOCUMENT
        job.update()
        assert (job.name, job.attributes["copies"].value) == ("report.pdf", 2)
        assert job.reasons == ("job-completed-successfully",)
        assert job.id in [each.id for each in client.jobs("completed")]
        with pytest.raises(OperationError) as caught:
            job.cancel()
        assert caught.value.status is Status.CLIENT_ERROR_NOT_POSSIBLE
        with pytest.raises(OperationError, match="not-found"):
            client.job(9999)


@pytest.fixture(scope="module")
def fingerprint(eve_printer: EvePrinter) -> str:
    found = probe(f"localhost:{eve_printer.port}").fingerprint
    assert found is not None
    return found


@clients
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("expect", [False, True], ids=["", "Expect"])
@pytest.mark.parametrize("way", ["plain", "TLS", "upgrade"])
def test_every_way_to_ippeveprinter(
    make: Any, eve_printer: EvePrinter, fingerprint: str, way: str, expect: bool, chunked: bool
) -> None:
    uri = eve_printer.secure_uri if way == "TLS" else eve_printer.uri
    policy = "required" if way == "upgrade" else "never"
    tls = TLS(fingerprint=fingerprint)
    with make(uri, tls=tls, upgrade=policy, expect_continue=expect, patience=20.0) as client:
        while True:  # an iterator cannot be sent again to a printer that was busy
            try:
                job = client.print(iter([DOCUMENT[:999], DOCUMENT[999:]]) if chunked else DOCUMENT, copies=1)
                break
            except OperationError as error:
                if error.status is not Status.SERVER_ERROR_BUSY:
                    raise
                time.sleep(0.05)
        job.wait(90)
    (spooled,) = eve_printer.spool.glob(f"{job.id}-*.pdf")
    assert spooled.read_bytes() == DOCUMENT


@clients
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("expect", [False, True], ids=["", "Expect"])
def test_every_way_to_cupsd(make: Any, queue: str, go: Path, expect: bool, chunked: bool) -> None:
    with make(queue, expect_continue=expect, patience=20.0) as client:
        job = client.print(iter([DOCUMENT[:999], DOCUMENT[999:]]) if chunked else DOCUMENT, job_name="way")
        job.update()
        assert job.attributes["job-k-octets"].value == -(-len(DOCUMENT) // 1024)
        assert [each.name for each in client.jobs(mine=True)][-1:] == ["way"]
        job.cancel()
        with pytest.raises(JobError):
            job.wait(90)


@clients
@pytest.mark.parametrize("where", ["ippeveprinter", "cupsd"])
def test_watch_a_job(make: Any, slow_printer: EvePrinter, queue: str, go: Path, where: str) -> None:
    """ippeveprinter has no subscriptions and is asked; cupsd has."""
    with make(slow_printer.uri if where == "ippeveprinter" else queue, patience=20.0) as client:
        job = client.print(DOCUMENT)
        seen = []
        for notification in job.watch(interval=0.5):
            assert notification.job_id == job.id
            seen.append(notification)
            if notification.state is JobState.PROCESSING:
                go.touch()
        assert seen[0].event is None
        last = seen[-1]
        assert (last.event, last.state, last.ended) == ("job-completed", JobState.COMPLETED, True)
        assert (last.sequence_number is not None) == (where == "cupsd")
        assert job.wait(0).state is JobState.COMPLETED
        assert [each.event for each in client.watch(job.id)] == [None]


@clients
@pytest.mark.parametrize("where", ["ippeveprinter", "cupsd"])
def test_cancel(make: Any, slow_printer: EvePrinter, queue: str, go: Path, where: str) -> None:
    with make(slow_printer.uri if where == "ippeveprinter" else queue, patience=20.0) as client:
        job = client.print(DOCUMENT, job_name="never")
        assert job.id in [each.id for each in client.jobs()]
        with pytest.raises(TimeoutError, match=f"job {job.id} is"):
            job.wait(0.3)
        job.cancel()
        go.touch()
        with pytest.raises(JobError) as caught:
            job.wait(90)
        assert (caught.value.job_id, caught.value.state) == (job.id, JobState.CANCELED)
        assert str(caught.value).startswith(f"job {job.id} is canceled (")


@clients
@pytest.mark.parametrize("where", ["ippeveprinter", "cupsd"])
def test_watch_a_printer(make: Any, slow_printer: EvePrinter, queue: str, go: Path, where: str) -> None:
    with make(slow_printer.uri if where == "ippeveprinter" else queue, patience=20.0) as client:
        watching = client.watch(interval=0.5)
        first = next(watching)
        assert (first.event, first.job_id) == (None, None)
        assert isinstance(first.state, PrinterState)
        job = client.print(DOCUMENT)
        go.touch()
        for notification in watching:
            if notification.job_id == job.id and notification.ended:
                break
        watching.close()


@clients
def test_cupsd_forgets_the_subscription(make: Any, queue: str) -> None:
    question = operations.get_subscriptions(queue)
    with make(queue) as client:
        watching = client.watch()
        next(watching)
        assert len(client.send(question).groups_of(DelimiterTag.SUBSCRIPTION)) == 1
        watching.close()
        assert client.send(question).groups_of(DelimiterTag.SUBSCRIPTION) == []


def test_cupsd_forgets_the_job(system_bus: SystemBus) -> None:
    """So nobody knows how it ended, and nobody waits for it."""
    with ForgetfulScheduler(system_bus) as scheduler:
        uri = scheduler.add_queue("nul", "file:///dev/null")
        for make in CLIENTS.values():
            with make(uri, patience=20.0) as client:
                job = client.print(DOCUMENT, job_name="Report")
                give_up = time.monotonic() + 90
                while client.jobs() and time.monotonic() < give_up:
                    time.sleep(0.05)
                job.wait(90)
                assert (job.state, job.ended, job.id is not None) == (None, False, True)
                *_, last = client.watch(getattr(job, "_target", job))
                assert (last.event, last.state) == ("job-completed", None)
                with pytest.raises(OperationError, match="client-error-not-found"):
                    client.job(job.id)


@clients
def test_several_documents(make: Any, queue: str, go: Path, tmp_path: Path) -> None:
    go.touch()
    path = tmp_path / "second.pdf"
    path.write_bytes(DOCUMENT)
    with make(queue, patience=20.0) as client:
        job = client.print(b"%PDF-1.4 first", path, iter([b"%PDF-1.4 ", b"third"]), job_name="three")
        job.update()
        assert (job.name, job.attributes["number-of-documents"].value) == ("three", 3)
        job.cancel()


@clients
def test_the_jobs_of_all_queues_of_cupsd(make: Any, scheduler: Scheduler, queue: str, go: Path) -> None:
    """One queue's client lists what the server has, in pages too, and can do with each what it can with its own."""
    environment = {**os.environ, **scheduler.environment}
    subprocess.run(
        [
            program("lpadmin"),
            "-p",
            "other",
            "-E",
            "-v",
            "file:///dev/null",
            "-m",
            "raw",
            "-o",
            "job-hold-until-default=x",
        ],
        env=environment,
        check=True,
        capture_output=True,
    )
    other = queue.replace("/slow", "/other")
    with make(queue, patience=20.0) as client, make(other) as there:
        made = {client.print(DOCUMENT).id}
        elsewhere = {there.print(DOCUMENT, job_hold_until="indefinite").id for _ in range(5)}
        assert {job.id for job in client.jobs()} == made
        found = {job.id: job for job in client.jobs(everywhere=True)}
        assert set(found) == made | elsewhere
        assert {str(found[each].attributes["job-printer-uri"].value) for each in elsewhere} == {other}
        assert {job.id for job in client.iter_jobs(everywhere=True, page=2)} == made | elsewhere
        with make(queue.partition("/printers")[0] + "/") as server:
            assert {job.id for job in server.jobs()} == made | elsewhere
        for each in elsewhere:
            found[each].cancel()
        assert {job.id for job in client.jobs(everywhere=True)} == made
