"""Messages as tables: Arrow's columns, made from the wire without an object of Python for any value.

    import ippfast.arrow, pyarrow

    for batch in ippfast.arrow.values(buffers):
        pyarrow.record_batch(batch)  # or polars.DataFrame(batch), or nanoarrow.Array(batch)

`values` has a row for each value, `messages` one for each message, and `rebuild` makes the messages of the two again,
octet for octet; `wide` has a column for each attribute that is asked for. Whatever takes Arrow's C data interface takes
the tables and their batches as they are. `table` makes one of a part of a data set, where Spark, Dask or Ray want it.

The rule of this folder: tables are made by twins, `_builder.pyx` and `_builder_py.py`, and handed over by twins,
`_export.pyx` and `_export_py.py`. The columns stand in `schema.py`; no other package is needed for any of it, except
that `table` gives one of pyarrow's.
"""

from .batches import Batch, Table
from .parts import table
from .rebuild import rebuild
from .records import Record
from .tables import messages, values
from .wide import wide

__all__ = ["Batch", "Record", "Table", "messages", "rebuild", "table", "values", "wide"]
