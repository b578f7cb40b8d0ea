"""The attributes of a printer that come from its resources: icons, strings, profiles (PWG 5100.22).

The rule of this file: the storage is read once, and again after something of the system has changed.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ippfast.wrappers import Name

from ..answers import readable
from ..calls import Call
from ..storage.rows import SYSTEM, Resource
from ..storage.seam import Storage
from .resources import data_uri, language_of

if TYPE_CHECKING:
    from .system import System

__all__ = ["Allocations"]


class Allocations:
    """The resources of all printers, by their queues."""

    def __init__(self, storage: Storage) -> None:
        self._store = storage.queue(SYSTEM)
        self._lock = threading.Lock()
        self._changes = 0  # how often something has changed
        self._known: dict[str, list[Resource]] | None = None
        self._end = storage.bus.listen(SYSTEM, self.forget)

    def close(self) -> None:
        """Stop listening to the storage."""
        self._end()

    def forget(self) -> None:
        """Forget what was read, because something has changed."""
        with self._lock:
            self._known = None
            self._changes += 1

    def of(self, key: str) -> list[Resource]:
        """The resources of a printer."""
        with self._lock:
            known, changes = self._known, self._changes
        if known is None:
            allocated = self._store.allocated()
            found = {each.id: each for each in self._store.resources()} if allocated else {}
            known = {key: [found[each] for each in ids if each in found] for key, ids in allocated.items()}
            with self._lock:
                if changes == self._changes:  # otherwise what was read may be older than the change
                    self._known = known
        return known.get(key, [])

    def attributes(self, system: "System", key: str, call: Call) -> Mapping[str, Callable[[], Any]]:
        """The printer's attributes that come from its resources, for `PrinterCore.more`."""
        resources = self.of(key)
        if not resources:
            return {}
        found: dict[str, Callable[[], Any]] = {}
        icons = [each for each in resources if each.type == "static-image" and each.format == "image/png"]
        strings = [each for each in resources if each.type == "static-strings"]
        profiles = [each for each in resources if each.type == "static-icc-profile"]

        def uri(resource: Resource) -> str:
            return data_uri(system, call.incoming, resource)

        def strings_uri() -> str:
            language = str(call.attributes.value("attributes-natural-language", "en")).lower()
            fitting = [each for each in strings if language_of(each).lower() == language]
            return uri((fitting or strings)[0])

        if icons:
            found["printer-icons"] = lambda: [uri(each) for each in icons]
        if strings:
            found["printer-strings-uri"] = strings_uri
            found["printer-strings-languages-supported"] = lambda: [language_of(each) for each in strings]
        if profiles:
            found["printer-icc-profiles"] = lambda: [
                {"profile-name": Name(readable(each.name or str(each.id))), "profile-url": uri(each)}
                for each in profiles
            ]
        return found
