"""The resources of a system, in the SQL that SQLite and PostgreSQL share.

The rule of this file: a change of state names the states that it starts from, and all that belongs to it (the data, the
printers that have it, subscriptions, events) is done in the same transaction, while the system's queue is held.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Unpack

from ippfast.enums import ResourceState

from .limits import UNLIMITED, LimitReached, Limits
from .rows import (
    NewDocument,
    NewResource,
    NewSubscription,
    Resource,
    ResourceChanges,
    Subscription,
)
from .seam import StorageError
from .sql import Connection, string
from .sql_state import SQLState
from .tokens import uuid_urn

__all__ = ["SQLResources"]

_REMEMBERED = 100
_USES = "(SELECT count(*) FROM allocations WHERE resource_id = resources.id)"
_COLUMNS = ", ".join(_USES if field.name == "uses" else f'"{field.name}"' for field in fields(Resource))
_TEXTS = frozenset(("user", "name", "info", "language", "message"))  # strings of clients, with any octets
_CHANGED = ("resource-state-changed",)
_CANCEL = "cancel-requested"


class SQLResources(SQLState):
    """The part of the store for `Resources`."""

    def _take(self, database: Connection, document: NewDocument) -> None:
        """Take over a document for a job or resource: remove it from the uploads, and keep its content if it is
        small."""
        if (
            document.fenced
            and not database.execute("DELETE FROM uploads WHERE key = ? AND doomed = 0", (document.key,)).rowcount
        ):
            raise StorageError("the document took too long, and was given up")
        if document.content is not None:
            database.execute("INSERT INTO contents VALUES (?, ?)", (document.key, document.content))

    def create_resource(
        self,
        new: NewResource,
        subscriptions: Sequence[NewSubscription] = (),
        *,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("resource-created",),
    ) -> tuple[Resource, list[Subscription | None]]:
        """As `Resources.create_resource`."""
        identity = uuid_urn()

        def work(database: Connection) -> tuple[Resource, list[Subscription | None]]:
            now = self.now()
            statement = "SELECT count(*) FROM resources WHERE queue = ? AND state < 6"
            (count,) = database.execute(statement, (self.name,)).fetchone()
            if limits.resources is not None and count >= limits.resources:
                raise LimitReached("resources", limits.resources)
            bound = self._engine.bound
            (number,) = database.execute(
                'INSERT INTO resources (queue, uuid, type, "user", name, info, language, state, reasons, message,'
                " created) VALUES (?, ?, ?, ?, ?, ?, ?, 3, 'resource-incoming', ?, ?) RETURNING id",
                (
                    self.name,
                    identity,
                    new.type,
                    *(bound(each) for each in (new.user, new.name, new.info, new.language, "")),
                    now,
                ),
            ).fetchone()
            database.execute(
                "DELETE FROM resources WHERE queue = ? AND state >= 6 AND id NOT IN"
                " (SELECT id FROM resources WHERE queue = ? AND state >= 6 ORDER BY id DESC LIMIT ?)",
                (self.name, self.name, _REMEMBERED),
            )
            made = self._resource(database, number)
            assert made is not None
            wanted = [replace(each, resource_id=number) for each in subscriptions]
            begun = self._subscribe(database, wanted, None, limits, now)
            self._tell(database, tell, None, self._state(database), now, made)
            return made, begun

        return self._write(work)

    def attach_resource(self, resource_id: int, data: NewDocument, tell: Sequence[str] = _CHANGED) -> Resource | None:
        """As `Resources.attach_resource`."""

        def work(database: Connection) -> Resource | None:
            columns = {
                "state": ResourceState.AVAILABLE,
                "reasons": "none",
                "format": data.format,
                "key": data.key,
                "octets": data.octets,
                "ticket": data.ticket,
            }
            changed = self._change_resource(database, resource_id, (ResourceState.PENDING,), tell, columns)
            if changed is not None:
                self._take(database, data)
            return changed

        return self._write(work)

    def change_resource(
        self,
        resource_id: int,
        states: Sequence[ResourceState],
        *,
        tell: Sequence[str] = (),
        **changes: Unpack[ResourceChanges],
    ) -> Resource | None:
        """As `Resources.change_resource`."""

        def work(database: Connection) -> Resource | None:
            columns: dict[str, Any] = dict(changes)
            if "reasons" in columns:
                columns["reasons"] = " ".join(columns["reasons"])
            if columns.get("state") == ResourceState.INSTALLED:
                columns["installed"] = self.now()
            return self._change_resource(database, resource_id, states, tell, columns)

        return self._write(work)

    def _change_resource(
        self,
        database: Connection,
        resource_id: int,
        states: Sequence[ResourceState],
        tell: Sequence[str],
        columns: dict[str, Any],
    ) -> Resource | None:
        names = ", ".join(f'"{name}" = ?' for name in columns)
        marks = ", ".join("?" * len(states))
        if not database.execute(
            f"UPDATE resources SET {names} WHERE id = ? AND queue = ? AND state IN ({marks})",
            (
                *(self._engine.bound(value) if name in _TEXTS else value for name, value in columns.items()),
                resource_id,
                self.name,
                *states,
            ),
        ).rowcount:
            return None
        now, changed = self.now(), self._resource(database, resource_id)
        assert changed is not None
        self._tell(database, tell, None, self._state(database), now, changed)
        if changed.ended:
            self._end_subscriptions(database, resource_id, now, "resource_id")
        return changed

    def cancel_resource(self, resource_id: int, message: str = "") -> tuple[Resource | None, list[str]]:
        """As `Resources.cancel_resource`."""

        def work(database: Connection) -> tuple[Resource | None, list[str]]:
            found = self._resource(database, resource_id)
            if found is None or found.ended:
                return None, []
            if found.uses:
                columns = {"reasons": _CANCEL, "message": message}
                return self._change_resource(database, resource_id, (found.state,), _CHANGED, columns), []
            return self._cancel(database, found, message)

        return self._write(work)

    def _cancel(self, database: Connection, found: Resource, message: str) -> tuple[Resource | None, list[str]]:
        columns = {
            "state": ResourceState.CANCELED,
            "reasons": "job-canceled-by-operator",
            "message": message,
            "canceled": self.now(),
            "installed": None,
            "key": "",
        }
        database.execute("DELETE FROM contents WHERE key = ?", (found.key,))
        canceled = self._change_resource(database, found.id, (found.state,), ("resource-canceled",), columns)
        return canceled, [found.key] if found.key else []

    def allocate(self, printer: str, resource_ids: Sequence[int], *, most: int | None = None) -> bool:
        """As `Resources.allocate`."""

        def work(database: Connection) -> bool:
            for number in dict.fromkeys(resource_ids):
                found = self._resource(database, number)
                if found is None or found.state != ResourceState.INSTALLED or _CANCEL in found.reasons:
                    return False
            had = self._resources_of(database, printer)
            new = [number for number in dict.fromkeys(resource_ids) if number not in had]
            if most is not None and len(had) + len(new) > most:
                raise LimitReached("printer_resources", most)
            database.executemany(
                "INSERT INTO allocations (printer, resource_id) VALUES (?, ?)",
                [(self._engine.bound(printer), number) for number in new],
            )
            return True

        return self._write(work)

    def deallocate(self, printer: str, resource_ids: Sequence[int] | None = None) -> tuple[bool, list[str]]:
        """As `Resources.deallocate`."""

        def work(database: Connection) -> tuple[bool, list[str]]:
            had = self._resources_of(database, printer)
            numbers = had if resource_ids is None else list(dict.fromkeys(resource_ids))
            if not set(numbers) <= set(had):
                return False, []
            bound = self._engine.bound(printer)
            statement = "DELETE FROM allocations WHERE printer = ? AND resource_id = ?"
            database.executemany(statement, [(bound, number) for number in numbers])
            keys: list[str] = []
            for number in numbers:
                found = self._resource(database, number)
                if found is not None and not found.uses and _CANCEL in found.reasons:
                    keys += self._cancel(database, found, found.message)[1]
            return True, keys

        return self._write(work)

    def _resources_of(self, database: Connection, printer: str) -> list[int]:
        statement = "SELECT resource_id FROM allocations WHERE printer = ? ORDER BY resource_id"
        return [number for (number,) in database.execute(statement, (self._engine.bound(printer),)).fetchall()]

    def _resource(self, database: Connection, resource_id: int) -> Resource | None:
        row = database.execute(
            f"SELECT {_COLUMNS} FROM resources WHERE id = ? AND queue = ?", (resource_id, self.name)
        ).fetchone()
        return None if row is None else _resource(row)

    # Reads.

    def resource(self, resource_id: int) -> Resource | None:
        """As `Resources.resource`."""
        statement = f"SELECT {_COLUMNS} FROM resources WHERE id = ? AND queue = ?"
        rows = self._engine.read(statement, (resource_id, self.name))
        return _resource(rows[0]) if rows else None

    def resources(self) -> list[Resource]:
        """As `Resources.resources`."""
        statement = f"SELECT {_COLUMNS} FROM resources WHERE queue = ? ORDER BY id"
        return [_resource(row) for row in self._engine.read(statement, (self.name,))]

    def allocated(self) -> dict[str, tuple[int, ...]]:
        """As `Resources.allocated`."""
        found: dict[str, tuple[int, ...]] = {}
        for printer, number in self._engine.read("SELECT printer, resource_id FROM allocations ORDER BY resource_id"):
            name = string(printer)
            found[name] = (*found.get(name, ()), number)
        return found


def _resource(row: tuple[Any, ...]) -> Resource:
    values = dict(zip(Resource.__dataclass_fields__, row, strict=True))
    values["state"] = ResourceState(values["state"])
    values["reasons"] = tuple(values["reasons"].split())
    for name in _TEXTS:
        values[name] = string(values[name])
    return Resource(**values)
