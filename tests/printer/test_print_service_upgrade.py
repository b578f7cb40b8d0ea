"""Two versions of a print service side by side, while one after the other is changed.

The rule of this file: a version that runs is not to notice that the tables became a newer version's. What older code
does is what its statements do: so the steps from each version to the next are held to adding, and the version before
works through one.
"""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from contract import document, heard, new, subscribe
from engines import Postgres
from http_shells import wait_until

from ippfast.enums import JobState
from ippfast.printer.storage import postgres_schema
from ippfast.printer.storage.postgres import PostgresStorage
from ippfast.printer.storage.seam import StorageError
from ippfast.printer.storage.sql_jobs import SQLJobs

_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES'
FROM information_schema.columns WHERE table_schema = current_schema
"""
_RULES = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = current_schema::regnamespace AND contype != 'n'
UNION ALL SELECT tgrelid::regclass::text, pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid WHERE relnamespace = current_schema::regnamespace AND NOT tgisinternal
UNION ALL SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = current_schema::regnamespace AND indisunique
UNION ALL SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema::regnamespace
"""
"""What can refuse or change what an older version writes: constraints, triggers, unique indexes, functions."""


def test_each_step_only_adds(postgres: Postgres) -> None:
    """What was there stays as it was; a column that is new needs no value; no table that was there gets a new rule."""
    with psycopg.connect(postgres.schema(), autocommit=True) as database:
        before: dict[tuple[str, str], str] = {}
        rules: set[tuple[str, str]] = set()
        for step in postgres_schema._STEPS:
            database.execute(step.encode())
            columns = {(table, name): (kind, free) for table, name, kind, free in database.execute(_COLUMNS)}
            tables = {table for table, _ in before}
            assert {place: kind for place, (kind, _) in columns.items() if place in before} == before
            added = {place: free for place, (_, free) in columns.items() if place not in before}
            assert [place for place, free in added.items() if place[0] in tables and not free] == []
            before = {place: kind for place, (kind, _) in columns.items()}
            found = set(database.execute(_RULES))
            assert rules <= found
            assert {rule for rule in found - rules if rule[0] in tables} == set()
            rules = found


class _Before(PostgresStorage):
    """The version before this one: it makes jobs by statements, and knows the tables without the last step."""

    def _jobs(self, name: str) -> SQLJobs:  # type: ignore[override]
        return SQLJobs(self._engine, name, self.now)


def _before(url: str, documents: Path) -> _Before:
    """A server of the version before is started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_schema, "_STEPS", postgres_schema._STEPS[:-1])
        patch.setattr(postgres_schema, "VERSION", postgres_schema.VERSION - 1)
        return _Before(url, documents)


def test_the_version_before_goes_on_during_an_upgrade(postgres: Postgres, tmp_path: Path) -> None:
    """It makes and processes jobs before, while and after the tables change, beside one of this version."""
    url = postgres.schema()
    done: list[str] = []
    errors: list[BaseException] = []
    end = threading.Event()

    def work(storage: PostgresStorage, worker: str) -> None:
        store = storage.queue("print")
        try:
            storage.leases.begin(worker, shared=True)
            while not end.is_set():
                store.create(new(), [document(content=b"abc")])
                lease = storage.leases.claim(worker)
                if lease is not None:
                    storage.leases.end(lease, JobState.COMPLETED, ("none",), "", ("job-completed",))
                    done.append(worker)
        except BaseException as error:
            errors.append(error)

    def wait_for(*workers: str) -> None:
        """Each processes some more jobs."""
        seen = {worker: done.count(worker) for worker in workers}
        wait_until(lambda: bool(errors) or all(done.count(worker) >= seen[worker] + 3 for worker in workers))
        assert errors == []

    with contextlib.closing(_before(url, tmp_path)) as older, ThreadPoolExecutor() as pool:
        subscription = subscribe(older.queue("print"), "job-completed", lease=0)
        try:
            pool.submit(work, older, "older")
            wait_for("older")
            with contextlib.closing(PostgresStorage(url, tmp_path)) as newer:
                try:
                    pool.submit(work, newer, "newer")
                    wait_for("older", "newer")
                    with pytest.raises(StorageError, match="newer version of ippfast"):
                        _before(url, tmp_path)
                    wait_for("older", "newer")
                finally:
                    end.set()
                    pool.shutdown()
                jobs = newer.queue("print").count((JobState.COMPLETED,))
        finally:
            end.set()
        assert heard(older.queue("print"), subscription) == [(n + 1, "job-completed") for n in range(jobs)]
        assert jobs == len(done)
