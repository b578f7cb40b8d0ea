"""The System object at /ipp/system: printers are listed, made, deleted and switched here (PWG 5100.22).

The rule of this file: an operation on one printer does what that printer's own operation does, and one on all printers
does it to each. The system's settings and subscriptions are in a queue that belongs to no printer, so the operations on
subscriptions are those of printers.
"""

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ippfast.attributes import attribute
from ippfast.codec import Attribute, Message
from ippfast.enums import Operation, PrinterState, Status
from ippfast.http.incoming import IncomingRequest, Parts, Reply
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand

from ..answers import select
from ..calls import Call, OperationSpec, begin
from ..core import PrinterCore
from ..description import Description, DescriptionError
from ..errors import OperationError, explained
from ..options import Address
from ..printer_attributes import printer_attributes
from ..spliced import with_printers
from ..storage.limits import LimitReached
from ..storage.rows import SYSTEM, SYSTEM_EVENTS, Event, QueueState, pack
from ..storage.seam import StorageError
from ..subscriptions import subscriptions_of
from ..told_printers import told_printers
from . import resources, subscriptions
from .queues import QueueError, QueueSpec, segment
from .system_attributes import SETTABLE, creation_attributes, system_attributes, xri_of
from .table import OPERATIONS, group_of, operation, printer_of, refused, typed
from .templates import named, template_attributes

if TYPE_CHECKING:
    from ..printer import SpoolPrinter
    from .service import PrintService

__all__ = ["System"]

_log = logging.getLogger("ippfast.printer")

_REGISTERED = (resources, subscriptions)  # modules that register operations of theirs
_WHICH: dict[str, Callable[["SpoolPrinter"], bool]] = {
    "all": lambda printer: True,
    "accepting": lambda printer: printer.store.state().accepting,
    "not-accepting": lambda printer: not printer.store.state().accepting,
    "idle": lambda printer: printer.store.state().state == PrinterState.IDLE,
    "processing": lambda printer: printer.store.state().state == PrinterState.PROCESSING,
    "stopped": lambda printer: printer.store.state().state == PrinterState.STOPPED,
    "shutdown": lambda printer: printer.store.state().down,
    "testing": lambda printer: False,
}
_AT_ONCE = 100
_DEVICE_SCHEMES = ("ipp", "ipps", "http", "https", "socket", "lpd")


class System(PrinterCore):
    """The System object of a service: a handler like a printer."""

    def __init__(self, service: "PrintService", address: Address) -> None:
        self.service = service
        self.operations: dict[int, OperationSpec] = {
            code: OperationSpec(Operation(code), carry, "printer", access, True)  # type: ignore[arg-type]
            for code, (carry, access) in OPERATIONS.items()
        }
        super().__init__(
            service.storage,
            queue=SYSTEM,
            description=Description(),
            address=address,
            access=service.access,
            limits=service.limits,
            fetcher=None,
            operation_ids=sorted(self.operations),
        )
        self.tells = SYSTEM_EVENTS
        self.hears = None

    def __call__(self, incoming: IncomingRequest) -> Message | Reply | Parts:
        """Carry out a request. Errors are told in the response, except `Refusal`, which is raised."""
        message = incoming.message
        try:
            call = begin(self, self.operations, incoming, _find_target)
            if not call.operator and call.spec.access != "anyone":
                raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, "this operation is for operators only")
            return call.spec.carry_out(self, call)
        except OperationError as error:
            return error.response(message)
        except LimitReached as error:
            return explained(error).response(message)
        except (StorageError, OSError) as error:
            _log.exception("%s failed", message.operation)
            return explained(error).response(message)

    def states(self) -> dict[str, QueueState]:
        """The states of the printers, by their queues. A printer that was not used yet is idle."""
        known, nothing = self.storage.states(), QueueState()
        return {spec.key: known.get(spec.key, nothing) for spec in self.service.queues.all().values()}

    def state_of_all(self) -> tuple[PrinterState, tuple[str, ...]]:
        """system-state and system-state-reasons: of all printers together."""
        states = self.states().values()
        reasons = dict.fromkeys(reason for state in states for reason in state.reasons if reason != "none")
        kinds = {state.state for state in states}
        for kind in (PrinterState.PROCESSING, PrinterState.IDLE):
            if kind in kinds:
                return kind, tuple(reasons) or ("none",)
        return PrinterState.STOPPED, tuple(reasons) or ("none",)

    def config_changed(self, **settings: object) -> None:
        """The configuration has changed: system-config-changes and its times follow."""
        self.set_state(tell=("system-config-changed",), **settings)

    def printer_changed(self, spec: QueueSpec) -> None:
        """The attributes of a printer have changed with its resources."""
        self.service.printer(spec).set_state(tell=("printer-config-changed",))
        self.storage.bus.wake(SYSTEM)

    def event_source(self, incoming: IncomingRequest, event: Event) -> dict[str, object]:
        """As `PrinterCore.event_source`: of the printer to which it happened, or of the system."""
        if event.printer == SYSTEM:
            return {"notify-system-uri": self.uri(incoming), "system-up-time": self.up_time_at(event.created)}
        name, state = event.printer.rpartition("/")[0], self.storage.queue(event.printer).state()
        scheme = "ipps" if incoming.secure else "ipp"
        return {
            "notify-printer-uri": f"{scheme}://{self.host(incoming)}/ipp/print/{segment(name)}",
            "printer-up-time": self.up_time_at(event.created, state),
        }


def _find_target(call: Call) -> None:
    """Check that the system is the target: by system-uri, or by a printer-uri that leads here."""
    system_uri, printer_uri = call.attributes.get("system-uri"), call.attributes.get("printer-uri")
    found = system_uri if system_uri is not None else printer_uri
    if found is None or found.tags != (ValueTag.URI,):
        raise OperationError(
            Status.CLIENT_ERROR_BAD_REQUEST, "a request to the system must name one system-uri or printer-uri"
        )
    if str(found.value).partition("://")[2].partition("/")[2].rstrip("/") != call.printer.path.lstrip("/"):
        raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, "there is no such system", unsupported=[found])


def _as(call: Call, printer: PrinterCore) -> Call:
    """The request as a call to a printer."""
    return Call(printer, call.incoming, call.spec, call.attributes, call.user, call.operator)


# Asking the system.


@operation(Operation.GET_SYSTEM_ATTRIBUTES, "anyone")
def _get_system_attributes(system: System, call: Call) -> Message:
    asked = set(call.values("requested-attributes", ValueTag.KEYWORD, ValueTag.NAME)) or {"all"}
    groups = {"all", "system-description", "system-status"} & asked

    def selected(name: str) -> bool:
        return bool(groups) or name in asked

    return call.respond(system=[system_attributes(system, call, selected)])


@operation(Operation.GET_SYSTEM_SUPPORTED_VALUES)
def _get_system_supported_values(system: System, call: Call) -> Message:
    ids = [spec.id for spec in system.service.queues.all().values()]
    found = [Attribute("system-default-printer-id", ValueTag.INTEGER, ids)] if ids else []
    tag = OutOfBand.ADMIN_DEFINE
    found += [Attribute(name, tag.value, [tag]) for name in SETTABLE if name != "system-default-printer-id"]
    return call.respond(system=[found])


@operation(Operation.SET_SYSTEM_ATTRIBUTES)
def _set_system_attributes(system: System, call: Call) -> Message:
    """All of the attributes are set, or none."""
    given = group_of(call, DelimiterTag.SYSTEM)
    if not given:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no system attributes to be set")
    fixed = [name for name in given if name not in SETTABLE]
    if fixed:
        unsupported = [Attribute(name, OutOfBand.NOT_SETTABLE.value, [OutOfBand.NOT_SETTABLE]) for name in fixed]
        reason = f"these can't be set: {', '.join(fixed)}"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE, reason, unsupported=unsupported)
    settings, wrong, default = system.settings(), [], None
    for name, each in given.items():
        made = typed(each, DelimiterTag.SYSTEM)
        if made is None:
            wrong.append(each)
        elif name != "system-default-printer-id":
            settings[name] = made
        elif isinstance(made.value, int) and system.service.queues.by_id(made.value) is not None:
            default = made.value
        else:
            wrong.append(each)
    if wrong:
        raise refused(f"not supported: {', '.join(each.name for each in wrong)}", *wrong)
    if default is not None:
        system.service.queues.choose(default)
    system.config_changed(attributes=pack(settings.values()))
    return call.respond()


# Printers.


@operation(Operation.GET_PRINTERS, "anyone")
def _get_printers(system: System, call: Call) -> Message:
    """The printers that pass all filters of the request: number, service, format, location, state."""
    service = system.service
    ids = set(call.values("printer-ids", ValueTag.INTEGER))
    which, wanted = call.keyword("which-printers") or "all", call.string("document-format", ValueTag.MIME_MEDIA_TYPE)
    location, kinds = call.string("printer-location"), call.values("printer-service-type", ValueTag.KEYWORD)
    limit, first = call.integer("limit") or 0, call.integer("first-index") or 1
    if which not in _WHICH:
        raise refused("this value of which-printers is not supported", call.attributes["which-printers"])
    if limit < 0 or first < 1:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "limit must be at least 0, and first-index at least 1")
    found = [spec for spec in service.queues.all().values() if not ids or spec.id in ids]
    if kinds and "print" not in kinds:
        found = []
    plain = which == "all" and wanted is None and location is None

    def is_wanted(printer: "SpoolPrinter") -> bool:
        described = printer.description
        return (
            (wanted is None or wanted in described.values("document-format-supported"))
            and (location is None or location == described.text("printer-location"))
            and _WHICH[which](printer)
        )

    end = first - 1 + limit if limit else None
    chosen: Iterator[SpoolPrinter]
    if plain:  # the printers before need not be made
        chosen = (service.printer(spec) for spec in found[first - 1 : end])
    else:
        chosen = islice(filter(is_wanted, map(service.printer, found)), first - 1, end)
    selected = select(call, "printer")
    return with_printers(call.respond, told_printers(_each_with_state(system, call, chosen), selected))


def _each_with_state(
    system: System, call: Call, printers: "Iterator[SpoolPrinter]"
) -> Iterator[tuple[Call, QueueState]]:
    """For each printer the request as a call to it, and its state. The store is asked for many at once, for few in
    vain."""
    while some := list(islice(printers, _AT_ONCE)):
        states = system.storage.states_of([each.queue for each in some])
        for each in some:
            yield _as(call, each), states[each.queue]


@operation(Operation.GET_PRINTER_ATTRIBUTES, "anyone")
def _get_printer_attributes(system: System, call: Call) -> Message:
    """Of the printer with that printer-id, or of the default one."""
    spec = printer_of(system, call) if "printer-id" in call.attributes else system.service.queues.default
    if spec is None:
        raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, "there is no printer here")
    printer = system.service.printer(spec)
    return call.respond(printer=[printer_attributes(printer, _as(call, printer), select(call, "printer"))])


@operation(Operation.CREATE_PRINTER)
def _create_printer(system: System, call: Call) -> Message:
    kinds = call.values("printer-service-type", ValueTag.KEYWORD)
    if not kinds:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no printer-service-type")
    if kinds != ["print"]:
        raise refused("printer-service-type must be print", call.attributes["printer-service-type"])
    given = group_of(call, DelimiterTag.PRINTER)
    name = given.get("printer-name")
    if name is None or not isinstance(name.values[0], str):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no printer-name among the printer attributes")
    allowed = creation_attributes(system)
    unknown = [each for each in given.values() if each.name not in allowed]
    static = _templates(system, call, given, allowed)
    del given["printer-name"]
    output: dict[str, str] = {}
    device = given.pop("smi2699-device-uri", None)
    if device is not None:
        if str(device.value).partition(":")[0].lower() in _DEVICE_SCHEMES:
            output["forward"] = str(device.value)
        else:
            unknown.append(device)
    if unknown:
        raise refused(f"not supported: {', '.join(each.name for each in unknown)}", *unknown)
    text = "".join("_" if char.isspace() or char in "/#?\\'\"%" else char for char in str(name.values[0]))
    spec = QueueSpec(name=text, attributes=tuple(reversed(list(given.values()))), output=output, made=True)
    try:
        if system.service.queues.get(text) is not None:
            reason = "there is a printer of that name already"
            raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, reason, unsupported=[name])
        made = system.service.queues.create(spec)
        printer = system.service.printer(made)
    except (QueueError, DescriptionError, ValueError) as error:
        raise refused(str(error), name) from error
    if static:
        system.store.allocate(made.key, static, most=system.limits.printer_resources)
    system.config_changed()
    of_printer = _as(call, printer)
    wanted = subscriptions_of(of_printer, None)  # to the printer (PWG 5100.22)
    begun = printer.store.subscribe(wanted.new, limits=printer.limits) if wanted.new else []
    answers, complete = wanted.answers(begun or [])
    state, reasons = system.state_of_all()
    return call.respond(
        Status.SUCCESSFUL_OK if complete else Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS,
        printer=[[*printer_attributes(printer, of_printer, _CREATED.__contains__), _xri(system, call, made)]],
        system={"system-state": int(state), "system-state-reasons": list(reasons)},
        subscription=answers,
    )


_CREATED = frozenset(
    {
        "printer-id",
        "printer-is-accepting-jobs",
        "printer-state",
        "printer-state-reasons",
        "printer-uuid",
        "printer-uri-supported",
    }
)


def _xri(system: System, call: Call, spec: QueueSpec) -> Attribute:
    return attribute("printer-xri-supported", xri_of(system, call.incoming, spec.path), group=DelimiterTag.PRINTER)


def _templates(system: System, call: Call, given: dict[str, Attribute], allowed: list[str]) -> list[int]:
    """Add the attributes of templates to those given, unless these have them. Returns the other resources, for the
    printer."""
    ids = call.attributes.get("resource-ids")
    if ids is None:
        return []
    found = named(system, ids)
    of_printers = [each for each in found if each.type == "template-printer"]
    if any(each.type in resources.TEMPLATES for each in found if each not in of_printers):
        raise refused("these templates are not for printers", ids)
    for name, each in template_attributes(system, of_printers).items():
        if name not in given and name in allowed and name != "printer-name":
            given[name] = each
    return [each.id for each in found if each not in of_printers]


@operation(Operation.DELETE_PRINTER)
def _delete_printer(system: System, call: Call) -> Message:
    system.service.delete(printer_of(system, call))
    system.config_changed()
    return call.respond()


# Their states.


def _for_one(code: Operation, switch: Callable[[PrinterCore], None]) -> None:
    @operation(code)
    def carry(system: System, call: Call) -> Message:
        switch(system.service.printer(printer_of(system, call)))
        return call.respond()


def _for_all(code: Operation, switch: Callable[[PrinterCore], None], *tell: str) -> None:
    """tell: the events of the system itself."""

    @operation(code)
    def carry(system: System, call: Call) -> Message:
        for spec in system.service.queues.all().values():
            switch(system.service.printer(spec))
        if tell:
            system.set_state(tell=tell)
        return call.respond()


def _pause_after(printer: PrinterCore) -> None:
    if printer.store.state().processing:
        printer.set_state(pause_after_current=1)
    else:
        printer.pause()


def _startup(printer: PrinterCore) -> None:
    printer.set_state(down=0, paused=0, accepting=1, tell=("printer-state-changed", "printer-restarted"))


def _shutdown(printer: PrinterCore) -> None:
    printer.set_state(down=1, tell=("printer-state-changed", "printer-shutdown"))


_for_one(Operation.SHUTDOWN_ONE_PRINTER, _shutdown)
_for_one(Operation.STARTUP_ONE_PRINTER, _startup)
_for_one(Operation.RESTART_ONE_PRINTER, _startup)
_for_all(Operation.ENABLE_ALL_PRINTERS, lambda printer: printer.set_state(accepting=1))
_for_all(Operation.DISABLE_ALL_PRINTERS, lambda printer: printer.set_state(accepting=0))
_for_all(Operation.PAUSE_ALL_PRINTERS, lambda printer: printer.pause())
_for_all(Operation.PAUSE_ALL_PRINTERS_AFTER_CURRENT_JOB, _pause_after)
_for_all(Operation.RESUME_ALL_PRINTERS, lambda printer: printer.set_state(paused=0, pause_after_current=0))
_for_all(Operation.SHUTDOWN_ALL_PRINTERS, _shutdown, "system-shutdown")
_for_all(Operation.STARTUP_ALL_PRINTERS, _startup)
_for_all(Operation.RESTART_SYSTEM, _startup, "system-restarted")
