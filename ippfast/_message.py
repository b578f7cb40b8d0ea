# cython: nonecheck=True, binding=False, embedsignature=True, embedsignature.format=clinic
"""Message: the model of RFC 8010 section 3.1.1, written once.

The rule of this file is that of `_attribute.py`: it serves both twins, imports neither and reads no octets; for the
compiled twin it is compiled as `_message_c`, with the C types of `_message_c.pxd`.
"""

from . import _directives as cython
from .tags import describe_tag

if False:  # seen by the compiler alone
    import cython  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ._attribute import AttributeGroup
    from .enums import Operation, Status


@cython.final
@cython.trashcan(True)  # its fields take anything, another message too: freeing must not recurse
@cython.freelist(16)
@cython.cclass
class Message:
    """A request or a response without its document data (RFC 8010 section 3.1.1).

    version: the version-number, major and minor: ``(2, 0)``. Each is 0 to 255.
    code: the operation-id of a request or the status-code of a response, 0 to 0xffff. The octets do not tell which.
    request_id: the request-id, a signed 32-bit number; 1 or more in a correct message.
    groups: the attribute groups, in order. A plain list: append to it, sort it, replace it.
    """

    __slots__ = ("code", "groups", "request_id", "version")

    version: "tuple[int, int]"
    code: int
    request_id: int
    groups: "list[AttributeGroup]"

    def __init__(
        self,
        version: "tuple[int, int]",
        code: int,
        request_id: int,
        groups: "Iterable[AttributeGroup]" = (),
    ) -> None:
        self.version = version
        self.code = code
        self.request_id = request_id
        self.groups = list(groups)

    @property
    def operation(self) -> "Operation | int":
        """The code as an operation-id: an `Operation`, or the int if it is not known."""
        from .enums import Operation

        return Operation.coerce(self.code)

    @property
    def status(self) -> "Status | int":
        """The code as a status-code: a `Status`, or the int if it is not known."""
        from .enums import Status

        return Status.coerce(self.code)

    @property
    def succeeded(self) -> bool:
        """Whether the code of a response is a successful status-code (RFC 8011 appendix B.1)."""
        return self.code < 0x0100

    def group(self, tag: int) -> "AttributeGroup":
        """The first group under that delimiter tag. Raises KeyError if there is none."""
        return self._group(tag)

    def _group(self, tag: int) -> "AttributeGroup":
        for group in self.groups:
            if group._tag == tag:
                return group
        present = []
        for group in self.groups:
            present.append(describe_tag(group._tag))
        raise KeyError(f"no {describe_tag(tag)} group; there are: {', '.join(present) or 'none'}")

    def groups_of(self, tag: int) -> "list[AttributeGroup]":
        """Every group under that delimiter tag: ``DelimiterTag.JOB`` gives the group of each job."""
        return self._all(tag)

    def _all(self, tag: int) -> "list[AttributeGroup]":
        found = []
        for group in self.groups:
            if group._tag == tag:
                found.append(group)
        return found

    @property
    def operation_attributes(self) -> "AttributeGroup":
        """The first operation attributes group. Raises KeyError if there is none."""
        return self._group(0x01)

    @property
    def job(self) -> "AttributeGroup":
        """The first job attributes group. Raises KeyError if there is none."""
        return self._group(0x02)

    @property
    def printer(self) -> "AttributeGroup":
        """The first printer attributes group. Raises KeyError if there is none."""
        return self._group(0x04)

    @property
    def jobs(self) -> "list[AttributeGroup]":
        """The job attributes groups. In the response to Get-Jobs each is one job."""
        return self._all(0x02)

    def to_dict(self, *, tags: bool = False) -> "dict[str, Any]":
        """The message as plain data that ``json.dumps`` takes.

        Without tags it is for reading, in the shape that `ippfast.views.to_dict` describes. With them nothing is lost:
        `from_dict` makes the same message of it, whose shape `ippfast.dictionaries` describes.
        """
        if tags:
            from .dictionaries import to_tagged

            return to_tagged(self)
        from .views import to_dict

        return to_dict(self)

    @classmethod
    def from_dict(cls, data: "Mapping[str, Any]") -> "Message":
        """Make a message of plain data, with tags or without, as `ippfast.dictionaries.from_dict` describes.

        With tags it is equal to the message that `to_dict` wrote. Without, the registry gives the tags. Raises
        ShapeError for data of another shape, and RegistryError for what the registry does not know or allow.
        """
        from .dictionaries import from_dict

        return from_dict(data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return (
            self.version == other.version
            and self.code == other.code
            and self.request_id == other.request_id
            and self.groups == other.groups
        )

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        code = f"0x{self.code:04x}" if type(self.code) is int else repr(self.code)
        return (
            f"<Message version {self.version!r}, code {code}, request-id {self.request_id!r}, groups {self.groups!r}>"
        )

    def __copy__(self) -> "Message":
        return Message(self.version, self.code, self.request_id, self.groups)

    def __deepcopy__(self, memo: object) -> "Message":
        groups = []
        for group in self.groups:
            groups.append(group.__copy__())
        return Message(self.version, self.code, self.request_id, groups)

    def __reduce__(self) -> "tuple[Any, ...]":
        from .codec import rebuild

        return rebuild, ("Message", (self.version, self.code, self.request_id, self.groups))
