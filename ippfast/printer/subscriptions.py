"""The subscription table: who wants to hear of what, and the events that wait to be fetched (RFC 3995, RFC 3996).

The rule of this file: everything in it is bounded and ends by itself. There are so many subscriptions and no more, a
subscription ends with its lease or its job, and an event is kept for its life and while few enough came after it. The
table is a SQLite file of its own, which all processes of a printer share: it outlives a killed process, but unlike the
job table nothing waits for the disk.
"""

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from .database import Database, bound, string

__all__ = ["EVENTS", "NewSubscription", "Subscription", "Subscriptions", "Waiting", "subscribed_event"]

_PARENTS = {  # RFC 3995 section 5.3.3.4: whoever subscribed to the one on the right hears of the one on the left
    "job-created": "job-state-changed",
    "job-completed": "job-state-changed",
    "job-stopped": "job-state-changed",
    "job-state-changed": None,
    "job-config-changed": None,
    "job-progress": None,
    "printer-restarted": "printer-state-changed",
    "printer-shutdown": "printer-state-changed",
    "printer-stopped": "printer-state-changed",
    "printer-state-changed": None,
    "printer-finishings-changed": "printer-config-changed",
    "printer-media-changed": "printer-config-changed",
    "printer-config-changed": None,
    "printer-queue-order-changed": None,
}
EVENTS = tuple(_PARENTS)
"""The events that a printer can tell of: notify-events-supported without ``none``."""

_SCHEMA = """
CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, events TEXT NOT NULL, job_id INTEGER, user TEXT NOT NULL,
    charset TEXT NOT NULL, language TEXT NOT NULL, user_data BLOB, attributes TEXT NOT NULL, interval INTEGER NOT NULL,
    lease INTEGER, expires REAL, sequence INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX subscriptions_by_job ON subscriptions (job_id);
CREATE TABLE events (
    subscription_id INTEGER NOT NULL REFERENCES subscriptions ON DELETE CASCADE, sequence INTEGER NOT NULL,
    created REAL NOT NULL, content BLOB NOT NULL, PRIMARY KEY (subscription_id, sequence)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def subscribed_event(events: Iterable[str], name: str) -> str | None:
    """Which of a subscription's events an event is: the same one, or the one it belongs to; None where it is none."""
    if name in events:
        return name
    parent = _PARENTS.get(name)
    return parent if parent is not None and parent in events else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """What a subscription begins with (RFC 3995 section 5.3).

    events: keywords of notify-events. job_id: the job that a per-job subscription belongs to. user: whose it is.
    attributes: of which attributes an event is to tell besides (notify-attributes). interval: the least seconds between
    two events of job-progress (notify-time-interval). lease: seconds; 0 has no end; None for a per-job subscription.
    """

    events: tuple[str, ...]
    user: str
    job_id: int | None = None
    charset: str = "utf-8"
    language: str = "en"
    user_data: bytes | None = None
    attributes: tuple[str, ...] = ()
    interval: int = 0
    lease: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(NewSubscription):
    """A subscription as it was when it was looked up.

    expires: when it ends, as `time.time` counts; None where that is not known. sequence: the number of its latest
    event. ended: no more events come; its last ones may still be fetched.
    """

    id: int
    uuid: str
    expires: float | None
    sequence: int
    ended: bool


class Waiting:
    """A wait for events: `wait` returns whether anything came since the last one, or since it was made."""

    def __init__(self, changed: threading.Condition, count: "_Count", subscriptions: "Subscriptions") -> None:
        self._changed = changed
        self._count = count
        self._seen = count.value
        self._subscriptions = subscriptions
        self._version = subscriptions.version

    def wait(self, seconds: float) -> bool:
        """Wait for at most that long. What another process did is seen a second later at most."""
        end = time.monotonic() + seconds
        while True:
            with self._changed:
                left = end - time.monotonic()
                self._changed.wait_for(lambda: self._count.value != self._seen, max(0.0, min(1.0, left)))
                came, self._seen = self._count.value != self._seen, self._count.value
            version, self._version = self._version, self._subscriptions.version
            if came or version != self._version:
                return True
            if time.monotonic() >= end:
                return False


class _Count:
    value = 0


_COLUMNS = ", ".join(field.name for field in fields(Subscription))


class Subscriptions(Database):
    """The table in a file. Any number of threads, and of processes, may use the same one.

    limit: how many subscriptions there may be. life: how many seconds an event can be fetched (ippget-event-life, RFC
    3996 section 8.1). queue: how many events of one subscription are kept; older ones go first.
    """

    def __init__(self, path: Path | str, *, limit: int = 1_000, life: int = 300, queue: int = 200) -> None:
        self.limit = limit
        self.life = life
        self.queue = queue
        self._changed = threading.Condition()
        self._count = _Count()
        self._stopped = False
        super().__init__(path, _SCHEMA, synchronous="NORMAL")

    def close(self) -> None:
        """Be done with the table."""
        self.stop_waiting()
        super().close()

    # Subscriptions.

    def add(self, new: NewSubscription) -> Subscription | None:
        """Begin a subscription. None: there are as many as there may be."""
        now = time.time()
        expires = now + new.lease if new.lease else None
        with self.transaction() as database:
            self._expire(database, now)
            (count,) = database.execute("SELECT count(*) FROM subscriptions").fetchone()
            if count >= self.limit:
                return None
            cursor = database.execute(
                "INSERT INTO subscriptions (uuid, events, job_id, user, charset, language, user_data, attributes,"
                " interval, lease, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    uuid.uuid4().urn,
                    " ".join(new.events),
                    new.job_id,
                    bound(new.user),
                    new.charset,
                    new.language,
                    new.user_data,
                    " ".join(new.attributes),
                    new.interval,
                    new.lease,
                    expires,
                ),
            )
            assert cursor.lastrowid is not None
            return self.get(cursor.lastrowid)

    def get(self, subscription_id: int) -> Subscription | None:
        """The subscription of that number, unless it has expired."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM subscriptions WHERE id = ? AND (expires IS NULL OR expires > ?)",
            (subscription_id, time.time()),
        )
        return _subscription(rows[0]) if rows else None

    def all(
        self, *, job_id: int | None = None, user: str | None = None, limit: int | None = None
    ) -> list[Subscription]:
        """The subscriptions of a job, or those of the printer itself. user: of that user alone."""
        statement = f"SELECT {_COLUMNS} FROM subscriptions WHERE job_id IS ? AND (expires IS NULL OR expires > ?)"
        values: list[object] = [job_id, time.time()]
        if user is not None:
            statement += " AND user = ?"
            values.append(bound(user))
        rows = self._rows(f"{statement} ORDER BY id LIMIT ?", [*values, -1 if limit is None else limit])
        return [_subscription(row) for row in rows]

    def count(self) -> int:
        """How many there are."""
        rows = self._rows("SELECT count(*) FROM subscriptions WHERE expires IS NULL OR expires > ?", (time.time(),))
        return int(rows[0][0])

    def renew(self, subscription_id: int, lease: int) -> Subscription | None:
        """Give a printer's subscription a new lease from now on. None: there is none of that number."""
        now = time.time()
        with self.transaction() as database:
            self._expire(database, now)
            database.execute(
                "UPDATE subscriptions SET lease = ?, expires = ? WHERE id = ? AND job_id IS NULL AND NOT ended",
                (lease, now + lease if lease else None, subscription_id),
            )
            return self.get(subscription_id)

    def cancel(self, subscription_id: int) -> bool:
        """End a subscription at once, with its events. Returns whether there was one."""
        with self.transaction() as database:
            cancelled = database.execute("DELETE FROM subscriptions WHERE id = ?", (subscription_id,)).rowcount > 0
        self._tell()
        return cancelled

    def end_job(self, job_id: int) -> None:
        """The job has ended: its subscriptions get no more events, and go when the last ones have had their life."""
        with self.transaction() as database:
            database.execute(
                "UPDATE subscriptions SET ended = 1, expires = ? WHERE job_id = ? AND NOT ended",
                (time.time() + self.life, job_id),
            )
        self._tell()

    # Events.

    def interested(self, name: str, job_id: int | None) -> list[tuple[Subscription, str]]:
        """Who wants to hear of an event, and as which of their events; job_id: of the job that it happened to."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM subscriptions WHERE (job_id IS NULL OR job_id = ?) AND NOT ended"
            " AND (expires IS NULL OR expires > ?)",
            (job_id, time.time()),
        )
        found = []
        for subscription in map(_subscription, rows):
            keyword = subscribed_event(subscription.events, name)
            if keyword is not None:
                found.append((subscription, keyword))
        return found

    def put(self, subscription_id: int, content: bytes) -> int:
        """Keep an event for whoever fetches it. content: as `get_events` gives it back. Returns its number."""
        now = time.time()
        with self.transaction() as database:
            row = database.execute(
                "UPDATE subscriptions SET sequence = sequence + 1 WHERE id = ? RETURNING sequence", (subscription_id,)
            ).fetchone()
            if row is None:  # it was cancelled meanwhile
                return 0
            sequence = int(row[0])
            database.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (subscription_id, sequence, now, content))
            database.execute(
                "DELETE FROM events WHERE subscription_id = ? AND (sequence <= ? OR created < ?)",
                (subscription_id, sequence - self.queue, now - self.life),
            )
        self._tell()
        return sequence

    def get_events(self, subscription_id: int, first: int = 1) -> list[tuple[int, bytes]]:
        """Number and content of the events that can still be fetched, from the number `first` on, oldest first."""
        rows = self._rows(
            "SELECT sequence, content FROM events WHERE subscription_id = ? AND sequence >= ? AND created >= ?"
            " ORDER BY sequence",
            (subscription_id, first, time.time() - self.life),
        )
        return [(int(sequence), bytes(content)) for sequence, content in rows]

    def expire(self) -> None:
        """Forget what has had its time. Adding a subscription does so too."""
        with self.transaction() as database:
            self._expire(database, time.time())

    def _expire(self, database: sqlite3.Connection, now: float) -> None:
        database.execute("DELETE FROM subscriptions WHERE expires <= ?", (now,))
        database.execute("DELETE FROM events WHERE created < ?", (now - self.life,))

    # Waiting.

    @property
    def version(self) -> int:
        """A number that is another one after another process changed the table."""
        with self._lock:
            return 0 if self._stopped else int(self._database.execute("PRAGMA data_version").fetchone()[0])

    @property
    def stopped(self) -> bool:
        """Whether nobody is to wait any more."""
        return self._stopped

    def waiting(self) -> Waiting:
        """Begin to wait: what happens from now on is not missed."""
        return Waiting(self._changed, self._count, self)

    def stop_waiting(self) -> None:
        """Wake all that wait, and let none wait again: the printer ends."""
        self._stopped = True
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._count.value += 1
            self._changed.notify_all()


def _subscription(row: tuple[object, ...]) -> Subscription:
    values = dict(zip((field.name for field in fields(Subscription)), row, strict=True))
    for name in ("events", "attributes"):
        values[name] = tuple(str(values[name]).split())
    values["ended"], values["user"] = bool(values["ended"]), string(values["user"])  # type: ignore[arg-type]
    return Subscription(**values)  # type: ignore[arg-type]
