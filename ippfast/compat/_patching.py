"""Puts functions into a library that is in use, and takes them out again.

The rule of this file: a function is replaced wherever a loaded module of the library has it, by whatever name, since
modules bind each other's functions when they are imported.
"""

import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Patches"]


class Patches:
    """The replacements in one library, whose top package is `package`."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._replaced: list[tuple[ModuleType, str, Any]] = []

    def apply(self, pairs: "Iterable[tuple[Any, Any]]") -> None:
        """Replace each first object of a pair by the second."""
        ours = {id(theirs): (theirs, our) for theirs, our in pairs}
        for path, module in list(sys.modules.items()):
            if path.partition(".")[0] != self._package or not isinstance(module, ModuleType):
                continue
            for name, found in list(vars(module).items()):
                if id(found) in ours:
                    self._replaced.append((module, name, found))
                    setattr(module, name, ours[id(found)][1])

    def undo(self) -> None:
        """Give the library its own functions back. If it has them, nothing is done."""
        while self._replaced:
            module, name, found = self._replaced.pop()
            setattr(module, name, found)
