"""One part of a data set as a table: `table`, for Spark, Dask, Ray and pools of threads or processes.

The rule of this file: a call depends on its arguments alone and leaves nothing behind. `table` is a function of a
module, so pickle sends it by its name, and `functools.partial` of it too.
"""

from functools import partial

from ..limits import DEFAULT_LIMITS, Limits
from .sources import opened
from .tables import messages, values
from .wide import wide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from typing_extensions import Buffer

    from .batches import Table
    from .records import Record

__all__ = ["table"]


def table(
    batch: object,
    column: str = "octets",
    *,
    make: "str | Sequence[str]" = "values",
    keep: "Sequence[str]" = (),
    plain: bool = False,
    recover: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> "Any":
    """The table of the messages in one batch of rows: a ``pyarrow.Table``. It takes the extra ``columns``.

    batch: rows as pyarrow takes them (``pyarrow.RecordBatch`` and ``Table``, frames of pandas and Polars, anything
    with Arrow's C data interface), or a list or tuple of the values of the column.
    column: its name. It holds messages as octets, null being a message of none, or paths as strings, each of a file
    or directory that `values` takes.
    make: ``"values"``, ``"messages"``, or the columns of a `wide` table.
    keep: columns of the batch that each row of the result gets, before its own. They distinguish the messages of all
    batches, since ``message`` counts from 0 in each batch.
    plain: no types but those that Spark has too: names as strings instead of a dictionary, signed integers of the next
    size for unsigned ones, timestamps in microseconds.
    recover, limits: as `values` has them.

    It may be called in many threads and processes at once. A batch without rows gives a table without rows, whose
    ``schema`` is that of all. Raises KeyError for a column that the batch lacks, TypeError for one that holds neither
    octets nor strings, FileNotFoundError for a path with nothing behind it, RegistryError for a column of a wide table
    that is not registered, and ModuleNotFoundError without pyarrow.
    """
    import pyarrow

    given = None
    items: Sequence[Any]
    if isinstance(batch, (list, tuple)):
        if keep:
            raise ValueError("a list has no columns to keep")
        items = batch
    else:
        given = pyarrow.table(batch)
        items = given.column(column).to_pylist()
    rows: list[int] = []  # for each message, the row of the batch that it is of
    source = _maker(make)(_records(items, limits, rows), recover=recover, limits=limits)
    # The stream of the whole is not used here, since it makes an OSError of every exception.
    batches = [pyarrow.record_batch(each) for each in source]
    made = pyarrow.Table.from_batches(batches, pyarrow.schema(source))
    made = made.unify_dictionaries()  # each batch's own is longer than the one before
    if plain:
        made = made.cast(pyarrow.schema([field.with_type(_plain(field.type)) for field in made.schema]))
    if given is None or not keep:
        return made
    numbers = pyarrow.array(rows, pyarrow.int64())
    if make != "messages":  # which has one row for each
        numbers = numbers.take(made.column("message").combine_chunks())
    kept = given.select(list(keep)).take(numbers)
    return pyarrow.table([*kept.columns, *made.columns], schema=pyarrow.schema([*kept.schema, *made.schema]))


def _maker(make: "str | Sequence[str]") -> "Callable[..., Table]":
    if make == "values":
        return values
    if make == "messages":
        return messages
    if isinstance(make, str):
        raise ValueError(f'"values", "messages" or a list of columns are made, not {make!r}')
    return partial(_wide, make)


def _wide(columns: "Sequence[str]", source: "Iterator[Buffer | Record]", **options: "Any") -> "Table":
    return wide(source, columns, **options)


def _records(items: "Sequence[Any]", limits: Limits, rows: list[int]) -> "Iterator[Buffer | Record]":
    """Give the messages of each item. For each message the item's number is appended to `rows`."""
    for number, item in enumerate(items):
        if not isinstance(item, (bytes, str, type(None))):
            raise TypeError(f"a message is octets, a path a string; this is {type(item).__name__}")
        for record in opened(item or b"", limits)[0]():
            rows.append(number)
            yield record


def _plain(kind: "Any") -> "Any":
    """Return the type of Spark that takes the values of a type of ours."""
    import pyarrow

    types = pyarrow.types
    if types.is_dictionary(kind):
        return kind.value_type
    if types.is_timestamp(kind):
        return pyarrow.timestamp("us", kind.tz)
    if types.is_uint8(kind):
        return pyarrow.int16()
    if types.is_uint16(kind):
        return pyarrow.int32()
    if types.is_list(kind):
        return pyarrow.list_(kind.value_field.with_type(_plain(kind.value_type)))
    if types.is_struct(kind):
        return pyarrow.struct([kind.field(at).with_type(_plain(kind.field(at).type)) for at in range(kind.num_fields)])
    return kind
