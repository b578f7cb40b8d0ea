"""The tables of the SQLite store, and the steps that bring those of an older version up to date.

The rule of this file: a file is brought up to date in one transaction, and a file of a newer version is not changed.
"""

import contextlib
import logging
import sqlite3
from pathlib import Path

from .seam import StorageError

__all__ = ["VERSION", "prepare"]

_log = logging.getLogger("ippfast.printer")

VERSION = 5

_JOBS = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, state INTEGER NOT NULL, reasons TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '', name TEXT NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL,
    created REAL NOT NULL, processing REAL, completed REAL, priority INTEGER NOT NULL, position INTEGER NOT NULL,
    release REAL, held INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL, touched REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, octets INTEGER NOT NULL DEFAULT 0, documents INTEGER NOT NULL DEFAULT 0,
    ticket BLOB NOT NULL, queue TEXT NOT NULL DEFAULT '', output TEXT NOT NULL DEFAULT '',
    epoch INTEGER NOT NULL DEFAULT 0, worker TEXT NOT NULL DEFAULT ''
);
CREATE TABLE documents (
    job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, number INTEGER NOT NULL, key TEXT NOT NULL,
    octets INTEGER NOT NULL, format TEXT NOT NULL, name TEXT NOT NULL, state INTEGER NOT NULL, created REAL NOT NULL,
    ticket BLOB NOT NULL, PRIMARY KEY (job_id, number)
);
CREATE INDEX documents_by_key ON documents (key);
"""

# Version 1 to 2: one file for all, many queues, and one row for an event.
_FROM_1 = """
ALTER TABLE jobs ADD COLUMN queue TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN output TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN worker TEXT NOT NULL DEFAULT '';
UPDATE jobs SET position = 2 * min(position, (SELECT seq FROM sqlite_sequence WHERE name = 'jobs'));
ALTER TABLE documents RENAME COLUMN file TO key;
ALTER TABLE settings RENAME TO old_settings;
DROP INDEX jobs_by_state;
DROP INDEX jobs_by_user;
DROP INDEX documents_by_file;
CREATE INDEX documents_by_key ON documents (key);
"""

_REST = """
CREATE INDEX jobs_by_state ON jobs (queue, state, priority DESC, position, id);
CREATE INDEX jobs_by_user ON jobs (queue, user, state);
CREATE INDEX jobs_by_end ON jobs (queue, completed DESC, id DESC) WHERE state >= 7;
CREATE TABLE contents (key TEXT PRIMARY KEY, octets BLOB NOT NULL);
CREATE TABLE uploads (key TEXT PRIMARY KEY, begun REAL NOT NULL, doomed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE queues (
    name TEXT PRIMARY KEY, active INTEGER NOT NULL DEFAULT 0, processing INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE settings (
    queue TEXT NOT NULL, name TEXT NOT NULL, value NOT NULL, PRIMARY KEY (queue, name)
) WITHOUT ROWID;
CREATE TABLE store (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, uuid TEXT NOT NULL, events TEXT NOT NULL, job_id INTEGER,
    user TEXT NOT NULL, charset TEXT NOT NULL, language TEXT NOT NULL, user_data BLOB, attributes TEXT NOT NULL,
    interval INTEGER NOT NULL, lease INTEGER, expires REAL, ended INTEGER NOT NULL DEFAULT 0,
    counted INTEGER NOT NULL DEFAULT 0, after INTEGER NOT NULL DEFAULT 0, last INTEGER
);
CREATE INDEX subscriptions_by_job ON subscriptions (queue, job_id);
CREATE INDEX subscriptions_by_user ON subscriptions (queue, user);
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, name TEXT NOT NULL, created REAL NOT NULL,
    printer_state INTEGER NOT NULL, printer_reasons TEXT NOT NULL, accepting INTEGER NOT NULL, job_id INTEGER,
    job_uuid TEXT NOT NULL, job_state INTEGER NOT NULL, job_reasons TEXT NOT NULL, job_message TEXT NOT NULL,
    job_name TEXT NOT NULL, job_user TEXT NOT NULL, job_octets INTEGER NOT NULL, job_documents INTEGER NOT NULL
);
CREATE TRIGGER job_added AFTER INSERT ON jobs WHEN new.state < 7 BEGIN
    UPDATE queues SET active = active + 1, processing = processing + (new.state = 5) WHERE name = new.queue;
END;
CREATE TRIGGER job_changed AFTER UPDATE OF state ON jobs WHEN new.state != old.state BEGIN
    UPDATE queues SET active = active + (new.state < 7) - (old.state < 7),
        processing = processing + (new.state = 5) - (old.state = 5) WHERE name = new.queue;
END;
CREATE TRIGGER job_removed AFTER DELETE ON jobs WHEN old.state < 7 BEGIN
    UPDATE queues SET active = active - 1, processing = processing - (old.state = 5) WHERE name = old.queue;
END;
"""

# Version 2 to 3: the resources of a system, and subscriptions to the events of all queues.
_FROM_2 = """
CREATE TABLE resources (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, uuid TEXT NOT NULL, type TEXT NOT NULL,
    user TEXT NOT NULL, name TEXT NOT NULL, info TEXT NOT NULL, language TEXT NOT NULL, state INTEGER NOT NULL,
    reasons TEXT NOT NULL, message TEXT NOT NULL, format TEXT NOT NULL DEFAULT '', key TEXT NOT NULL DEFAULT '',
    octets INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, installed REAL, canceled REAL,
    ticket BLOB NOT NULL DEFAULT x''
);
CREATE INDEX resources_by_key ON resources (key);
CREATE TABLE allocations (
    printer TEXT NOT NULL, resource_id INTEGER NOT NULL REFERENCES resources ON DELETE CASCADE,
    PRIMARY KEY (printer, resource_id)
) WITHOUT ROWID;
CREATE INDEX allocations_by_resource ON allocations (resource_id);
CREATE TABLE printers (queue TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO printers SELECT substr(name, 9) || '/' || json_extract(value, '$.id') FROM settings
    WHERE queue = '/system' AND name LIKE 'printer/%';
ALTER TABLE subscriptions ADD COLUMN printers TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN resource_id INTEGER;
ALTER TABLE events ADD COLUMN printer TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN resource_id INTEGER;
ALTER TABLE events ADD COLUMN resource_state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN resource_reasons TEXT NOT NULL DEFAULT '';
"""

# Version 3 to 4: the pages of documents, and the numbers of printed impressions and sheets.
_FROM_3 = """
ALTER TABLE jobs ADD COLUMN pages INTEGER;
ALTER TABLE jobs ADD COLUMN impressions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN sheets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN pages INTEGER;
ALTER TABLE events ADD COLUMN job_impressions INTEGER NOT NULL DEFAULT 0;
"""

# Version 4 to 5: the user of a subscription as a URI.
_FROM_4 = "ALTER TABLE subscriptions ADD COLUMN user_uri TEXT NOT NULL DEFAULT '';"

_SUBSCRIPTION_COLUMNS = (
    "id, uuid, events, job_id, user, charset, language, user_data, attributes, interval, lease, expires, ended"
)


def prepare(database: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring those of an older version up to date. Raises StorageError if they are of a newer
    version."""
    if _version(database, path) == VERSION:
        return
    old = path.with_name("subscriptions.sqlite")
    rows = _subscriptions_of(old) if old.exists() else []
    database.execute("BEGIN IMMEDIATE")
    try:
        version = _version(database, path)
        if version < VERSION:
            if version < 2:
                _run(database, _JOBS if version == 0 else _FROM_1)
                _run(database, _REST)
            if version < 3:
                _run(database, _FROM_2)
            if version < 4:
                _run(database, _FROM_3)
            _run(database, _FROM_4)
            if version == 1:
                database.execute("INSERT INTO settings SELECT '', name, value FROM old_settings")
                database.execute("DROP TABLE old_settings")
                marks = ", ".join("?" * 14)
                database.executemany(
                    f"INSERT INTO subscriptions ({_SUBSCRIPTION_COLUMNS}, counted, queue) VALUES ({marks}, '')", rows
                )
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    for name in ("subscriptions.sqlite", "subscriptions.sqlite-wal", "subscriptions.sqlite-shm"):
        path.with_name(name).unlink(missing_ok=True)


def _version(database: sqlite3.Connection, path: Path) -> int:
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise StorageError(f"{path} was made by a newer version of ippfast, which is needed to use it")
    return version


def _run(database: sqlite3.Connection, script: str) -> None:
    """Run a script in the current transaction, which `executescript` would commit first."""
    statement = ""
    for line in script.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            database.execute(statement)
            statement = ""


def _subscriptions_of(path: Path) -> list[tuple[object, ...]]:
    """The subscriptions that version 1 kept in a file of their own; none if the file is damaged."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30.0)) as database:
            return database.execute(f"SELECT {_SUBSCRIPTION_COLUMNS}, sequence FROM subscriptions").fetchall()
    except sqlite3.DatabaseError as error:
        _log.warning("%s can't be read (%s): its subscriptions are lost", path, error)
        return []
