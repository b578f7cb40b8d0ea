"""What `_attribute.py` and `_message.py` say to their compiler, as the interpreter takes it: at most a check.

Cython knows these names; the pure twin runs without Cython.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Class = TypeVar("Class", bound=type)
    Kind = TypeVar("Kind")

__all__ = ["cast", "cclass", "compiled", "final", "freelist", "no_gc", "trashcan"]

compiled = False
"""True for the compiler."""


def cast(kind: "type[Kind]", value: object) -> "Kind":
    """A value that is known to be of that class, for the compiler to take as that without asking."""
    return value  # type: ignore[return-value]


def cclass(cls: "Class") -> "Class":
    """A class with fields in C, as its `.pxd` lists them."""
    return cls


def final(cls: "Class") -> "Class":
    """No subclasses: TypeError for whoever tries."""

    def refuse(subclass: "Any", /, **arguments: object) -> None:
        raise TypeError(f"type {cls.__name__!r} is not an acceptable base type")

    cls.__init_subclass__ = classmethod(refuse)  # type: ignore[assignment]
    return cls


def no_gc(cls: "Class") -> "Class":
    """Unknown to the cycle collector."""
    return cls


def trashcan(on: bool) -> "Callable[[Class], Class]":
    """What hangs on each other is freed one after the other, as the interpreter does it with its own classes."""
    return lambda cls: cls


def freelist(size: int) -> "Callable[[Class], Class]":
    """This many freed objects are kept for the next."""
    return lambda cls: cls
