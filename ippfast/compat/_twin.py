"""Picks the loops that belong to the codec in use: the compiled ones, or those in Python.

The rule of this file: they are those of the package's twin, as `ippfast.codec` has picked it, and never others.
"""

from ippfast import IMPLEMENTATION

TYPE_CHECKING = False
if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._loops import read_attributes, read_group
else:
    from ._loops_c import read_attributes, read_group

__all__ = ["read_attributes", "read_group"]
