"""What the threads of a print server share, used by many of them at once.

The rule of this file: each test fails on a CPython without its lock if what it asks is not kept together. Where two
steps can be put between those of another thread, that is done instead of waiting for it.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from printers import printing

from ippfast import Operation
from ippfast.enums import ResourceState, Status
from ippfast.printer import kept_answers
from ippfast.printer.service.allocations import Allocations
from ippfast.printer.storage.memory import MemoryStorage
from ippfast.printer.storage.rows import SYSTEM, LeaseCounts, NewDocument, NewResource, Resource
from ippfast.printer.storage.sqlite_engine import SQLiteEngine

THREADS = 6
TIMES = 2_000


def at_once(*works: Callable[[], None]) -> None:
    """Do each in a thread of its own, all from the same moment on. The first error is raised."""
    errors: list[BaseException] = []
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        gate.wait()
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


def test_every_lease_is_counted() -> None:
    counts = LeaseCounts()

    def work() -> None:
        for _ in range(TIMES):
            counts.add(claimed=1, lost=2, taken=3)

    at_once(*[work] * THREADS)
    assert (counts.claimed, counts.lost, counts.taken) == tuple(each * TIMES * THREADS for each in (1, 2, 3))


@contextlib.contextmanager
def engine_at(path: Path) -> Iterator[SQLiteEngine]:
    made = SQLiteEngine(path)
    try:
        made.writer.execute("PRAGMA synchronous = OFF")
        made.write(lambda database: database.execute("CREATE TABLE written (number)").rowcount)
        yield made
    finally:
        made.close()


def test_who_loses_patience_writes_once(tmp_path: Path) -> None:
    """A change may be written by another thread in the very moment in which its own gives up waiting for that."""
    with engine_at(tmp_path / "database") as engine:

        def work(patience: float) -> Callable[[], None]:
            def write() -> None:
                for _ in range(TIMES):
                    engine.write(
                        lambda database: database.execute("INSERT INTO written VALUES (1)").rowcount, patience=patience
                    )

            return write

        at_once(*[work(patience) for patience in (0.0, 0.0, 1e-5, 5e-5, 1e-4, 2e-4)])
        assert engine.read("SELECT count(*) FROM written") == [(THREADS * TIMES,)]


def test_questions_that_push_each_other_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a request asks may be forgotten between two looks at it."""

    class Forgetting(dict[bytes, "tuple[object, ...] | None"]):
        def __contains__(self, key: object) -> bool:
            found = super().__contains__(key)
            self.clear()  # as another thread does that keeps one more
            return found

    monkeypatch.setattr(kept_answers, "_asked", Forgetting())
    with printing(tmp_path) as desk:
        for _ in range(2):
            answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=["printer-name"])
            assert answer.status is Status.SUCCESSFUL_OK


def test_a_resource_that_comes_while_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage()
    store, allocations = storage.queue(SYSTEM), Allocations(storage)
    made, _ = store.create_resource(NewResource(type="static-image", user="alice"))
    store.attach_resource(
        made.id, NewDocument(key="k", octets=3, format="image/png", name="", ticket=b"", content=b"abc")
    )
    store.change_resource(made.id, (ResourceState.AVAILABLE,), state=ResourceState.INSTALLED)
    assert store.allocate("one", [made.id])
    read = store.resources

    def resources() -> list[Resource]:
        found = read()
        monkeypatch.undo()
        assert store.allocate("two", [made.id])  # as another thread does, and tells of it
        storage.bus.wake(SYSTEM)
        return found

    monkeypatch.setattr(store, "resources", resources)
    for printer in ("one", "two"):
        assert [each.id for each in allocations.of(printer)] == [made.id]
    allocations.close()
    storage.close()
