"""Every storage keeps the promises of the seam; and what the embedded one does with a directory that it finds.

The rule of this file: a new implementation is an entry in `STORAGES`.
"""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from contract import SECONDS, Contract, document, heard, new, subscribe, together
from engines import Postgres
from http_shells import wait_until
from peers import free_port
from printers import DOCUMENT, Gate, printing

from ippfast.enums import JobState, Operation, Status
from ippfast.printer import Directory
from ippfast.printer.storage import postgres_jobs, postgres_schema, sqlite_schema
from ippfast.printer.storage.bus import Waiter
from ippfast.printer.storage.files import MARK
from ippfast.printer.storage.limits import UNLIMITED, LimitReached, Limits
from ippfast.printer.storage.memory import MemoryStorage
from ippfast.printer.storage.postgres import PostgresStorage
from ippfast.printer.storage.postgres_columns import KINDS, Column
from ippfast.printer.storage.postgres_jobs import PostgresJobs
from ippfast.printer.storage.rows import SYSTEM, Created, Job, NewJob, NewResource, Told
from ippfast.printer.storage.seam import Storage, StorageBusy, StorageError, Unsaid
from ippfast.printer.storage.sql import Connection
from ippfast.printer.storage.sql_jobs import SQLJobs
from ippfast.printer.storage.sqlite import SQLiteStorage
from ippfast.printer.storage.together import Together

STORAGES: dict[str, Callable[[pytest.FixtureRequest, Path], Storage]] = {
    "sqlite": lambda request, directory: SQLiteStorage(directory / "state"),
    "sqlite-alone": lambda request, directory: _alone(SQLiteStorage(directory / "state")),
    "memory": lambda request, directory: MemoryStorage(),
    "postgres": lambda request, directory: PostgresStorage(
        request.getfixturevalue("postgres").schema(), directory / "documents"
    ),
    "postgres-objects": lambda request, directory: _with_objects(request),
}


def _alone(storage: SQLiteStorage) -> Storage:
    storage.leases.begin("alone", shared=False)
    return storage


def _with_objects(request: pytest.FixtureRequest) -> Storage:
    server = request.getfixturevalue("object_server")
    for name, value in server.environment.items():
        request.getfixturevalue("monkeypatch").setenv(name, value)
    return PostgresStorage(request.getfixturevalue("postgres").schema(), server.bucket())


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    made = STORAGES[request.param](request, tmp_path)
    yield made
    made.close()


class TestStorages(Contract):
    """Each promise, asked of each storage."""


def test_a_printer_works_on_any(storage: Storage) -> None:
    with printing(storage) as desk:
        job_id = desk.print()
        assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    assert storage.queue("print").count((JobState.COMPLETED,)) == 1  # the storage is its owner's to close


def test_two_that_do_not_share(tmp_path: Path) -> None:
    one, two = SQLiteStorage(tmp_path), SQLiteStorage(tmp_path)
    for shared in (False, True):
        one.leases.begin("one", shared=shared)
        with pytest.raises(StorageBusy, match="another server uses the spool"):
            two.leases.begin("two", shared=not shared)
        one.leases.close("one")
    one.close()
    two.close()


def test_another_process_is_heard(tmp_path: Path) -> None:
    one, two = SQLiteStorage(tmp_path), SQLiteStorage(tmp_path)
    one.bus.share()
    waiter = Waiter(one.bus, "print")
    two.queue("print").create(new())
    assert waiter.wait(SECONDS)
    waiter.close()
    one.close()
    two.close()


def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    storage = SQLiteStorage(tmp_path)
    store = storage.queue("print")
    subscription = subscribe(store, "job-created", lease=600)
    job = store.create(new(), [document(key="k", content=b"abc")]).job
    store.set(paused=1)
    started, now = store.state().settings["started"], store.now()
    storage.close()
    storage = SQLiteStorage(tmp_path)
    store = storage.queue("print")
    assert store.job(job.id) == job
    assert store.content("k") == b"abc"
    assert heard(store, subscription) == [(1, "job-created")]
    assert store.state().paused
    assert store.state().settings["started"] == started
    assert store.now() >= now
    storage.close()


def test_the_clock_does_not_follow_the_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set back or forth by a year, while it is open or closed: nothing of it is seen."""
    storage = SQLiteStorage(tmp_path)
    store = storage.queue("print")
    subscription = subscribe(store, "job-created", lease=600)
    for ahead in (3.2e7, -3.2e7):
        with monkeypatch.context() as patched:
            import time

            true = time.time()
            patched.setattr(time, "time", lambda: true + ahead)  # noqa: B023
            before = store.now()
            other = SQLiteStorage(tmp_path)
            assert abs(other.now() - before) < SECONDS
            assert other.queue("print").subscription(subscription.id) == subscription
            other.close()
    storage.close()


def test_several_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    count = 4
    begin = threading.Barrier(count)

    def open_one(number: int) -> None:
        begin.wait(SECONDS)
        SQLiteStorage(tmp_path / str(number)).close()

    with ThreadPoolExecutor(count) as pool:
        for number in range(20):
            for each in [pool.submit(open_one, number) for _ in range(count)]:
                each.result(SECONDS)


def test_no_limit_is_passed_by_two_processes(tmp_path: Path) -> None:
    """Two processes with a store each, at the same limit."""
    script = """
import sys
from pathlib import Path
from ippfast.printer.storage.limits import LimitReached, Limits
from ippfast.printer.storage.rows import SYSTEM, Created, Job, NewJob, NewResource, Told
from ippfast.printer.storage.sql import Connection
from ippfast.printer.storage.sql_jobs import SQLJobs
from ippfast.printer.storage.sqlite import SQLiteStorage
storage = SQLiteStorage(Path(sys.argv[1]))
store = storage.queue("print")
print("ready", flush=True)
sys.stdin.readline()
made = 0
for _ in range(40):
    try:
        store.create(NewJob(name="n", user="u", host="h"), limits=Limits(user_jobs=30))
        made += 1
    except LimitReached:
        pass
print(made)
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    made = [int(process.communicate(timeout=SECONDS)[0]) for process in processes]
    assert sum(made) == 30


def _sqlite_refuses(database: Connection) -> None:
    database.execute("INSERT INTO contents VALUES (NULL, NULL)")


def _refused_at_once(database: Connection) -> None:
    raise StorageError


def _refused_after_a_change(database: Connection) -> None:
    database.execute("INSERT INTO contents VALUES ('k', x'00')")
    raise StorageError


@pytest.mark.parametrize("bad", [_sqlite_refuses, _refused_at_once, _refused_after_a_change])
def test_a_change_that_fails_harms_no_other(tmp_path: Path, bad: Callable[[Connection], None]) -> None:
    """Changes share a commit; one of them that is refused is refused alone, and leaves nothing behind."""
    storage = SQLiteStorage(tmp_path)
    store = storage.queue("print")
    storage.leases.begin("worker", shared=False)
    file, done = storage._engine, threading.Event()
    inside = threading.Event()
    outcomes: list[object] = []

    def run(change: Callable[[], object]) -> None:
        try:
            outcomes.append(change())
        except StorageError:
            outcomes.append("refused")

    def slow(database: Connection) -> str:
        inside.set()
        assert done.wait(SECONDS)
        return "slow"

    def create() -> int:
        return store.create(new(), [document(content=b"x")]).job.id

    changes: list[Callable[[], object]] = [lambda: file.write(slow), create, lambda: file.write(bad), create]
    threads = [threading.Thread(target=run, args=(change,)) for change in changes]
    threads[0].start()
    assert inside.wait(SECONDS)
    for place, thread in enumerate(threads[1:], 1):
        thread.start()
        wait_until(lambda: len(file._waiting) >= place)  # noqa: B023
    done.set()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(map(str, outcomes)) == ["1", "2", "refused", "slow"]
    assert [job.position for job in store.jobs()] == [2, 4]
    assert store.state().active == 2
    assert file.read("SELECT octets FROM contents") == [(b"x",), (b"x",)]
    storage.close()


@pytest.mark.parametrize("bad", [_sqlite_refuses, _refused_at_once, _refused_after_a_change])
def test_who_follows_lets_those_go_that_are_done(tmp_path: Path, bad: Callable[[Connection], None]) -> None:
    """A change is done though nobody hears of it before the next one; that one may fail."""
    storage = SQLiteStorage(tmp_path)
    file, done, inside = storage._engine, threading.Event(), threading.Event()

    def slow(database: Connection) -> str:
        inside.set()
        assert done.wait(SECONDS)
        return "slow"

    with ThreadPoolExecutor() as pool:
        first = pool.submit(file.write, slow)
        assert inside.wait(SECONDS)
        second = pool.submit(file.write, bad)
        wait_until(lambda: bool(file._waiting))
        done.set()
        assert first.result(SECONDS) == "slow"
        assert isinstance(second.exception(SECONDS), StorageError)
    assert file.write(lambda database: "again") == "again"
    storage.close()


# What it finds.


def _version_1(directory: Path) -> None:
    """The state of version 1: an ended job, a waiting one with its document, settings and a subscription."""
    (directory / "documents").mkdir(parents=True)
    (directory / "documents" / ("a" * 32)).write_bytes(DOCUMENT)
    database = sqlite3.connect(directory / "jobs.sqlite")
    database.executescript(
        """
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, state INTEGER NOT NULL, reasons TEXT NOT NULL,
            message TEXT NOT NULL DEFAULT '', name TEXT NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL,
            created REAL NOT NULL, processing REAL, completed REAL, priority INTEGER NOT NULL,
            position INTEGER NOT NULL, release REAL, held INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL,
            touched REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, octets INTEGER NOT NULL DEFAULT 0,
            documents INTEGER NOT NULL DEFAULT 0, ticket BLOB NOT NULL
        );
        CREATE INDEX jobs_by_state ON jobs (state, priority DESC, position, id);
        CREATE INDEX jobs_by_user ON jobs (user, state);
        CREATE TABLE documents (
            job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, number INTEGER NOT NULL, file TEXT NOT NULL,
            octets INTEGER NOT NULL, format TEXT NOT NULL, name TEXT NOT NULL, state INTEGER NOT NULL,
            created REAL NOT NULL, ticket BLOB NOT NULL, PRIMARY KEY (job_id, number)
        );
        CREATE INDEX documents_by_file ON documents (file);
        CREATE TABLE settings (name TEXT PRIMARY KEY, value NOT NULL);
        PRAGMA user_version = 1;
        INSERT INTO settings VALUES ('uuid', 'urn:uuid:1'), ('paused', 1), ('state_changed', 1.7e9);
        """
    )
    ticket = b"\x02\x00\x00\x00\x00\x00\x00\x01\x02\x03"
    for job_id, state, completed in ((6, 9, 1.7e9), (7, 3, None)):
        database.execute(
            "INSERT INTO jobs (id, uuid, state, reasons, name, user, host, created, completed, priority, position,"
            " open, touched, octets, documents, ticket)"
            " VALUES (?, 'urn:uuid:2', ?, 'none', 'Report', 'alice', 'h', 1.7e9, ?, 50, ?, 0, 1.7e9, ?, 1, ?)",
            (job_id, state, completed, job_id, len(DOCUMENT), ticket),
        )
    database.execute(
        "INSERT INTO documents VALUES (7, 1, ?, ?, 'application/pdf', 'd', 3, 1.7e9, ?)",
        ("a" * 32, len(DOCUMENT), ticket),
    )
    database.commit()
    database.close()
    database = sqlite3.connect(directory / "subscriptions.sqlite")
    database.executescript(
        """
        CREATE TABLE subscriptions (
            id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, events TEXT NOT NULL, job_id INTEGER,
            user TEXT NOT NULL, charset TEXT NOT NULL, language TEXT NOT NULL, user_data BLOB,
            attributes TEXT NOT NULL, interval INTEGER NOT NULL, lease INTEGER, expires REAL,
            sequence INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0
        );
        INSERT INTO subscriptions VALUES (3, 'urn:uuid:3', 'job-completed', NULL, 'alice', 'utf-8', 'en', x'00', '', 0,
            0, NULL, 5, 0);
        PRAGMA user_version = 1;
        """
    )
    database.close()


def test_the_state_of_version_1_goes_on(tmp_path: Path) -> None:
    _version_1(tmp_path)
    with printing(tmp_path, output=(gate := Gate())) as desk:
        assert desk.printer.uuid == "urn:uuid:1"
        assert desk.printer.store.state().paused
        assert desk.job(7)["job-state"] == JobState.PENDING
        assert desk.job(6)["job-state"] == JobState.COMPLETED
        gate.open.set()
        desk.ask(Operation.RESUME_PRINTER)
        assert desk.wait(7)["job-state"] == JobState.COMPLETED
        assert gate.documents == [[DOCUMENT]]
        assert desk.print() == 8
        answer = desk.ask(Operation.GET_NOTIFICATIONS, notify_subscription_ids=[3], notify_sequence_numbers=[6])
        assert answer.status is Status.SUCCESSFUL_OK
        events = answer.groups_of(7)
        assert events[0]["notify-sequence-number"].value == 6
        assert events[0]["notify-job-id"].value == 7
        assert not (tmp_path / "subscriptions.sqlite").exists()
    storage = SQLiteStorage(tmp_path)
    assert storage.queue("another").jobs() == []  # the first printer has adopted all
    storage.close()


_BACKWARDS = (
    "ALTER TABLE subscriptions DROP COLUMN user_uri",
    """
    ALTER TABLE jobs DROP COLUMN pages; ALTER TABLE jobs DROP COLUMN impressions; ALTER TABLE jobs DROP COLUMN sheets;
    ALTER TABLE documents DROP COLUMN pages; ALTER TABLE events DROP COLUMN job_impressions;
    """,
    """
    DROP TABLE allocations; DROP TABLE resources; DROP TABLE printers;
    ALTER TABLE subscriptions DROP COLUMN printers; ALTER TABLE subscriptions DROP COLUMN resource_id;
    ALTER TABLE events DROP COLUMN printer; ALTER TABLE events DROP COLUMN resource_id;
    ALTER TABLE events DROP COLUMN resource_state; ALTER TABLE events DROP COLUMN resource_reasons;
    """,
)
"""What takes back the newest step of the tables, and those before it."""
_OF_POSTGRES = ("DROP FUNCTION ippfast_make; DROP INDEX jobs_not_before", "DROP FUNCTION ippfast_create")
"""The same for the newest steps that are PostgreSQL's alone."""


@pytest.mark.parametrize("back", [1, 2, 3])
def test_older_tables_go_on(tmp_path: Path, back: int) -> None:
    """Version 3 has the resources of a system, 4 the pages of documents, 5 the URIs of users."""
    job = _begun(SQLiteStorage(tmp_path))
    with contextlib.closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as database:
        for step in _BACKWARDS[:back]:
            database.executescript(step)
        database.execute(f"PRAGMA user_version = {sqlite_schema.VERSION - back}")
    _goes_on(job, SQLiteStorage(tmp_path))


@pytest.mark.parametrize("back", [1, 2, 3, 4, 5])
def test_older_tables_of_a_database_go_on(postgres: Postgres, tmp_path: Path, back: int) -> None:
    """As above, and versions 5 and 6 make jobs by a function."""
    url = postgres.schema()
    job = _begun(PostgresStorage(url, tmp_path))
    with psycopg.connect(url, autocommit=True) as database:
        for step in (*_OF_POSTGRES, *_BACKWARDS)[:back]:
            database.execute(step)
        database.execute("UPDATE store SET value = %s WHERE name = 'version'", (str(postgres_schema.VERSION - back),))
    _goes_on(job, PostgresStorage(url, tmp_path))


def _begun(storage: Storage) -> Job:
    """What is there before the tables become newer ones: a job, and a printer of the system."""
    job = storage.queue("print").create(new(), [document(content=b"abc")]).job
    storage.queue(SYSTEM).set((Told("printer-created", "a/7"),), **{"printer/a": '{"id": 7}'})
    storage.close()
    return job


def _goes_on(job: Job, storage: Storage) -> None:
    """Jobs of older tables stay, and the newer ones take what the older could not."""
    system = storage.queue(SYSTEM)
    subscription = subscribe(system, "job-completed", lease=0)
    stops = subscribe(system, "system-stopped", lease=0)
    storage.queue("a/7").set(("printer-stopped",), paused=1)
    assert heard(system, stops) == [(1, "system-stopped")]
    assert storage.queue("print").job(job.id) == job
    assert storage.queue("print").change(job.id, (JobState.PENDING,), tell=("job-completed",), state=JobState.CANCELED)
    assert [(event.printer, event.job_id) for event in system.events(subscription)] == [("print", job.id)]
    made, _ = system.create_resource(NewResource(type="static-image", user="alice"))
    assert system.resources() == [made]
    storage.close()


def test_damaged_subscriptions_begin_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _version_1(tmp_path)
    (tmp_path / "subscriptions.sqlite").write_bytes(b"not a database" * 1_000)
    storage = SQLiteStorage(tmp_path)
    assert storage.queue("print").job(7) is not None
    assert storage.queue("print").count_subscriptions() == 0
    assert "its subscriptions are lost" in caplog.text
    storage.close()


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    SQLiteStorage(tmp_path).close()
    database = sqlite3.connect(tmp_path / "jobs.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StorageError, match="newer version of ippfast"):
        SQLiteStorage(tmp_path)


def test_a_newer_versions_database_is_left_alone(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.schema()
    PostgresStorage(url, tmp_path).close()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE store SET value = '99' WHERE name = 'version'")
    with pytest.raises(StorageError, match="newer version of ippfast"):
        PostgresStorage(url, tmp_path)


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"the database can't be used: .*refused"):
        PostgresStorage(f"postgresql://ippfast@127.0.0.1:{free_port()}/postgres", tmp_path)


def test_hosts_with_one_database_share_all(postgres: Postgres, tmp_path: Path) -> None:
    """Two storages stand for two hosts: what one does the other sees, hears, and goes on with."""
    url = postgres.schema()
    one, two = PostgresStorage(url, tmp_path, patience=1.0), PostgresStorage(url, tmp_path, patience=1.0)
    waiter = Waiter(two.bus, "print")
    job = one.queue("print").create(new(), [document()]).job
    one.bus.wake("print")
    assert waiter.wait(SECONDS)
    assert two.queue("print").job(job.id) == job
    one.leases.begin("one", shared=True)
    lease = one.leases.claim("one")
    assert lease is not None
    assert two.leases.reap() == 0
    one.leases.shut()  # it stands still: its row is not counted up any more
    wait_until(lambda: two.leases.reap() == 1)
    two.leases.begin("two", shared=True)
    taken = two.leases.claim("two")
    assert taken is not None
    assert (taken.job.id, taken.job.attempts) == (job.id, 2)
    assert one.leases.end(lease, JobState.COMPLETED, ("none",), "", ()) == (None, None)
    assert not one.leases.renew(lease)
    waiter.close()
    one.close()
    two.close()


def test_a_change_waits_for_a_database_that_comes_back(tmp_path: Path) -> None:
    """Every connection is lost: what was not committed is done again, once."""
    with Postgres() as server:
        storage = PostgresStorage(server.url, tmp_path)
        store = storage.queue("print")
        store.create(new())
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND"
                " backend_type = 'client backend'"
            )
        store.create(new())
        assert store.count() == 2
        storage.close()


def test_a_damaged_table_is_named_and_left_alone(tmp_path: Path) -> None:
    large = DOCUMENT * 10
    with printing(tmp_path, output=Gate()) as desk:
        desk.print(large)
        kept = desk.files()
    (tmp_path / "jobs.sqlite").write_bytes(b"damaged" * 10_000)
    for leftover in tmp_path.glob("jobs.sqlite-*"):
        leftover.unlink()
    with pytest.raises(StorageError, match="is damaged"):
        SQLiteStorage(tmp_path)
    assert [path.read_bytes() for path in kept] == [large]


def test_a_directory_of_documents_is_one_stores(tmp_path: Path, postgres: Postgres) -> None:
    documents, schema = tmp_path / "documents", postgres.schema()
    one, again = (SQLiteStorage(tmp_path / "1", documents=documents) for _ in range(2))
    for other in (
        lambda: SQLiteStorage(tmp_path / "2", documents=documents),
        lambda: PostgresStorage(schema, documents),
    ):
        with pytest.raises(StorageError, match="has the documents of another store"):
            other()
    one.close()
    again.close()
    assert [path.name for path in documents.iterdir()] == [MARK]
    several = [PostgresStorage(schema, tmp_path / "others") for _ in range(2)]
    for each in several:
        each.close()


@pytest.mark.parametrize("instead", [b"", b"an older copy", None])
def test_a_job_table_that_is_replaced_takes_no_more_jobs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, instead: bytes | None
) -> None:
    """A job that went into the file that was there before would be gone with the next start."""
    table, saved = tmp_path / "jobs.sqlite", tmp_path / "saved"
    with printing(tmp_path) as desk:
        desk.print()
        table.rename(saved)
        if instead is not None:
            table.write_bytes(instead)
        for _ in range(2):
            assert desk.ask(Operation.PRINT_JOB, DOCUMENT).status is Status.SERVER_ERROR_TEMPORARY_ERROR
        assert sum("was replaced or removed" in each.message for each in caplog.records) == 1
        saved.replace(table)
        desk.print()


def test_a_job_table_that_is_replaced_is_not_written_into(tmp_path: Path) -> None:
    """SQLite finds its log by the path: a connection that opens the other file would move the log's jobs into that."""
    table, saved = tmp_path / "jobs.sqlite", tmp_path / "saved"
    with printing(tmp_path) as desk:
        other = table.read_bytes()
        job = desk.print()
        table.rename(saved)
        table.write_bytes(other)
        engine = desk.printer.storage.queue("print")._engine  # type: ignore[attr-defined]
        in_use: list[Any] = []

        def said() -> object:
            """What a read gives: another thread may have the open connection, or give one back just now."""
            try:
                return engine.read("SELECT id FROM jobs")
            except StorageError as error:
                return str(error)

        def refused() -> bool:
            found, engine._readers = engine._readers, []
            in_use.extend(found)
            return "was replaced or removed" in str(said())

        wait_until(lambda: said() == [(job,)])  # by a connection that was open before
        wait_until(refused)
        assert table.read_bytes() == other
        engine._readers += in_use
        saved.replace(table)
        assert engine.read("SELECT id FROM jobs") == [(job,)]
    with contextlib.closing(SQLiteStorage(tmp_path)) as storage:
        assert storage.queue_of(job) is not None


def test_a_mark_that_is_damaged_is_another_stores(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / MARK).write_bytes(b"\xff\xfe")
    with pytest.raises(StorageError, match="has the documents of another store"):
        SQLiteStorage(tmp_path / "1", documents=tmp_path / "documents")


def test_a_database_that_stands_still_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connections stay open, and the server that has them says nothing: more callers than connections."""
    monkeypatch.setattr("ippfast.printer.storage.postgres_engine._ANSWER", 1.0)
    monkeypatch.setattr("ippfast.printer.storage.postgres_engine._PATIENCE", 1.0)
    with Postgres() as own:
        storage = PostgresStorage(own.url, tmp_path / "documents", connections=3)
        store = storage.queue("print")
        store.create(new())
        with own.standing_still():
            calls: list[Callable[[], object]] = [store.state, lambda: store.create(new()), store.expire] * 3
            said = together([lambda call=call: _said(call) for call in calls])  # type: ignore[misc]
        assert all("does not answer" in str(each) for each in said), said
        wait_until(lambda: not isinstance(_said(store.state), str))

        def stop_before_the_commit(database: Connection) -> None:
            database.execute("SELECT 1")
            still.enter_context(own.standing_still())

        with contextlib.ExitStack() as still, pytest.raises(Unsaid, match="whether the change was kept"):
            storage._engine.write(stop_before_the_commit)
        storage.close()


@pytest.mark.parametrize(
    ("part", "name", "error"),
    [
        ("documents", "local", OSError("the object store failed")),
        ("leases", "end", StorageError("the database does not answer")),
        ("leases", "end", Unsaid("nor whether it was kept")),
        ("leases", "renew", StorageError("the database does not answer")),
    ],
)
def test_a_job_is_not_lost_with_what_does_not_answer_for_a_while(
    part: str, name: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ippfast.printer.processing._AGAIN", 0.05)
    storage = MemoryStorage()
    owner = getattr(storage, part)
    true, failures = getattr(owner, name), iter([error] * 3)

    def fail_at_first(*arguments: Any, **options: Any) -> Any:
        failure = next(failures, None)
        if isinstance(failure, Unsaid):  # it was done all the same
            true(*arguments, **options)
        if failure is not None:
            raise failure
        return true(*arguments, **options)

    setattr(owner, name, fail_at_first)
    with printing(storage, output=Directory(tmp_path / "printed")) as desk:
        job_id = desk.print()
        assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
        assert desk.wait(desk.print())["job-state"] == JobState.COMPLETED
    assert next(failures, None) is None
    assert len(list((tmp_path / "printed").iterdir())) == 2
    storage.close()


def _said(call: Callable[[], object]) -> object:
    try:
        return call()
    except StorageError as error:
        return str(error)


def _receive(storage: Storage, error: Exception) -> None:
    """A document, whose job fails with an error."""
    with storage.documents.new() as incoming:
        incoming.write([bytes(100_000)], None)
        raise error


def test_a_worker_that_stood_still_says_that_it_lives_before_it_begins(tmp_path: Path, postgres: Postgres) -> None:
    schema = postgres.schema()
    one, two = (PostgresStorage(schema, tmp_path / "documents", patience=0.5) for _ in range(2))
    one.leases.begin("one", shared=True)
    one.leases.shut()  # it stands still
    wait_until(lambda: not two.leases._is_alive("one"))
    one.queue("print").create(new(), [document()])
    assert one.leases.claim("one") is not None
    assert two.leases.reap() == 0
    one.close()
    two.close()


def test_a_document_that_a_job_may_have_is_kept(tmp_path: Path) -> None:
    storage = SQLiteStorage(tmp_path)
    for error, left in ((Unsaid("?"), 1), (StorageError("no"), 0), (OSError("no"), 0)):
        with pytest.raises(type(error)):
            _receive(storage, error)
        assert len(list((tmp_path / "documents").iterdir())) == left
        storage.documents.clean()
    storage.close()


@pytest.mark.parametrize("name", ["report.pdf", "a" * 32, ".hidden"])
def test_files_of_whoever_are_not_taken_for_documents(tmp_path: Path, name: str) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / name).write_bytes(DOCUMENT)
    for _ in range(2):
        with pytest.raises(StorageError, match=f"not documents of this store \\({name}\\): give it an empty"):
            SQLiteStorage(tmp_path / "state", documents=documents)
    assert (documents / name).read_bytes() == DOCUMENT


def test_documents_from_before_the_mark_are_the_stores_own(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    storage = SQLiteStorage(tmp_path / "state", documents=documents)
    storage.queue("print").create(new(), [document(key="d" * 32)])
    (documents / ("d" * 32)).write_bytes(DOCUMENT)
    storage.close()
    (documents / MARK).unlink()
    SQLiteStorage(tmp_path / "state", documents=documents).close()
    assert (documents / MARK).exists()


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_what_lies_beside_the_documents_is_not_touched(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Directories that are called as some of the store's, and a file among the documents that is none."""
    theirs = [tmp_path / name / ("e" * 32) for name in ("local", "set-aside", "scratch")]
    for path in theirs:
        path.parent.mkdir()
        path.write_bytes(b"precious")
    documents = tmp_path / "documents"

    def opened() -> Storage:
        if engine == "sqlite":
            return SQLiteStorage(tmp_path / "state", documents=documents)
        return PostgresStorage(request.getfixturevalue("postgres").schema(), documents)

    storage = opened()
    storage.queue("print").create(new(), [document(key="k", content=b"abc")])
    (documents / "notes.txt").write_bytes(b"precious")
    (documents / ("f" * 32)).write_bytes(b"left over")
    with storage.documents.local("k") as path:
        assert path.read_bytes() == b"abc"
        assert path.parent.parent != tmp_path
    assert storage.documents.clean() == 1
    storage.close()
    assert sorted(path.name for path in documents.iterdir()) == [MARK, "notes.txt"]
    for path in [*theirs, documents / "notes.txt"]:
        assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("how", ["lost", "empty", "older"])
def test_documents_without_their_table_are_set_aside(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No accepted document is removed because the table was lost, emptied or restored from an older copy."""
    large = DOCUMENT * 10
    SQLiteStorage(tmp_path).close()
    older = (tmp_path / "jobs.sqlite").read_bytes()
    with printing(tmp_path, output=Gate()) as desk:
        desk.print(large)
        (kept,) = desk.files()
    for leftover in tmp_path.glob("jobs.sqlite-*"):
        leftover.unlink()
    if how == "lost":
        (tmp_path / "jobs.sqlite").unlink()
    else:
        (tmp_path / "jobs.sqlite").write_bytes(older if how == "older" else b"")
    with printing(tmp_path) as desk:
        assert desk.files() == []
        assert desk.print() == 1
    assert (tmp_path / "set-aside" / kept.name).read_bytes() == large
    assert "1 documents without a job were moved" in caplog.text
    assert "print them again, or remove them" in caplog.text


def test_what_was_received_in_part_is_removed(tmp_path: Path) -> None:
    with printing(tmp_path) as desk:
        desk.wait(desk.print(DOCUMENT * 10))
    (tmp_path / "documents" / ("b" * 32)).write_bytes(b"in part")
    with printing(tmp_path) as desk:
        assert [path.read_bytes() for path in desk.files()] == [DOCUMENT * 10]
    assert not (tmp_path / "set-aside").exists()


def test_no_name_of_a_store_is_known_outside() -> None:
    """Neither SQLite nor a lock is imported by what uses a storage."""
    package = Path(sys.modules["ippfast.printer.storage.seam"].__file__ or "").parent.parent
    found = {}
    for path in [*package.glob("*.py"), *package.parent.joinpath("cli").glob("*.py")]:
        words = [word for word in ("sqlite3", "fcntl", "_file.") if word in path.read_text(encoding="utf-8")]
        if words:
            found[path.name] = words
    assert found == {}, json.dumps(found)


def test_a_worker_of_another_server_lives(tmp_path: Path) -> None:
    """What it processes is not taken from it, until it has ended; each storage stands for a process."""
    one, two = SQLiteStorage(tmp_path), SQLiteStorage(tmp_path)
    one.leases.begin("one", shared=True)
    two.leases.begin("two", shared=True)
    job = one.queue("print").create(new(), [document()]).job
    lease = one.leases.claim("one")
    assert lease is not None
    assert two.leases.reap() == 0
    assert two.leases.claim("two") is None
    one.leases.close("one")
    assert two.leases.reap() == 1
    taken = two.leases.claim("two")
    assert taken is not None
    assert (taken.job.id, taken.job.attempts) == (job.id, 2)
    assert one.leases.end(lease, JobState.COMPLETED, ("none",), "", ()) == (None, None)
    two.leases.close("two")
    one.close()
    two.close()


def modes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}


def test_nothing_of_it_is_for_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    directory = tmp_path / "made by the administrator"
    directory.mkdir()
    directory.chmod(0o755)
    before = os.umask(0o022)
    try:
        storage = SQLiteStorage(directory)
        storage.queue("print").create(NewJob(name="n", user="u", host="h"))
        found = modes(directory)
        storage.close()
        assert directory.stat().st_mode & 0o777 == 0o700
        assert "its mode is 700 now" in caplog.text
        assert {name: mode for name, mode in found.items() if name.startswith("jobs")} == dict.fromkeys(
            ("jobs.sqlite", "jobs.sqlite-wal", "jobs.sqlite-shm", "jobs.sqlite-turns"), 0o600
        )
        (directory / "jobs.sqlite").chmod(0o644)  # of an earlier version
        directory.chmod(0o755)
        SQLiteStorage(directory).close()
        assert modes(directory)["jobs.sqlite"] == 0o600
        assert directory.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


def test_a_directory_with_anything_else_is_not_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / "somebody's").touch()
    with pytest.raises(StorageError, match="chmod 700"):
        SQLiteStorage(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o777


def test_usual_jobs_are_made_together(postgres: Postgres, tmp_path: Path) -> None:
    """By the tables' function, which knows as much of a job as the statements that it stands for."""
    storage = PostgresStorage(postgres.schema(), tmp_path)
    store = storage.queue("print")
    assert isinstance(store, PostgresJobs)
    usual = [
        (new(), None),
        (new(user="b\udcff", held=True, release=5.0), document(content=b"abc")),
        (new(open=True), None),
    ]
    for ahead, (job, file) in enumerate(usual):
        made = store._create_together(job, file, Limits(jobs=3, user_jobs=3, user_octets=3_000))
        assert made is not None
        assert made.job == store.job(made.job.id)
        assert made == Created(made.job, ahead, [])
    assert store._create_together(new(), None, Limits(jobs=3)) is None
    for setting in ({"accepting": 0}, {"hold_new": 1}, {"down": 1}):
        store.set((), **setting)
        assert store._create_together(new(), None, UNLIMITED) is None
        store.set((), accepting=1, hold_new=0, down=0)
    assert store._create_together(new(), document(fenced=True), UNLIMITED) is None  # it is no upload
    subscribe(storage.queue(SYSTEM), "job-created", lease=0)
    assert store._create_together(new(), None, UNLIMITED) is None
    assert len(store.jobs()) == 3
    storage.close()


def test_jobs_that_are_made_together_know_how_many_are_before_them(postgres: Postgres, tmp_path: Path) -> None:
    """As many as the statements count, whatever waits, is held or is being processed."""
    storage = PostgresStorage(postgres.schema(), tmp_path)
    store = storage.queue("print")
    assert isinstance(store, PostgresJobs)
    busy = store.create(new())
    assert store.change(busy.job.id, (JobState.PENDING,), state=JobState.PROCESSING)
    for priority in (1, 49, 50, 50, 51, 99):
        store.create(new(priority=priority))
        store.create(new(priority=priority, state=JobState.PENDING_HELD, held=True))
    for priority in (1, 50, 99):
        for state in (JobState.PENDING_HELD, JobState.PENDING):
            made = store._create_together(new(priority=priority, state=state), None, UNLIMITED)
            counted = SQLJobs.create(store, new(priority=priority, state=JobState.PENDING_HELD))
            assert made is not None
            assert counted.ahead == made.ahead + (state == JobState.PENDING)
    storage.close()


def test_jobs_that_are_made_together_are_not_kept_before_their_commit(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what fails before it may be done again."""
    url = postgres.schema()
    storage = PostgresStorage(url, tmp_path)
    store, engine, kept = storage.queue("print"), storage._engine, []
    committing = engine._committing

    @contextlib.contextmanager
    def look_before(connection: "psycopg.Connection[Any]") -> Iterator[Callable[[], None]]:
        with committing(connection) as commit:

            def look_and_commit() -> None:
                kept.append(store.count())
                if len(kept) == 2:
                    with psycopg.connect(url) as other:
                        other.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
                commit()

            yield look_and_commit

    monkeypatch.setattr(engine, "_committing", look_before)
    store.create(new())
    with pytest.raises(Unsaid, match="whether the change was kept"):
        store.create(new())
    store.create(new())
    assert kept == [0, 1, 1]
    assert store.count() == 2
    storage.close()


@pytest.mark.parametrize("answers", [True, False])
def test_who_waited_long_asks_where_there_was_an_answer(monkeypatch: pytest.MonkeyPatch, answers: bool) -> None:
    """So a database that comes back after some seconds is one for all who came meanwhile."""
    monkeypatch.setattr("ippfast.printer.storage.together._LONGEST", 0.0)
    begun, go_on = threading.Event(), threading.Event()

    def ask(items: list[int]) -> list[int]:
        begun.set()
        go_on.wait(SECONDS)
        if not answers:
            raise StorageError("the database is not there")
        return items

    asked = Together(ask)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(asked.do, 0)
        begun.wait(SECONDS)
        others = [pool.submit(asked.do, number) for number in (1, 2)]
        wait_until(lambda: len(asked._waiting) == 2)
        go_on.set()
        said = [each.exception(SECONDS) or each.result() for each in (first, *others)]
    if answers:
        assert said == [0, 1, 2]
    else:
        assert [str(each) for each in said] == [
            "the database is not there",
            *["the database does not answer: others wait for it too"] * 2,
        ]


def test_a_job_that_ends_during_a_read_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(SQLiteStorage(tmp_path)) as storage:
        store = storage.queue("print")
        job = store.create(new()).job
        read = store._engine.read

        def read_and_end(statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
            rows = read(statement, values)
            store.change(job.id, (JobState.PENDING,), state=JobState.COMPLETED)
            return rows

        monkeypatch.setattr(store._engine, "read", read_and_end)
        assert [each.id for each in store.jobs()] == [job.id]


def test_a_queue_that_stands_still_holds_up_no_other(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.schema()
    storage = PostgresStorage(url, tmp_path)
    queues = [storage.queue(name) for name in ("a", "b", "c")]
    with psycopg.connect(url) as holder, ThreadPoolExecutor(8) as pool:
        holder.execute("SELECT 1 FROM queues WHERE name = 'b' FOR UPDATE")
        waiting = [pool.submit(queues[1].create, new()) for _ in range(6)]
        for _ in range(3):
            together([lambda: queues[0].create(new()), lambda: queues[2].create(new())])
        assert not any(each.done() for each in waiting)
        assert [queue.count() for queue in queues] == [3, 0, 3]
        holder.rollback()
        assert sorted(each.result(SECONDS).ahead for each in waiting) == list(range(6))
    storage.close()


def test_a_queue_that_stands_still_holds_up_others_once(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs that come while one waits for that queue wait alone too; afterwards they are made together again."""
    url = postgres.schema()
    storage = PostgresStorage(url, tmp_path)
    store = storage.queue("print")
    assert isinstance(store, PostgresJobs)
    asked, ask = [], store._together.create._ask

    def count(jobs: list[tuple[object, ...]]) -> Sequence[tuple[float, int, int] | None]:
        asked.extend(jobs)
        return ask(jobs)

    store._together.create._ask = count
    alone, create = [], SQLJobs.create

    def count_alone(self: SQLJobs, *arguments: Any, **options: Any) -> Created:
        alone.append(self)
        return create(self, *arguments, **options)

    monkeypatch.setattr(SQLJobs, "create", count_alone)
    with psycopg.connect(url) as holder, ThreadPoolExecutor(4) as pool:
        holder.execute("SELECT 1 FROM queues WHERE name = 'print' FOR UPDATE")
        waiting = [pool.submit(store.create, new())]
        wait_until(lambda: len(alone) == 1)
        waiting += [pool.submit(store.create, new()) for _ in range(3)]
        wait_until(lambda: len(alone) == 4)
        assert len(asked) == 1
        holder.rollback()
        assert sorted(each.result(SECONDS).ahead for each in waiting) == list(range(4))
    store.create(new())
    assert len(asked) == 2
    storage.close()


def test_jobs_that_are_made_alone_send_no_more_than_one_after_the_other_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy queue one of them is always being made: if each sent the next there, no job would be made together."""
    together = [None, (0.0, 2, 0), (0.0, 3, 0)]
    alone: list[threading.Event] = []

    def wait(self: SQLJobs, *arguments: Any, **options: Any) -> None:
        assert len(alone) < 3
        alone.append(threading.Event())
        assert alone[-1].wait(SECONDS)

    monkeypatch.setattr(SQLJobs, "create", wait)
    shared: Any = SimpleNamespace(create=SimpleNamespace(do=lambda job: together.pop(0)))
    engine: Any = SimpleNamespace(after_commit=lambda hear: None, bound=lambda text: text)
    store = PostgresJobs(engine, "print", lambda: 0.0, shared)
    with ThreadPoolExecutor(3) as pool:
        waiting = []
        for copied in (None, None, 1):
            waiting.append(pool.submit(store.create, new(), copy_of=copied))
            wait_until(lambda: len(alone) == len(waiting))
        try:
            assert len(together) == 2
            alone[0].set()
            waiting[0].result(SECONDS)
            assert [store.create(new()).job.id for _ in range(2)] == [2, 3]
        finally:
            for each in alone:
                each.set()


def test_a_column_is_what_it_was(postgres: Postgres, tmp_path: Path) -> None:
    """Values of every type that there is, none and NULL among them."""
    storage = PostgresStorage(postgres.schema(), tmp_path)
    values: dict[str, list[object]] = {
        "bytea": [b"", None, b'\0{,\\"'],
        "text": ["", None, '{,\\"\u00e9'],
        "integer": [-(1 << 31), None, (1 << 31) - 1],
        "bigint": [-(1 << 63), None, (1 << 63) - 1],
        "double precision": [0.1, None, -1e300],
    }
    assert values.keys() == KINDS.keys()
    for kind, column in values.items():
        for part in (column, column[:1], []):
            rows = storage._engine.read(f"SELECT * FROM unnest(?::{kind}[])", (Column(kind, part),))
            assert [value for (value,) in rows] == part
    storage.close()


def test_a_state_of_a_second_ago_decides_nothing(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for again if it refuses, and a change by another host counts when the job is made."""
    url = postgres.schema()
    here, there = PostgresStorage(url, tmp_path), PostgresStorage(url, tmp_path)
    store, other = here.queue("print"), there.queue("print")
    monkeypatch.setattr(postgres_jobs, "_LATELY", 1e9)
    kept = store.state_lately()
    other.set(accepting=0)
    assert store.state_lately() is kept
    with pytest.raises(LimitReached, match="accepting"):
        store.create(new())
    other.set(accepting=1)
    assert store.state_lately().accepting
    store.set(accepting=0)
    assert not store.state_lately().accepting
    other.set(accepting=1)
    assert store.state_lately().accepting
    here.close()
    there.close()


def test_room_that_was_not_there_a_second_ago_is_used(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.schema()
    here, there = PostgresStorage(url, tmp_path), PostgresStorage(url, tmp_path)
    with printing(here, jobs=1, shared=True) as desk:
        assert desk.ask(Operation.PAUSE_PRINTER).status is Status.SUCCESSFUL_OK
        job = desk.printer.store.create(new()).job
        assert desk.printer.store.state_lately().active == 1
        assert there.queue("print").change(job.id, (JobState.PENDING,), state=JobState.CANCELED)
        assert desk.ask(Operation.PRINT_JOB, DOCUMENT).status is Status.SUCCESSFUL_OK
    here.close()
    there.close()


def test_what_others_wrote_between_two_turns_alone_counts(tmp_path: Path) -> None:
    with contextlib.closing(SQLiteStorage(tmp_path / "state")) as one:
        store = one.queue("print")
        one.leases.begin("worker", shared=False)
        store.create(new())  # nobody listens
        assert store.state().active == 1
        one.leases.close("worker")
        with contextlib.closing(SQLiteStorage(tmp_path / "state")) as other:
            other.leases.begin("other", shared=False)
            other.queue("print").create(new())
            listening = subscribe(other.queue("print"), "job-created")
            other.leases.close("other")
        one.leases.begin("worker", shared=False)
        made = store.create(new()).job
        assert heard(store, listening) == [(1, "job-created")]
        assert store.state().active == 3
        assert made.position > max(job.position for job in store.jobs() if job.id != made.id)
        one.leases.close("worker")
