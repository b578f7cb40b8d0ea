"""Opens a storage by its place: a directory, or the URLs of a database and of a document store.

The rule of this file: an engine is imported only if it is used, since each needs a library of its own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .seam import Storage, StorageError

__all__ = ["AnyPlace", "Place", "opened"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """The places of jobs and documents.

    store: the place of jobs: a directory, also as ``sqlite:///DIR``, or a URL of libpq (``postgresql://...``).
    documents: a directory, or a URL such as ``s3://BUCKET/PREFIX``; None: in the directory of the jobs, or in `local`
    if the jobs are in PostgreSQL. local: a directory of this host.
    """

    store: str | Path
    documents: str | Path | None = None
    local: Path | None = None

    def open(self) -> Storage:
        """Open the storage. Raises StorageError, OSError, and ModuleNotFoundError for a library that is not
        installed."""
        store = str(self.store)
        scheme, mark, rest = store.partition("://")
        if mark and scheme in ("postgresql", "postgres"):
            from .postgres import PostgresStorage

            documents = self.documents or (None if self.local is None else self.local / "documents")
            if documents is None:
                raise StorageError(
                    "with a database, documents need a place: a directory that all hosts share, or s3://"
                )
            return PostgresStorage(store, documents)
        from .sqlite import SQLiteStorage

        if mark and scheme != "sqlite":
            raise StorageError(f"jobs are kept in a directory, sqlite:///DIR or postgresql://, not in {scheme}://")
        return SQLiteStorage(rest if mark else store, documents=self.documents)


AnyPlace: TypeAlias = Storage | Place | str | Path
"""A storage, or the URL or directory of one."""


def opened(storage: AnyPlace) -> tuple[Storage, bool]:
    """The storage, and whether it was opened here: then the caller must close it."""
    if isinstance(storage, (str, Path)):
        return Place(store=storage).open(), True
    if isinstance(storage, Place):
        return storage.open(), True
    return storage, False
