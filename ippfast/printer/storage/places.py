"""Where jobs and documents are kept, as words: a directory, or the URLs of a database and of a document store.

The rule of this file: an engine is imported only if its place is named, since each wants a library of its own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .seam import Storage, StorageError

__all__ = ["AnyPlace", "Place", "opened"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place for each of the two halves of a storage.

    store: of jobs: a directory, also as ``sqlite:///DIR``, or ``postgresql://...`` as libpq has it. documents: a
    directory, or a URL such as ``s3://BUCKET/PREFIX``; None: in the directory of the jobs, or `local` if these are in a
    database. local: a directory of this host.
    """

    store: str | Path
    documents: str | Path | None = None
    local: Path | None = None

    def open(self) -> Storage:
        """The storage. Raises StorageError, OSError, and ModuleNotFoundError for a library that is not installed."""
        store = str(self.store)
        scheme, mark, rest = store.partition("://")
        if mark and scheme in ("postgresql", "postgres"):
            from .postgres import PostgresStorage

            documents = self.documents or (None if self.local is None else self.local / "documents")
            if documents is None:
                raise StorageError("a database needs a place for documents: a directory that all hosts have, or s3://")
            return PostgresStorage(store, documents)
        from .sqlite import SQLiteStorage

        if mark and scheme != "sqlite":
            raise StorageError(f"jobs are kept in a directory, sqlite:///DIR or postgresql://, not in {scheme}://")
        return SQLiteStorage(rest if mark else store, documents=self.documents)


AnyPlace: TypeAlias = Storage | Place | str | Path
"""A storage, or the URL or directory of one."""


def opened(storage: AnyPlace) -> tuple[Storage, bool]:
    """The storage, and whether it was opened here, so that it is to be closed here too."""
    if isinstance(storage, (str, Path)):
        return Place(store=storage).open(), True
    if isinstance(storage, Place):
        return storage.open(), True
    return storage, False
