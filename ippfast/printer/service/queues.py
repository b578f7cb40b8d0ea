"""The printers of a service: their names, numbers, descriptions and outputs.

The rule of this file: they are settings of a queue in the storage that belongs to no printer, so that all processes
know the same printers. A number (printer-id) is never given twice; the queue of a printer in the storage has its name
and its number, so that a new printer with an old name begins with nothing. A printer that is no longer in the file is
kept as a former one: its jobs are still found, and it gets its number back if the file names it again.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote

from ippfast.codec import Attribute

from ..description import Description
from ..storage.rows import SYSTEM, Told, pack, unpack
from ..storage.seam import Storage

__all__ = ["QueueError", "QueueSpec", "Queues", "segment"]

_PREFIX = "printer/"
_FORMER = "former/"
_UNWELCOME = frozenset("/#?\\'\"%")
_OUTPUTS = ("spool", "command", "forward")
_MOST_PRINTERS = 65_535


class QueueError(ValueError):
    """A printer cannot be made like this; the text says why."""


@dataclass(frozen=True, kw_only=True)
class QueueSpec:
    """A printer of a service.

    name: what it is called, and the last part of its URI. id: printer-id, from 1; 0: it has none yet. description: over
    the service's own, see `Description`. attributes: over that, as Create-Printer gave them. output: nothing, or one of
    ``spool`` (a directory), ``command`` and ``forward`` (a URI). simulate: impressions a minute, see `Simulated`; 0: it
    takes no time. consume: whether supplies and paper run down then. operators: the users who may do everything with
    this printer, besides the service's. default: whether it is used if no printer is named. made: whether
    Create-Printer made it.
    """

    name: str
    id: int = 0
    description: Mapping[str, object] = field(default_factory=dict)
    attributes: tuple[Attribute, ...] = ()
    output: Mapping[str, str] = field(default_factory=dict)
    simulate: float = 0.0
    consume: bool = False
    operators: tuple[str, ...] = ()
    default: bool = False
    made: bool = False

    @property
    def key(self) -> str:
        """The name of its queue in the storage."""
        return f"{self.name}/{self.id}"

    @property
    def path(self) -> str:
        """The path of its URI."""
        return f"/ipp/print/{segment(self.name)}"

    def sources(self) -> list[Mapping[str, object]]:
        """Its sources for `Description`: each replaces attributes of the ones before."""
        named = {"printer-name": self.name, "printer-info": self.name, "printer-dns-sd-name": _short(self.name, 63)}
        own = {"printer-id": self.id, "printer-service-type": "print"} if self.id else {}
        return [named, self.description, {each.name: each for each in self.attributes}, own]

    def check(self) -> "QueueSpec":
        """Returns itself. Raises QueueError if it cannot be a printer."""
        name = self.name
        if not name or len(name.encode("utf-8", "replace")) > 127 or name in (".", ".."):
            raise QueueError(f"a printer's name must have 1 to 127 octets, and not be . or ..: {name!r}")
        if any(char in _UNWELCOME or char.isspace() or not char.isprintable() for char in name):
            raise QueueError(
                f"a printer's name must not have spaces, control characters, / # ? % \\ or quotes: {name!r}"
            )
        unknown = [each for each in self.output if each not in _OUTPUTS]
        if unknown or len(self.output) > 1:
            raise QueueError(f"{name}: the output must be one of {', '.join(_OUTPUTS)}, got {', '.join(self.output)}")
        return self

    def packed(self) -> str:
        """As the storage keeps it."""
        attributes = base64.b64encode(pack(self.attributes)).decode() if self.attributes else ""
        return json.dumps(
            {
                "id": self.id,
                "description": dict(self.description),
                "attributes": attributes,
                "output": dict(self.output),
                "simulate": self.simulate,
                "consume": self.consume,
                "operators": list(self.operators),
                "default": self.default,
                "made": self.made,
            }
        )

    @classmethod
    def unpacked(cls, name: str, text: str) -> "QueueSpec":
        """What `packed` made."""
        found = json.loads(text)
        packed = found["attributes"]
        return cls(
            name=name,
            id=found["id"],
            description=found["description"],
            attributes=tuple(unpack(base64.b64decode(packed))) if packed else (),
            output=found["output"],
            simulate=found.get("simulate", 0.0),
            consume=found.get("consume", False),
            operators=tuple(found["operators"]),
            default=found["default"],
            made=found["made"],
        )


def segment(name: str) -> str:
    """A printer's name as a part of a URI's path."""
    return quote(name, safe="!$&()*+,;=:@")


def _number(spec: QueueSpec) -> int:
    return spec.id


def _short(text: str, octets: int) -> str:
    return text.encode("utf-8", "replace")[:octets].decode("utf-8", "ignore")


class Queues:
    """The printers of a storage. changed: called, from any thread, if they may have changed."""

    def __init__(self, storage: Storage, changed: Callable[[], None] = lambda: None) -> None:
        self._bus = storage.bus
        self._store = storage.queue(SYSTEM)
        self._changed = changed
        self._lock = threading.Lock()
        self._changes = 0  # how often they have changed
        self._known: dict[str, QueueSpec] | None = None
        self._gone: dict[str, QueueSpec] = {}  # the former ones, by their queues
        self._end = storage.bus.listen(SYSTEM, self._forget)

    def close(self) -> None:
        """Stop listening to the storage."""
        self._end()

    def refresh(self) -> None:
        """Look into the storage again: another process may have changed something, and its hint may be lost."""
        with self._lock:
            self._known = None
            self._changes += 1

    def _forget(self) -> None:
        self.refresh()
        self._changed()

    def all(self) -> Mapping[str, QueueSpec]:
        """The printers by name, in the order of their numbers."""
        return self._read()[0]

    def former(self) -> Mapping[str, QueueSpec]:
        """The printers that are no longer in the file, by the names of their queues in the storage."""
        return self._read()[1]

    def _read(self) -> tuple[Mapping[str, QueueSpec], Mapping[str, QueueSpec]]:
        with self._lock:
            known, gone, changes = self._known, self._gone, self._changes
        if known is None:
            settings = self._store.state().settings
            found = [
                QueueSpec.unpacked(name.removeprefix(_PREFIX), str(value))
                for name, value in settings.items()
                if name.startswith(_PREFIX)
            ]
            known = {spec.name: spec for spec in sorted(found, key=lambda spec: spec.id)}
            gone = {
                (key := name.removeprefix(_FORMER)): QueueSpec.unpacked(key.rpartition("/")[0], str(value))
                for name, value in settings.items()
                if name.startswith(_FORMER)
            }
            with self._lock:
                if changes == self._changes:  # otherwise what was read may be older than a change
                    self._known, self._gone = known, gone
        return known, gone

    def get(self, name: str) -> QueueSpec | None:
        """The printer of that name."""
        return self.all().get(name)

    def at(self, part: str) -> QueueSpec | None:
        """The printer whose URI has that part after the last slash."""
        return self.all().get(unquote(part))

    def by_id(self, number: int) -> QueueSpec | None:
        """The printer with that printer-id."""
        return next((spec for spec in self.all().values() if spec.id == number), None)

    def by_key(self, key: str) -> QueueSpec | None:
        """The printer whose queue in the storage has that name."""
        found = self.get(key.rpartition("/")[0])
        return found if found is not None and found.key == key else None

    def by_key_of_job(self, key: str) -> QueueSpec | None:
        """The printer whose queue in the storage has that name; also a former one."""
        return self.by_key(key) or self.former().get(key)

    @property
    def default(self) -> QueueSpec | None:
        """The printer that is used if none is named: the one that was chosen, else the first."""
        known = self.all()
        chosen = self._store.state().settings.get("default_printer")
        if isinstance(chosen, int) and (found := self.by_id(chosen)) is not None:
            return found
        return next((spec for spec in known.values() if spec.default), next(iter(known.values()), None))

    def choose(self, number: int) -> None:
        """Make a printer the default."""
        self._store.set(default_printer=number)
        self._tell()

    def create(self, spec: QueueSpec) -> QueueSpec:
        """Make a printer, with a number. Raises QueueError if there is one of that name, and DescriptionError."""
        spec.check()
        if self.get(spec.name) is not None:
            raise QueueError(f"there is a printer {spec.name} already")
        Description(*spec.sources())
        made = replace(spec, id=self._numbers(1)[0])
        told = {_PREFIX + spec.name: Told("printer-created", made.key)}
        if not self._store.add({_PREFIX + spec.name: made.packed()}, told):
            raise QueueError(f"there is a printer {spec.name} already")
        self._tell()
        return made

    def _numbers(self, count: int) -> range:
        """This many printer-ids that were never given."""
        last = self._store.advance("last_id", count)
        if last > _MOST_PRINTERS:
            raise QueueError(f"a service can make at most {_MOST_PRINTERS} printers")
        return range(last - count + 1, last + 1)

    def delete(self, spec: QueueSpec) -> None:
        """Forget a printer."""
        self._store.forget([_PREFIX + spec.name], (Told("printer-deleted", spec.key),))
        self._tell()

    def put(self, specs: Iterable[QueueSpec]) -> list[QueueSpec]:
        """Let the file have these printers, and no others. Those that Create-Printer made stay.

        Returns those that have become former ones. Raises QueueError and DescriptionError; nothing is changed then.
        """
        wanted: dict[str, QueueSpec] = {}
        for spec in specs:
            if spec.name in wanted:
                raise QueueError(f"there are two printers {spec.name}")
            Description(*spec.check().sources())
            wanted[spec.name] = spec
        known, former = self._read()
        gone = [spec for spec in known.values() if not spec.made and spec.name not in wanted]
        numbers = {spec.name: spec.id for spec in [*sorted(former.values(), key=_number), *known.values()]}
        new = [name for name in wanted if name not in numbers]
        if new:
            made = [replace(wanted[name], id=number) for name, number in zip(new, self._numbers(len(new)), strict=True)]
            told = {_PREFIX + spec.name: Told("printer-created", spec.key) for spec in made}
            added = self._store.add({_PREFIX + spec.name: spec.packed() for spec in made}, told)
            self._tell()
            if len(added) < len(made):  # another process was first, and its numbers count
                return self.put(wanted.values())
            numbers |= {spec.name: spec.id for spec in made}
            known = self.all()
        changes: dict[str, Any] = {_FORMER + spec.key: spec.packed() for spec in gone}
        tell = [Told("printer-deleted", spec.key) for spec in gone]
        forgotten = [_PREFIX + spec.name for spec in gone]
        for name, spec in wanted.items():
            before, after = known.get(name), replace(spec, id=numbers[name], made=False)
            if before is None or before.packed() != after.packed():
                changes[_PREFIX + name] = after.packed()
                tell.append(Told("printer-created" if before is None else "printer-config-changed", after.key))
            if after.key in former:
                forgotten.append(_FORMER + after.key)
        if changes:
            self._store.set(tell, **changes)
        if forgotten:
            self._store.forget(forgotten)
        if changes or forgotten:
            self._tell()
        return gone

    def _tell(self) -> None:
        self._forget()
        self._bus.wake(SYSTEM)
