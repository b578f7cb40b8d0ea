"""The twin of `encode` and `decode` that this interpreter has.

The rule of this file: it does as the codec did.
"""

from typing import TYPE_CHECKING

from ..codec import IMPLEMENTATION

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._lines_py import decode, encode
else:
    from ._lines import decode, encode

__all__ = ["decode", "encode"]
