"""Documents in an object store: S3 or one that is compatible with it, Google's, Azure's (extra ``objects``: obstore).

The rule of this file: a document's key is in the uploads of the job store before its object is written, and is removed
from there when a job gets the document; so what a killed server left is known, and is removed without a search in the
object store. A document is sent in parts of `_PART` octets, `_AT_ONCE` at a time, so its size does not change the
memory used. A small document is kept with its job instead (`IncomingDocument.content`).
"""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import from_url

from ippfast.http.events import Buffer

from .seam import StorageError, TooLarge
from .tokens import token

__all__ = ["Objects", "Uploads"]

_HEAD = 1_024
_SMALL = 65_536
_PART = 8 << 20
_AT_ONCE = 2
_PIECE = 1 << 20

# With the library's own values it waits for minutes if a store does not answer; with these, some 20 seconds.
_CLIENT: dict[str, Any] = {"timeout": timedelta(seconds=5), "connect_timeout": timedelta(seconds=3)}
_RETRY: dict[str, Any] = {"max_retries": 2, "retry_timeout": timedelta(seconds=8)}


class Uploads(Protocol):
    """The part of `JobStore` for documents that are being uploaded."""

    def begin_upload(self, key: str) -> None:
        """As `JobStore.begin_upload`."""

    def doom_uploads(self, older: float) -> list[str]:
        """As `JobStore.doom_uploads`."""

    def end_uploads(self, keys: Iterable[str]) -> None:
        """As `JobStore.end_uploads`."""

    def content(self, key: str) -> bytes | None:
        """As `JobStore.content`."""


class IncomingObject:
    """An `IncomingDocument`."""

    def __init__(self, store: Any, uploads: Uploads, small: int) -> None:
        self.key = token()
        self.octets = 0
        self.head = b""
        self.content: bytes | None = None
        self.fenced = False
        self._store = store
        self._uploads = uploads
        self._small = small
        self._kept = False

    def write(self, pieces: Iterable[Buffer], limit: int | None) -> None:
        """As `IncomingDocument.write`."""
        came = self._counted(pieces, limit)
        begun = bytearray()
        for piece in came:
            begun += piece
            if len(begun) > self._small:
                break
        else:
            self.content = bytes(begun)
            return
        self._uploads.begin_upload(self.key)
        self.fenced = True
        failed: list[BaseException] = []

        def parts() -> Iterator[bytes]:
            try:
                yield bytes(begun)
                for piece in came:
                    yield bytes(piece)
            except BaseException as error:  # the library would raise another error
                failed.append(error)
                raise

        try:
            obstore.put(self._store, self.key, parts(), use_multipart=True, chunk_size=_PART, max_concurrency=_AT_ONCE)
        except BaseException as error:
            if failed:
                raise failed[0] from None
            raise _explained(error) from error

    def _counted(self, pieces: Iterable[Buffer], limit: int | None) -> Iterator[Buffer]:
        for piece in pieces:
            self.octets += len(piece)
            if limit is not None and self.octets > limit:
                raise TooLarge(limit)
            if len(self.head) < _HEAD:
                self.head += bytes(piece[: _HEAD - len(self.head)])
            yield piece

    def keep(self) -> None:
        """As `IncomingDocument.keep`."""
        self._kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.fenced and not self._kept and not isinstance(error, StorageError):  # then a job may have it
            with contextlib.suppress(StorageError, OSError):  # `clean` removes what is left
                _delete(self._store, [self.key])
                self._uploads.end_uploads([self.key])


class Objects:
    """A `DocumentStore`. url: the object store's, with a prefix. uploads: the job store.

    The credentials are those of the environment (such as AWS_ACCESS_KEY_ID). life: after this many seconds a document
    that no job has is given up, even if it is still being uploaded. small: up to this many octets are kept with the
    job.

    Raises StorageError if the URL is not one of an object store.
    """

    def __init__(self, url: str, uploads: Uploads, *, life: float, small: int = _SMALL) -> None:
        client = dict(_CLIENT)
        client["allow_http"] = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http:")  # a server of one's own
        try:
            try:
                self._store: Any = from_url(url, client_options=client, retry_config=_RETRY)  # type: ignore[call-overload]
            except TypeError:  # a store that is not on a network
                self._store = from_url(url)
        except (BaseError, ValueError) as error:
            raise StorageError(f"{url}: {error}") from error
        self._uploads = uploads
        self._life = life
        self._small = small

    def new(self) -> IncomingObject:
        """As `DocumentStore.new`."""
        return IncomingObject(self._store, self._uploads, self._small)

    def open(self, key: str, start: int = 0) -> Iterator[Buffer]:
        """As `DocumentStore.open`."""
        content = self._uploads.content(key)
        if content is not None:
            return iter([content[start:]] if start < len(content) else [])
        return self._read(key, start)

    def _read(self, key: str, start: int) -> Iterator[Buffer]:
        with _explaining():
            size = obstore.head(self._store, key)["size"]
            if start >= size:
                return
            options: Any = {"range": {"offset": start}} if start else None
            for piece in obstore.get(self._store, key, options=options).stream(min_chunk_size=_PIECE):
                yield memoryview(piece)

    @contextlib.contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """As `DocumentStore.local`."""
        with tempfile.NamedTemporaryFile(prefix="ippfast-") as file:
            for piece in self.open(key):
                file.write(piece)
            file.flush()
            yield Path(file.name)

    def remove(self, keys: Iterable[str]) -> None:
        """As `DocumentStore.remove`."""
        _delete(self._store, list(keys))

    def clean(self) -> int:
        """As `DocumentStore.clean`."""
        doomed = self._uploads.doom_uploads(self._life)
        _delete(self._store, doomed)  # and once more after another life: a paused process may still write it
        self._uploads.end_uploads(self._uploads.doom_uploads(2 * self._life))
        return len(doomed)


def _delete(store: Any, keys: list[str]) -> None:
    for key in keys:
        with contextlib.suppress(FileNotFoundError), _explaining():
            obstore.delete(store, key)


@contextlib.contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise _explained(error) from error


def _explained(error: BaseException) -> Exception:
    if isinstance(error, (NotFoundError, FileNotFoundError)):
        return FileNotFoundError(str(error).partition("\n")[0])
    return OSError(f"the object store failed: {str(error).partition(chr(10))[0]}")
