"""The resources of a system: pictures, strings, profiles and templates that its printers share (PWG 5100.22).

The rule of this file: a resource is pending (3) until Send-Resource-Data, available (4) until Install-Resource,
installed (5) until Cancel-Resource (6); data in another format than announced abort it (7). If printers have it, it is
canceled when the last of them lets it go. Only operators change resources; everybody may fetch an installed one, since
it is for clients.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ippfast.attributes import attribute
from ippfast.codec import Attribute, Message, decode
from ippfast.enums import Operation, ResourceState, Status
from ippfast.errors import IPPError
from ippfast.http.incoming import IncomingRequest
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand
from ippfast.wrappers import Name, Text

from ..answers import Selection, readable
from ..calls import Call
from ..errors import OperationError, explained
from ..storage.rows import NewDocument, NewResource, Resource, pack, unpack
from ..storage.seam import IncomingDocument, TooLarge
from ..subscriptions import subscriptions_of
from .queues import segment
from .table import group_of, operation, printer_of, refused, typed

if TYPE_CHECKING:
    from .system import System

__all__ = [
    "FORMATS",
    "RESOURCE_SETTABLE",
    "TEMPLATES",
    "configured_resources",
    "data_of",
    "data_uri",
    "language_of",
    "message_of",
    "path_of",
    "resource_of",
]

_PICTURES = ("image/png", "image/jpeg")
FORMATS: dict[str, tuple[str, ...]] = {
    "static-font": ("font/otf", "font/ttf"),
    "static-form": ("application/pdf", *_PICTURES),
    "static-icc-profile": ("application/vnd.iccprofile",),
    "static-image": _PICTURES,
    "static-logo": _PICTURES,
    "static-other": ("application/octet-stream",),
    "static-strings": ("text/strings",),
    "template-document": ("application/ipp",),
    "template-job": ("application/ipp",),
    "template-printer": ("application/ipp",),
}
"""The types of resources, and their formats. Executable ones are refused, since nothing runs them."""

TEMPLATES = {
    "template-document": DelimiterTag.DOCUMENT,
    "template-job": DelimiterTag.JOB,
    "template-printer": DelimiterTag.PRINTER,
}
"""The types that hold attributes for a request, and the group of the request for each."""

RESOURCE_SETTABLE = ("resource-info", "resource-name")
"""The attributes that Set-Resource-Attributes may set."""

_LARGEST_TEMPLATE = 65_536
_WITH_DATA = (
    "resource-natural-language",
    "resource-patches",
    "resource-signature",
    "resource-string-version",
    "resource-version",
)
_EXTENSIONS = {
    "application/ipp": "ipp",
    "application/pdf": "pdf",
    "application/vnd.iccprofile": "icc",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "text/strings": "strings",
}
_BEGINNINGS = {
    "application/pdf": (b"%PDF-",),
    "font/otf": (b"OTTO", b"\0\1\0\0"),
    "font/ttf": (b"\0\1\0\0", b"true", b"ttcf"),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
}
_STATUS = ("resource-id", "resource-state", "resource-state-reasons", "resource-uuid")


def resource_of(system: "System", call: Call, name: str = "resource-id") -> Resource:
    """The resource that an attribute names. Raises OperationError."""
    number = call.integer(name)
    if number is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, f"there is no {name}")
    found = system.store.resource(number)
    if found is None:
        reason = f"there is no resource {number}"
        raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, reason, unsupported=[call.attributes[name]])
    return found


def path_of(resource: Resource) -> str:
    """Where its data are, once it is installed."""
    name = "".join(char if char.isalnum() or char in "-_." else "_" for char in resource.name) or "resource"
    return f"/ipp/resource/{resource.id}-{segment(readable(name))}.{_EXTENSIONS.get(resource.format, 'bin')}"


def data_uri(system: "System", incoming: IncomingRequest, resource: Resource) -> str:
    """resource-data-uri of an installed resource."""
    return system.page_uri(incoming, path_of(resource).lstrip("/"))


def language_of(resource: Resource) -> str:
    """resource-natural-language: as it came with the data, or with the resource."""
    found = unpack(resource.ticket).value("resource-natural-language", None) if resource.ticket else None
    return str(found or resource.language)


def data_of(system: "System", resource: Resource) -> bytes:
    """Its data. Raises FileNotFoundError if the storage has lost them, and as `DocumentStore.open`."""
    return b"".join(bytes(piece) for piece in system.documents.open(resource.key))


def message_of(system: "System", resource: Resource) -> Message:
    """The message that a template holds."""
    return decode(data_of(system, resource))


# Making a resource.


@operation(Operation.CREATE_RESOURCE)
def _create_resource(system: "System", call: Call) -> Message:
    kind = call.keyword("resource-type")
    if kind is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no resource-type")
    if kind not in FORMATS:
        raise refused("there are no resources of that type here", call.attributes["resource-type"])
    given = _described(call, ("resource-info", "resource-name", "resource-natural-language"), missing=refused)
    wanted = subscriptions_of(call, None)
    new = NewResource(
        type=kind,
        user=call.user,
        name=given.get("resource-name", ""),
        info=given.get("resource-info", ""),
        language=given.get("resource-natural-language", ""),
    )
    made, begun = system.store.create_resource(new, wanted.new, limits=system.limits)
    system.told(("resource-created",))
    answers, complete = wanted.answers(begun)
    return call.respond(
        Status.SUCCESSFUL_OK if complete else Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS,
        operation_attributes={"resource-format-accepted": list(FORMATS[kind])},
        resource=[_attributes(system, call, made, _STATUS.__contains__)],
        subscription=answers,
    )


def _described(
    call: Call, settable: Sequence[str], *, missing: Callable[..., OperationError] = refused
) -> dict[str, str]:
    """The resource attributes of a request. missing: makes the error for attributes that may not be set."""
    given = group_of(call, DelimiterTag.RESOURCE)
    fixed = [each for name, each in given.items() if name not in settable]
    if fixed:
        raise missing(f"these can't be set: {', '.join(each.name for each in fixed)}", *fixed)
    wrong = [each for each in given.values() if typed(each, DelimiterTag.RESOURCE) is None or len(each.values) > 1]
    if wrong:
        raise refused(f"not supported: {', '.join(each.name for each in wrong)}", *wrong)
    return {name: _text(each) for name, each in given.items()}


def _text(given: Attribute) -> str:
    value = given.values[0]
    return str(getattr(value, "string", value))


@operation(Operation.SEND_RESOURCE_DATA)
def _send_resource_data(system: "System", call: Call) -> Message:
    """The data are kept before the resource is available. Of two requests at a time, the first counts."""
    found = resource_of(system, call)
    kind = call.string("resource-format", ValueTag.MIME_MEDIA_TYPE)
    if kind is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no resource-format")
    kind = kind.lower()
    if kind not in FORMATS[found.type]:
        raise refused(f"a {found.type} can't have this format", call.attributes["resource-format"])
    _check_pending(found)
    ticket = _with_data(call, found)
    limit = _LARGEST_TEMPLATE if found.type in TEMPLATES else system.limits.resource_octets
    with system.documents.new() as incoming:
        try:
            incoming.write(call.incoming.document, limit)
        except TooLarge as error:
            _abort(system, found, f"the data have more than {limit} octets")
            raise explained(error) from error
        if not incoming.octets:
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no data in the request")
        if (fault := _fault(system, found, kind, incoming)) is not None:
            _abort(system, found, fault)
            raise OperationError(Status.CLIENT_ERROR_DOCUMENT_FORMAT_ERROR, fault)
        data = NewDocument(
            key=incoming.key,
            octets=incoming.octets,
            format=kind,
            name="",
            ticket=ticket,
            content=incoming.content,
            fenced=incoming.fenced,
        )
        sent = system.store.attach_resource(found.id, data)
        if sent is None:
            _check_pending(resource_of(system, call))
            raise AssertionError  # a resource does not become pending again
        incoming.keep()
    system.told(("resource-state-changed",))
    return call.respond(resource=[_attributes(system, call, sent, _STATUS.__contains__)])


def _check_pending(found: Resource) -> None:
    if found.state != ResourceState.PENDING:
        reason = f"resource {found.id} is {found.state.name.lower()}, and takes no data"
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, reason)


def _with_data(call: Call, found: Resource) -> bytes:
    """The attributes of the data, besides their format."""
    given = [each for name in _WITH_DATA if (each := call.attributes.get(name)) is not None]
    wrong = [each for each in given if typed(each, DelimiterTag.RESOURCE) is None]
    if wrong:
        raise refused(f"not supported: {', '.join(each.name for each in wrong)}", *wrong)
    has_language = found.language or "resource-natural-language" in call.attributes
    if found.type == "static-strings" and not has_language:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "strings must have a resource-natural-language")
    return pack(given)


def _fault(system: "System", found: Resource, kind: str, incoming: IncomingDocument) -> str | None:
    """Why the data are not in their format; None: they are."""
    head = incoming.head
    beginnings = _BEGINNINGS.get(kind)
    if beginnings is not None and not head.startswith(beginnings):
        return f"the data are not {kind}"
    if kind == "application/vnd.iccprofile" and head[36:40] != b"acsp":  # ICC.1:2022 section 7.2.11
        return f"the data are not {kind}"
    if kind not in ("application/ipp", "text/strings"):
        return None
    octets = incoming.content
    if octets is None:
        octets = b"".join(bytes(piece) for piece in system.documents.open(incoming.key))
    try:
        if kind == "text/strings":
            octets.decode()
        elif not decode(octets).groups_of(TEMPLATES[found.type]):
            return f"a {found.type} must have a group of {TEMPLATES[found.type].name.lower()} attributes"
    except (IPPError, UnicodeDecodeError) as error:
        return f"the data are not {kind}: {error}"
    return None


def _abort(system: "System", found: Resource, message: str) -> None:
    system.store.change_resource(
        found.id,
        (ResourceState.PENDING,),
        tell=("resource-state-changed",),
        state=ResourceState.ABORTED,
        reasons=("aborted-by-system",),
        message=message,
    )
    system.told(("resource-state-changed",))


@operation(Operation.INSTALL_RESOURCE)
def _install_resource(system: "System", call: Call) -> Message:
    found = resource_of(system, call)
    installed = system.store.change_resource(
        found.id,
        (ResourceState.AVAILABLE,),
        tell=("resource-installed",),
        state=ResourceState.INSTALLED,
        reasons=("none",),
    )
    if installed is None:
        reason = f"resource {found.id} is {found.state.name.lower()}: there is nothing to install"
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, reason)
    system.told(("resource-installed",))
    return call.respond(resource=[_attributes(system, call, installed, _selected(call, _STATUS))])


@operation(Operation.CANCEL_RESOURCE)
def _cancel_resource(system: "System", call: Call) -> Message:
    found = resource_of(system, call)
    canceled, keys = system.store.cancel_resource(found.id, call.string("message") or "")
    if canceled is None:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"resource {found.id} has ended already")
    system.told(("resource-canceled",))
    system.documents.remove(keys)
    return call.respond()


@operation(Operation.SET_RESOURCE_ATTRIBUTES)
def _set_resource_attributes(system: "System", call: Call) -> Message:
    """All of the attributes are set, or none."""
    found = resource_of(system, call)
    given = _described(call, RESOURCE_SETTABLE, missing=_not_settable)
    if not given:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no resource attributes to be set")
    changes: Any = {name.removeprefix("resource-"): value for name, value in given.items()}
    states = (ResourceState.PENDING, ResourceState.AVAILABLE, ResourceState.INSTALLED)
    tell = ("resource-config-changed",)
    if system.store.change_resource(found.id, states, tell=tell, **changes) is None:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"resource {found.id} has ended")
    system.told(tell)
    return call.respond()


def _not_settable(reason: str, *given: Attribute) -> OperationError:
    unsupported = [Attribute(each.name, OutOfBand.NOT_SETTABLE.value, [OutOfBand.NOT_SETTABLE]) for each in given]
    return OperationError(Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE, reason, unsupported=unsupported)


# Asking for resources.


@operation(Operation.GET_RESOURCE_ATTRIBUTES)
def _get_resource_attributes(system: "System", call: Call) -> Message:
    found = resource_of(system, call)
    return call.respond(resource=[_attributes(system, call, found, _selected(call))])


@operation(Operation.GET_RESOURCES)
def _get_resources(system: "System", call: Call) -> Message:
    return call.respond(resource=_listed(system, call, system.store.resources()))


@operation(Operation.GET_PRINTER_RESOURCES)
def _get_printer_resources(system: "System", call: Call) -> Message:
    numbers = system.store.allocated().get(printer_of(system, call).key, ())
    found = [each for each in system.store.resources() if each.id in numbers]
    return call.respond(resource=_listed(system, call, found))


def _listed(system: "System", call: Call, found: Iterable[Resource]) -> list[list[Attribute]]:
    """The resources that pass all filters of the request."""
    ids = set(call.values("resource-ids", ValueTag.INTEGER))
    states = set(call.values("resource-states", ValueTag.ENUM))
    types = set(call.values("resource-types", ValueTag.KEYWORD))
    formats = {str(each).lower() for each in call.values("resource-formats", ValueTag.MIME_MEDIA_TYPE)}
    limit, first = call.integer("limit") or 0, call.integer("first-index") or 1
    if limit < 0 or first < 1:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "limit must be at least 0, and first-index at least 1")
    chosen = [
        each
        for each in found
        if (not ids or each.id in ids)
        and (not states or each.state in states)
        and (not types or each.type in types)
        and (not formats or each.format in formats)
    ][first - 1 :]
    selected = _selected(call)
    return [_attributes(system, call, each, selected) for each in chosen[: limit or None]]


def _selected(call: Call, default: Sequence[str] = ("all",)) -> Selection:
    asked = set(call.values("requested-attributes", ValueTag.KEYWORD, ValueTag.NAME)) or set(default)

    def selected(name: str) -> bool:
        group = "resource-description" if name in RESOURCE_SETTABLE else "resource-status"
        return bool(asked & {"all", group, name})

    return selected


def _attributes(system: "System", call: Call, found: Resource, selected: Selection) -> list[Attribute]:
    """A resource's attributes that are asked for."""
    no = OutOfBand.NO_VALUE
    installed = found.state == ResourceState.INSTALLED
    told: dict[str, Any] = {
        "resource-id": found.id,
        "resource-uuid": found.uuid,
        "resource-type": found.type,
        "resource-name": Name(readable(found.name)),
        "resource-info": Text(readable(found.info)),
        "resource-state": found.state,
        "resource-state-reasons": list(found.reasons),
        "resource-state-message": Text(readable(found.message)),
        "resource-data-uri": data_uri(system, call.incoming, found) if installed else no,
        "resource-k-octets": -(-found.octets // 1_024),
        "resource-use-count": found.uses,
        "resource-patches": no,
        "resource-string-version": no,
        "resource-version": no,
    }
    if found.format:
        told["resource-format"] = found.format
    if found.language:
        told["resource-natural-language"] = found.language
    for word, moment in (("creation", found.created), ("installed", found.installed), ("canceled", found.canceled)):
        told[f"time-at-{word}"] = no if moment is None else system.up_time_at(moment)
        told[f"date-time-at-{word}"] = no if moment is None else system.date_at(moment)
    came = {each.name: each for each in unpack(found.ticket)} if found.ticket else {}
    answer = [came.get(name) or attribute(name, value) for name, value in told.items() if selected(name)]
    return answer + [each for name, each in came.items() if name not in told and selected(name)]


def configured_resources(system: "System") -> object:
    """system-configured-resources."""
    found = [
        {
            "resource-format": each.format or "application/octet-stream",
            "resource-id": each.id,
            "resource-info": Text(readable(each.info)),
            "resource-name": Name(readable(each.name)),
            "resource-state": int(each.state),
            "resource-type": each.type,
        }
        for each in system.store.resources()
        if not each.ended
    ]
    return found or OutOfBand.NO_VALUE


# Printers' resources.


def _ids(call: Call) -> list[int]:
    ids = call.values("resource-ids", ValueTag.INTEGER)
    if not ids:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no resource-ids")
    return ids


@operation(Operation.ALLOCATE_PRINTER_RESOURCES)
def _allocate_printer_resources(system: "System", call: Call) -> Message:
    """All of them or none. Templates are for requests, and belong to no printer."""
    spec, ids = printer_of(system, call), _ids(call)
    known = {each.id: each for each in system.store.resources()}
    if any(number not in known or known[number].type in TEMPLATES for number in ids) or not system.store.allocate(
        spec.key, ids, most=system.limits.printer_resources
    ):
        raise refused("not all of these are installed resources for printers", call.attributes["resource-ids"])
    system.printer_changed(spec)
    return call.respond()


@operation(Operation.DEALLOCATE_PRINTER_RESOURCES)
def _deallocate_printer_resources(system: "System", call: Call) -> Message:
    spec = printer_of(system, call)
    had, keys = system.store.deallocate(spec.key, _ids(call))
    if not had:
        raise refused("the printer does not have all of these", call.attributes["resource-ids"])
    system.documents.remove(keys)
    system.printer_changed(spec)
    return call.respond()
