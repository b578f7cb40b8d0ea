"""What `_message.py` says to its compiler, as the interpreter takes it: at most a check.

Cython knows these names; the pure twin runs without Cython.
"""

from collections.abc import Callable

__all__ = ["cclass", "final", "freelist", "no_gc"]


def cclass(cls: type) -> type:
    """A class with fields in C, as `_message_c.pxd` lists them."""
    return cls


def final(cls: type) -> type:
    """No subclasses: TypeError for whoever tries."""

    def refuse(subclass: type, **arguments: object) -> None:
        raise TypeError(f"type {cls.__name__!r} is not an acceptable base type")

    cls.__init_subclass__ = classmethod(refuse)  # type: ignore[assignment]
    return cls


def no_gc(cls: type) -> type:
    """Unknown to the cycle collector."""
    return cls


def freelist(size: int) -> Callable[[type], type]:
    """So many freed objects are kept for the next."""
    return lambda cls: cls
