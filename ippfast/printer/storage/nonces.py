"""The nonces of Digest for several processes: a count that one process has seen is refused by all.

The rule of this file: the count of a nonce is kept before its request is carried out. It need not survive the
processes, so there is no wait for the disk.
"""

import contextlib
import sqlite3
import threading
import time
from pathlib import Path

__all__ = ["SharedNonces"]

_EVERY = 60.0  # seconds between two removals of expired nonces


class SharedNonces:
    """As `ippfast.http.auth.Nonces`, in a file. key: all processes sign with it. seconds: a nonce is valid for this
    long."""

    def __init__(self, path: Path, key: bytes, *, seconds: float = 300.0) -> None:
        self.key = key
        self._seconds = seconds
        self._lock = threading.Lock()
        self._cleaned = 0.0
        self._database = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, count INTEGER NOT NULL, seen REAL NOT NULL)"
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def advance(self, nonce: str, count: int) -> bool:
        """Note a nonce's count. Returns whether it is higher than all before; False if the file can't be used."""
        now = time.time()
        with self._lock, contextlib.suppress(sqlite3.Error):
            if now - self._cleaned > _EVERY:
                self._cleaned = now
                self._database.execute("DELETE FROM nonces WHERE seen < ?", (now - 2 * self._seconds,))
            taken = self._database.execute(
                "INSERT INTO nonces VALUES (?, ?, ?) ON CONFLICT (nonce) DO UPDATE SET count = excluded.count,"
                " seen = excluded.seen WHERE excluded.count > nonces.count RETURNING 1",
                (nonce, count, now),
            ).fetchone()
            return taken is not None
        return False
