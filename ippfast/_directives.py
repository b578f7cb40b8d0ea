"""The directives of `_attribute.py` and `_message.py` to their compiler, for the pure twin, which runs without Cython.

The rule of this file: each has a name that Cython knows, and does nothing here but at most a check.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Class = TypeVar("Class", bound=type)
    Kind = TypeVar("Kind")

__all__ = ["cast", "cclass", "compiled", "final", "freelist", "no_gc", "trashcan"]

compiled = False
"""The compiler takes it as True."""


def cast(kind: "type[Kind]", value: object) -> "Kind":
    """Tell the compiler that a value is of that class, so that it need not check."""
    return value  # type: ignore[return-value]


def cclass(cls: "Class") -> "Class":
    """Give a class the C fields that its `.pxd` lists."""
    return cls


def final(cls: "Class") -> "Class":
    """Forbid subclasses: making one raises TypeError."""

    def refuse(subclass: "Any", /, **arguments: object) -> None:
        raise TypeError(f"type {cls.__name__!r} is not an acceptable base type")

    cls.__init_subclass__ = classmethod(refuse)  # type: ignore[assignment]
    return cls


def no_gc(cls: "Class") -> "Class":
    """Keep objects of a class from the cycle collector."""
    return cls


def trashcan(on: bool) -> "Callable[[Class], Class]":
    """Free a long chain of objects without deep recursion, as the interpreter does with its own classes."""
    return lambda cls: cls


def freelist(size: int) -> "Callable[[Class], Class]":
    """Keep this many freed objects, to use their memory for the next."""
    return lambda cls: cls
