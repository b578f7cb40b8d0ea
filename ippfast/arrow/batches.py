"""The objects that are handed over: a batch, and a table that comes in batches.

The rule of this file: every export is as good as the first. DuckDB takes an object's stream three times; what could be
given once only would be a table without rows the second time, so it is an error instead.
"""

from threading import Lock

from ._picked import export_array, export_schema, export_stream
from .schema import Array, Field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Batch", "Table"]


class Batch:
    """Some rows of a table. Arrow's C data interface hands them over, and copies nothing.

    pyarrow, Polars, DuckDB, pandas, nanoarrow and others take it as it is: ``pyarrow.record_batch(batch)``,
    ``polars.DataFrame(batch)``. It never changes, and may be used by several threads.
    """

    __slots__ = ("_array", "_field")

    def __init__(self, field: Field, array: Array) -> None:
        self._field = field
        self._array = array

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple([child.name for child in self._field.children])

    def __len__(self) -> int:
        """How many rows there are."""
        return self._array.length

    def __repr__(self) -> str:
        return f"<Batch of {len(self)} rows, {len(self._field.children)} columns>"

    def __arrow_c_schema__(self) -> object:
        return export_schema(self._field)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return export_array(self._field, self._array)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return export_stream(self._field, iter([self._array]))


class Table:
    """A table that is made in batches, on demand: iterate, or give it to anything that takes Arrow's streams.

    Each iteration and each export begins anew. One that is made of an iterator can be read once: a second reading
    raises RuntimeError.
    """

    __slots__ = ("_begin", "_field", "_lock", "_once", "_read")

    def __init__(self, field: Field, begin: "Callable[[], Iterator[Array]]", *, once: bool) -> None:
        self._field = field
        self._begin = begin
        self._once = once
        self._read = False
        self._lock = Lock()

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple([child.name for child in self._field.children])

    def _arrays(self) -> "Iterator[Array]":
        # Nothing is read before the first batch is asked for, so that a consumer of the schema alone reads no rows.
        with self._lock:
            if self._once and self._read:
                raise RuntimeError("this table is made of an iterator, which has been read: give a list, or paths")
            self._read = True
        yield from self._begin()

    def __iter__(self) -> "Iterator[Batch]":
        for array in self._arrays():
            yield Batch(self._field, array)

    def __arrow_c_schema__(self) -> object:
        return export_schema(self._field)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return export_stream(self._field, self._arrays())
