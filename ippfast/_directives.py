"""What `_message.py` says to its compiler, as the interpreter takes it: nothing.

Cython knows these names; the pure twin runs without Cython.
"""

from collections.abc import Callable

__all__ = ["cclass", "final", "freelist", "no_gc"]


def cclass(cls: type) -> type:
    """A class with fields in C, as `_message_c.pxd` lists them."""
    return cls


def final(cls: type) -> type:
    """No subclasses."""
    return cls


def no_gc(cls: type) -> type:
    """Unknown to the cycle collector."""
    return cls


def freelist(size: int) -> Callable[[type], type]:
    """So many freed objects are kept for the next."""
    return lambda cls: cls
