"""The columns of the tables `messages` and `values`, and how any column is described.

The rule of this file: a column's name, type and place stand here once. Both twins fill them in this order; what a
column means stands in `docs/columns.md`. Types are the format strings of Arrow's C data interface.
"""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from typing_extensions import Buffer

__all__ = ["MESSAGES", "VALUES", "Array", "Field", "row_of"]


class Field(namedtuple("Field", "name format nullable children dictionary", defaults=(False, (), None))):
    """A column: its name, its type, whether it can be null, and of what it is made.

    children: the fields of a struct, the one of a list. dictionary: the field that the numbers are places in, or None.
    """

    __slots__ = ()
    name: str
    format: str
    nullable: bool
    children: "tuple[Field, ...]"
    dictionary: "Field | None"


class Array(namedtuple("Array", "length nulls buffers children dictionary", defaults=((), None))):
    """What is in a column: the buffers that Arrow wants for the format, the first which rows are not null, or None."""

    __slots__ = ()
    length: int
    nulls: int
    buffers: "tuple[Buffer | None, ...]"
    children: "tuple[Array, ...]"
    dictionary: "Array | None"


def row_of(fields: "Sequence[Field]") -> Field:
    """Make a struct of the columns of a table: a batch is handed over as one column of it."""
    return Field("", "+s", False, tuple(fields))


def _columns(*fields: "tuple[Any, ...]") -> tuple[Field, ...]:
    return tuple([Field(*field) for field in fields])


MESSAGES = _columns(
    ("source", "u", True),
    ("offset", "l"),
    ("time", "tsu:UTC", True),
    ("peer", "u", True),
    ("direction", "u", True),
    ("kind", "u", True),
    ("version", "u", True),
    ("code", "S", True),
    ("code_name", "u", True),
    ("request_id", "i", True),
    ("octets", "l"),
    ("error", "u", True),
    ("error_offset", "l", True),
    ("repaired", "i"),
)

VALUES = _columns(
    ("message", "l"),
    ("group", "i"),
    ("group_tag", "C"),
    ("attribute", "i", True),
    ("parent", "i", True),
    ("depth", "C"),
    ("name", "i", True, (), Field("", "u")),
    ("index", "i", True),
    ("tag", "C", True),
    ("integer", "i", True),
    ("upper", "i", True),
    ("cross_feed", "i", True),
    ("feed", "i", True),
    ("units", "c", True),
    ("string", "u", True),
    ("octets", "z", True),
    ("timestamp", "tsm:UTC", True),
)
