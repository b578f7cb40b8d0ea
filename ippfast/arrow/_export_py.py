"""The pure twin of what hands tables over: Arrow's C data interface, in PyCapsules, by ctypes.

The rule of this file: it does what `_export.pyx` does. Nothing goes out that was not checked here: what describes an
array are tuples that anybody can make. What goes out is kept for as long as its consumer has it, whatever becomes of
the rest, so that every export is as good as the first.
"""

import ctypes
import errno
from array import array as array_type
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_void_p
from itertools import count, pairwise

from .schema import Array, Field
from .structs import Data, Flow, Release, Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = ["export_array", "export_schema", "export_stream"]

_NULLABLE = 2
_DEEPEST = 120
_WIDTHS = {"c": 1, "C": 1, "s": 2, "S": 2, "i": 4, "l": 8, "tsm:UTC": 8, "tsu:UTC": 8}
_BUFFERS = {"+s": 1, "u": 3, "z": 3}

_kept: "dict[int, Any]" = {}
"""The objects that consumers hold, by the number that stands in private_data."""
_numbers = count(1)


def _keep(what: "Any") -> int:
    number = next(_numbers)
    _kept[number] = what
    return number


def _release_parts(struct: "Any") -> None:
    for index in range(struct.n_children):
        child = struct.children[index].contents
        if child.release:
            Release(child.release)(ctypes.addressof(child))
    if struct.dictionary and struct.dictionary.contents.release:
        Release(struct.dictionary.contents.release)(ctypes.addressof(struct.dictionary.contents))
    struct.release = None
    del _kept[struct.private_data]


def _let_go_of_schema(address: int) -> None:
    _release_parts(Schema.from_address(address))


def _let_go_of_data(address: int) -> None:
    _release_parts(Data.from_address(address))


def _let_go_of_flow(address: int) -> None:
    flow = Flow.from_address(address)
    flow.release = None
    del _kept[flow.private_data]


_release_schema, _release_data, _release_flow = map(Release, (_let_go_of_schema, _let_go_of_data, _let_go_of_flow))


def _address(function: "Any") -> "Any":
    return ctypes.cast(function, c_void_p).value


def _pointers(kind: "Any", structs: "list[Any]") -> "Any":
    return (POINTER(kind) * len(structs))(*[ctypes.pointer(struct) for struct in structs]) if structs else None


# ---- Capsules ----

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [c_void_p, c_char_p, c_void_p]
# These are for a capsule that is being freed: nothing may hold it once more.
_pointer_of = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))


def _dropping(name: bytes, kind: "Any") -> "Any":
    """What a capsule of that name calls at its end."""

    def drop(capsule: int) -> None:
        address = _pointer_of(capsule, name)
        struct = kind.from_address(address)
        if struct.release:
            Release(struct.release)(address)
        del _structs[address]

    return ctypes.CFUNCTYPE(None, c_void_p)(drop)


_structs: "dict[int, Any]" = {}
"""The structs in capsules, by their address."""
_SCHEMA, _DATA, _FLOW = b"arrow_schema", b"arrow_array", b"arrow_array_stream"
_drop_schema, _drop_data, _drop_flow = _dropping(_SCHEMA, Schema), _dropping(_DATA, Data), _dropping(_FLOW, Flow)


def _capsule(struct: "Any", name: bytes, drop: "Any") -> object:
    address = ctypes.addressof(struct)
    _structs[address] = struct
    return _new_capsule(address, name, _address(drop))


# ---- The schema ----


def _new_schema(field: object, depth: int = 0) -> Schema:
    if type(field) is not Field or depth > _DEEPEST:
        raise TypeError("no Field that can be handed over")
    name, kind, nullable, fields, dictionary = field
    made = Schema(kind.encode(), name.encode())
    children = [_new_schema(child, depth + 1) for child in fields]
    made.flags = _NULLABLE if nullable else 0
    made.n_children = len(children)
    made.children = _pointers(Schema, children)
    inner = None
    if dictionary is not None:
        inner = _new_schema(dictionary, depth + 1)
        made.dictionary = ctypes.pointer(inner)
    made.private_data = _keep((made.format, made.name, children, made.children, inner, made._objects))
    made.release = _address(_release_schema)
    return made


def export_schema(field: Field) -> object:
    """The capsule of ``__arrow_c_schema__`` for a `Field`."""
    return _capsule(_new_schema(field), _SCHEMA, _drop_schema)


# ---- Arrays ----


def _new_data(field: object, array: object, depth: int = 0) -> Data:
    """Make what a `Field` and an `Array` say, and check that no consumer reads outside it."""
    if type(field) is not Field or type(array) is not Array or depth > _DEEPEST:
        raise TypeError("no Field and Array that can be handed over")
    _, kind, _, fields, dictionary_field = field
    length, nulls, buffers, arrays, dictionary = array
    if not 0 <= length <= 0x7FFFFFFF or not -1 <= nulls <= length:
        raise ValueError("an array of a length that cannot be")
    fields, arrays = tuple(fields), tuple(arrays)
    held = [None if buffer is None else bytes(buffer) for buffer in buffers]
    wanted = _BUFFERS.get(kind, 2)
    if len(held) != wanted or len(fields) != len(arrays):
        raise ValueError("an array that is not made as its field says")
    if None in held[1:]:
        raise ValueError("an array without a buffer that it needs")
    if (dictionary is None) != (dictionary_field is None):
        raise ValueError("an array that is not made as its field says")
    # Each is checked before any of them is kept: what fails leaves nothing behind.
    _check(kind, length, nulls, held, arrays, dictionary)
    children = [_new_data(child, one, depth + 1) for child, one in zip(fields, arrays, strict=True)]
    made = Data(length, nulls, 0, wanted, len(children))
    pointers = (c_void_p * wanted)(*[_address(c_char_p(each)) if each is not None else None for each in held])
    made.buffers = pointers
    made.children = _pointers(Data, children)
    inner = None
    if dictionary is not None:
        inner = _new_data(dictionary_field, dictionary, depth + 1)
        made.dictionary = ctypes.pointer(inner)
    made.private_data = _keep((held, pointers, children, made.children, inner, made._objects))
    made.release = _address(_release_data)
    return made


def _check(
    kind: str, length: int, nulls: int, held: "list[Any]", children: "tuple[Any, ...]", dictionary: "Any"
) -> None:
    """Whether the buffers are as large as the length says, and what points into others points inside them."""
    valid = held[0]
    if valid is not None and len(valid) < (length + 7) >> 3:
        raise ValueError("a validity bitmap that is too short")
    if kind == "+s":
        if any(child.length != length for child in children):
            raise ValueError("a struct whose members differ in length")
    elif kind in ("u", "z", "+l"):
        if len(held[1]) < (length + 1) * 4:
            raise ValueError("offsets that are too few")
        if kind == "+l" and len(children) != 1:
            raise ValueError("a list of other than one kind")
        offsets = array_type("i", held[1][: (length + 1) * 4])
        most = children[0].length if kind == "+l" else len(held[2])
        if offsets[0] < 0 or offsets[-1] > most or any(one > other for one, other in pairwise(offsets)):
            raise ValueError("offsets that point outside")
    elif kind == "b":
        if len(held[1]) < (length + 7) >> 3:
            raise ValueError("values that are too few")
    elif kind not in _WIDTHS:
        raise ValueError("a format that is not handed over")
    else:
        if len(held[1]) < length * _WIDTHS[kind]:
            raise ValueError("values that are too few")
        if dictionary is not None:
            if _WIDTHS[kind] != 4:
                raise ValueError("places in a dictionary that are no int32")
            places = array_type("i", held[1][: length * 4])
            if nulls == 0:  # then a consumer need not look at the bitmap
                valid = None
            if (valid is None or length) and any(
                not 0 <= place < dictionary.length and (valid is None or valid[row >> 3] >> (row & 7) & 1)
                for row, place in enumerate(places)
            ):
                raise ValueError("a place outside its dictionary")


def export_array(field: Field, array: Array) -> tuple[object, object]:
    """The two capsules of ``__arrow_c_array__`` for a `Field` and an `Array`.

    Raises ValueError if the array is not made as its field says, or has buffers that are too small for it.
    """
    capsule = _capsule(_new_data(field, array), _DATA, _drop_data)
    return export_schema(field), capsule


# ---- Streams ----


class _Source:
    def __init__(self, field: Field, arrays: "Iterator[Array]") -> None:
        self.field = field
        self.arrays = arrays
        self.error: bytes | None = None


def _attempt(flow: int, out: int, make: "Callable[[_Source], Any]") -> int:
    source = _kept[Flow.from_address(flow).private_data]
    try:
        made = make(source)
    except BaseException as error:
        source.error = f"{type(error).__name__}: {error}".encode("utf-8", "replace")
        return errno.EIO
    ctypes.memmove(out, ctypes.addressof(made), ctypes.sizeof(made))
    return 0


def _give_schema(flow: int, out: int) -> int:
    return _attempt(flow, out, lambda source: _new_schema(source.field))


def _next_data(source: _Source) -> Data:
    array = next(source.arrays, None)
    return Data() if array is None else _new_data(source.field, array)


def _give_next(flow: int, out: int) -> int:
    return _attempt(flow, out, _next_data)


def _give_error(flow: int) -> "Any":
    error = _kept[Flow.from_address(flow).private_data].error
    return None if error is None else _address(c_char_p(error))


_Give = CFUNCTYPE(c_int, c_void_p, c_void_p)
_flow_schema, _flow_next, _flow_error = (
    _Give(_give_schema),
    _Give(_give_next),
    CFUNCTYPE(c_void_p, c_void_p)(_give_error),
)


def export_stream(field: Field, arrays: "Iterator[Array]") -> object:
    """The capsule of ``__arrow_c_stream__`` for a `Field` and an iterator of `Array`, which is read as it is asked."""
    made = Flow(_address(_flow_schema), _address(_flow_next), _address(_flow_error), _address(_release_flow))
    made.private_data = _keep(_Source(field, arrays))
    return _capsule(made, _FLOW, _drop_flow)
