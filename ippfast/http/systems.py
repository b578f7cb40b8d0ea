"""A print service as operators see it: `System` and `AsyncSystem` (PWG 5100.22).

The rule of this file: it says what there is to ask for. `_client/systems.py` asks for it, once for both clients.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path

from ..codec import AttributeGroup
from ._client.blocking import BlockingChannel
from ._client.systems import SystemTasks
from ._wire.coroutines import drive, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._client.in_asyncio import AsyncChannel

__all__ = ["AsyncSystem", "System"]


class System:
    """The System object of a service, which has printers and resources. `Client.system` returns it."""

    def __init__(self, tasks: SystemTasks[BlockingChannel]) -> None:
        self._tasks = tasks

    @property
    def uri(self) -> str:
        """Its system-uri."""
        return self._tasks.uri

    def attributes(self, *names: str) -> AttributeGroup:
        """The System's attributes: these, groups of them (``"system-status"``), or all. Raises as `Client.ask`."""
        return run(self._tasks.attributes(names))

    def set(self, **attributes: object) -> None:
        """Set attributes of the System: ``system_location="Cellar", system_default_printer_id=2``.

        Raises as `Client.ask`; RegistryError for an attribute that the registry does not know or allow.
        """
        run(self._tasks.set(attributes))

    # Printers.

    def printers(
        self,
        *names: str,
        which: str | None = None,
        ids: Sequence[int] | None = None,
        location: str | None = None,
        document_format: str | None = None,
        limit: int | None = None,
    ) -> list[AttributeGroup]:
        """The System's printers, with these attributes, or all. Raises as `Client.ask`.

        which: a keyword of which-printers, such as ``"stopped"``. ids: only those with these printer-ids. location:
        only those with this printer-location. document_format: only those that take it. limit: at most this many.
        """
        filters = {
            "which_printers": which,
            "printer_ids": None if ids is None else list(ids),
            "printer_location": location,
            "document_format": document_format,
            "limit": limit,
        }
        return run(self._tasks.printers(filters, names))

    def create_printer(
        self, name: str, *, resource_ids: Sequence[int] | None = None, **attributes: object
    ) -> AttributeGroup:
        """Make a printer. Returns its printer-id, URI and state. Raises as `Client.ask` and `set`.

        attributes: by their IPP names, with underscores: ``printer_info="In the hall"``. resource_ids: templates whose
        attributes it gets too, and other resources to allocate to it.
        """
        return run(self._tasks.create_printer(name, resource_ids, attributes))

    def delete_printer(self, printer_id: int) -> None:
        """Delete a printer, and its jobs. Raises as `Client.ask`."""
        run(self._tasks.delete_printer(printer_id))

    def shutdown(self, printer_id: int | None = None) -> None:
        """Shut down a printer, or all. Raises as `Client.ask`."""
        run(self._tasks.switch("shutdown", printer_id))

    def startup(self, printer_id: int | None = None) -> None:
        """Start up a printer, or all. Raises as `Client.ask`."""
        run(self._tasks.switch("startup", printer_id))

    def restart(self, printer_id: int | None = None) -> None:
        """Restart a printer, or the System. Raises as `Client.ask`."""
        run(self._tasks.switch("restart", printer_id))

    def pause_all(self, *, after_current_job: bool = False) -> None:
        """Pause all printers. Raises as `Client.ask`.

        after_current_job: whether each may finish its current job.
        """
        run(self._tasks.switch("pause_after_current_job" if after_current_job else "pause"))

    def resume_all(self) -> None:
        """Have all printers go on. Raises as `Client.ask`."""
        run(self._tasks.switch("resume"))

    def enable_all(self) -> None:
        """Have all printers accept jobs. Raises as `Client.ask`."""
        run(self._tasks.switch("enable"))

    def disable_all(self) -> None:
        """Have all printers refuse new jobs. Raises as `Client.ask`."""
        run(self._tasks.switch("disable"))

    # Resources.

    def create_resource(
        self,
        kind: str,
        data: bytes | str | Path | None = None,
        *,
        document_format: str | None = None,
        language: str | None = None,
        install: bool = True,
        **attributes: object,
    ) -> AttributeGroup:
        """Make a resource, send its data, and install it. Returns its attributes.

        kind: a keyword of resource-type, such as ``"static-image"``. data: octets, or the path of a file; None: they
        are sent later. document_format: by default the first octets of the data decide. language: the natural language
        of strings. attributes: ``resource_name``, ``resource_info``. If the data are refused, the resource is canceled.
        Raises as `set`, and OSError for a file.
        """
        given = {"document_format": document_format, "language": language}
        return run(self._tasks.create_resource(kind, data, given, attributes, install=install))

    def resource(self, resource_id: int, *names: str) -> AttributeGroup:
        """A resource, with these attributes, or all. Raises as `Client.ask`."""
        return run(self._tasks.resource(resource_id, names))

    def resources(
        self,
        *names: str,
        printer_id: int | None = None,
        types: Sequence[str] | None = None,
        states: Sequence[int | str] | None = None,
    ) -> list[AttributeGroup]:
        """The System's resources, or those of a printer, with these attributes, or all. Raises as `Client.ask`.

        types, states: only of these: ``types=["static-image"], states=["installed"]``. They do not filter those of a
        printer.
        """
        filters = {
            "resource_types": None if types is None else list(types),
            "resource_states": None if states is None else list(states),
        }
        return run(self._tasks.resources(printer_id, filters, names))

    def set_resource(self, resource_id: int, **attributes: object) -> None:
        """Set a resource's name or description: ``resource_name="Logo"``. Raises as `Client.ask` and `set`."""
        run(self._tasks.set_resource(resource_id, attributes))

    def install_resource(self, resource_id: int) -> None:
        """Install a resource that has its data. Raises as `Client.ask`."""
        run(self._tasks.install_resource(resource_id))

    def cancel_resource(self, resource_id: int) -> None:
        """Cancel a resource. If printers have it, it goes when the last one gives it up. Raises as `Client.ask`."""
        run(self._tasks.cancel_resource(resource_id))

    def allocate(self, printer_id: int, *resource_ids: int) -> None:
        """Give installed resources to a printer, all or none. Raises as `Client.ask`."""
        run(self._tasks.allocate(printer_id, resource_ids))

    def deallocate(self, printer_id: int, *resource_ids: int) -> None:
        """Take resources from a printer, all or none. Raises as `Client.ask`."""
        run(self._tasks.deallocate(printer_id, resource_ids))

    # Events.

    def watch(
        self,
        *events: str,
        printer_ids: Sequence[int] = (),
        resource_id: int | None = None,
        timeout: float | None = None,
    ) -> Iterator[AttributeGroup]:
        """First the state of the System, then the events of the System, its resources, and all printers or these; or
        only those of one resource. They come in the order of their numbers. Raises as `Client.ask`.

        events: keywords of notify-events, such as ``"printer-created"`` and ``"job-completed"``. timeout: after this
        many seconds nothing more comes. The subscription begins with the first step, is renewed, and canceled at the
        end. To stop before the end, close the iterator; ``break`` in a loop does it by itself.
        """
        return drive(self._tasks.watch(events, printer_ids, resource_id, timeout))


class AsyncSystem:
    """As `System`, for one event loop. `AsyncClient.system` returns it."""

    def __init__(self, tasks: "SystemTasks[AsyncChannel]") -> None:
        self._tasks = tasks

    @property
    def uri(self) -> str:
        """As `System.uri`."""
        return self._tasks.uri

    async def attributes(self, *names: str) -> AttributeGroup:
        """As `System.attributes`."""
        return await self._tasks.attributes(names)

    async def set(self, **attributes: object) -> None:
        """As `System.set`."""
        await self._tasks.set(attributes)

    # Printers.

    async def printers(
        self,
        *names: str,
        which: str | None = None,
        ids: Sequence[int] | None = None,
        location: str | None = None,
        document_format: str | None = None,
        limit: int | None = None,
    ) -> list[AttributeGroup]:
        """As `System.printers`."""
        filters = {
            "which_printers": which,
            "printer_ids": None if ids is None else list(ids),
            "printer_location": location,
            "document_format": document_format,
            "limit": limit,
        }
        return await self._tasks.printers(filters, names)

    async def create_printer(
        self, name: str, *, resource_ids: Sequence[int] | None = None, **attributes: object
    ) -> AttributeGroup:
        """As `System.create_printer`."""
        return await self._tasks.create_printer(name, resource_ids, attributes)

    async def delete_printer(self, printer_id: int) -> None:
        """As `System.delete_printer`."""
        await self._tasks.delete_printer(printer_id)

    async def shutdown(self, printer_id: int | None = None) -> None:
        """As `System.shutdown`."""
        await self._tasks.switch("shutdown", printer_id)

    async def startup(self, printer_id: int | None = None) -> None:
        """As `System.startup`."""
        await self._tasks.switch("startup", printer_id)

    async def restart(self, printer_id: int | None = None) -> None:
        """As `System.restart`."""
        await self._tasks.switch("restart", printer_id)

    async def pause_all(self, *, after_current_job: bool = False) -> None:
        """As `System.pause_all`."""
        await self._tasks.switch("pause_after_current_job" if after_current_job else "pause")

    async def resume_all(self) -> None:
        """As `System.resume_all`."""
        await self._tasks.switch("resume")

    async def enable_all(self) -> None:
        """As `System.enable_all`."""
        await self._tasks.switch("enable")

    async def disable_all(self) -> None:
        """As `System.disable_all`."""
        await self._tasks.switch("disable")

    # Resources.

    async def create_resource(
        self,
        kind: str,
        data: bytes | str | Path | None = None,
        *,
        document_format: str | None = None,
        language: str | None = None,
        install: bool = True,
        **attributes: object,
    ) -> AttributeGroup:
        """As `System.create_resource`."""
        given = {"document_format": document_format, "language": language}
        return await self._tasks.create_resource(kind, data, given, attributes, install=install)

    async def resource(self, resource_id: int, *names: str) -> AttributeGroup:
        """As `System.resource`."""
        return await self._tasks.resource(resource_id, names)

    async def resources(
        self,
        *names: str,
        printer_id: int | None = None,
        types: Sequence[str] | None = None,
        states: Sequence[int | str] | None = None,
    ) -> list[AttributeGroup]:
        """As `System.resources`."""
        filters = {
            "resource_types": None if types is None else list(types),
            "resource_states": None if states is None else list(states),
        }
        return await self._tasks.resources(printer_id, filters, names)

    async def set_resource(self, resource_id: int, **attributes: object) -> None:
        """As `System.set_resource`."""
        await self._tasks.set_resource(resource_id, attributes)

    async def install_resource(self, resource_id: int) -> None:
        """As `System.install_resource`."""
        await self._tasks.install_resource(resource_id)

    async def cancel_resource(self, resource_id: int) -> None:
        """As `System.cancel_resource`."""
        await self._tasks.cancel_resource(resource_id)

    async def allocate(self, printer_id: int, *resource_ids: int) -> None:
        """As `System.allocate`."""
        await self._tasks.allocate(printer_id, resource_ids)

    async def deallocate(self, printer_id: int, *resource_ids: int) -> None:
        """As `System.deallocate`."""
        await self._tasks.deallocate(printer_id, resource_ids)

    # Events.

    def watch(
        self,
        *events: str,
        printer_ids: Sequence[int] = (),
        resource_id: int | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[AttributeGroup, None]:
        """As `System.watch`."""
        return self._tasks.watch(events, printer_ids, resource_id, timeout)
