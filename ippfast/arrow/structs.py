"""The structs of Arrow's C data interface, for ctypes.

The rule of this file: they are laid out as https://arrow.apache.org/docs/format/CDataInterface.html says, and nothing
here has behaviour.
"""

from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int64, c_void_p

__all__ = ["Data", "Flow", "Release", "Schema"]

Release = CFUNCTYPE(None, c_void_p)


class Schema(Structure):
    pass


Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_char_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(Schema))),
    ("dictionary", POINTER(Schema)),
    ("release", c_void_p),
    ("private_data", c_void_p),
]


class Data(Structure):
    pass


Data._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(Data))),
    ("dictionary", POINTER(Data)),
    ("release", c_void_p),
    ("private_data", c_void_p),
]


class Flow(Structure):
    _fields_ = [
        ("get_schema", c_void_p),
        ("get_next", c_void_p),
        ("get_last_error", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]
