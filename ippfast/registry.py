"""What IANA's IPP registry says of an attribute: its syntax, range, members, keywords and groups.

The rule of this file: an attribute is known by its path (``"media-col/media-size/x-dimension"``), never by a
bare member name, since one name has different syntaxes in different places (``x-dimension`` is an integer in
``media-col`` and may be a range in ``media-size-supported``). If the registrations of one path differ, by
attribute group or because a later document extended an earlier one, a look-up gives everything that any of them
allows; if the group is given, what they allow there.

The registry is open: an attribute, a member or a keyword that is not found here may be a vendor's or newer than this
file, and a collection without registered members may have any. Tags are plain integers (RFC 8010 section 3.5).
"""

from collections import namedtuple
from functools import cache, lru_cache

from ippfast._registry_data import ATTRIBUTES, ENUMS, GROUPS, KEYWORDS, OPERATIONS, STATUS_CODES, VARIANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ippfast._open_enum import OpenEnum
    from ippfast.enums import Operation, Status

__all__ = [
    "AttributeSpec",
    "CodeSpec",
    "enum_for",
    "holders",
    "keywords",
    "lookup",
    "members",
    "names",
    "operations",
    "status_codes",
]

# Syntax -> value tag, and the longest value in octets (RFC 8010 section 3.5.2, RFC 8011 section 5.1).
_SYNTAXES: dict[str, tuple[int, int | None]] = {
    "integer": (0x21, None),
    "boolean": (0x22, None),
    "enum": (0x23, None),
    "octetString": (0x30, 1023),
    "dateTime": (0x31, None),
    "resolution": (0x32, None),
    "rangeOfInteger": (0x33, None),
    "collection": (0x34, None),
    "text": (0x41, 1023),
    "name": (0x42, 255),
    "keyword": (0x44, 255),
    "uri": (0x45, 1023),
    "uriScheme": (0x46, 63),
    "charset": (0x47, 63),
    "naturalLanguage": (0x48, 63),
    "mimeMediaType": (0x49, 255),
}
_OUT_OF_BAND = {"unknown": 0x12, "no-value": 0x13, "delete-attribute": 0x16}
_WITH_LANGUAGE = {0x41: 0x35, 0x42: 0x36}
_BOUNDS = {"MIN": -(2**31), "MAX": 2**31 - 1}
_ENUM, _KEYWORD = 0x23, 0x44
_LISTS = ("-database", "-default", "-ready", "-supported")


class AttributeSpec(
    namedtuple(
        "AttributeSpec",
        "path syntax groups tags set minimum maximum max_octets out_of_band flags reference",
    )
):
    """One attribute, or one member of a collection, as registered. Immutable."""

    __slots__ = ()
    path: str
    """The names that lead to it: ``"copies"``, ``"media-col-default/media-size"``."""
    syntax: str
    """In the registry's notation, to be shown to people: ``"1setOf keyword | name(MAX)"``."""
    groups: tuple[str, ...]
    """The registry's groups that have it, or its collection: ``("Document Template", "Job Template")``."""
    tags: tuple[int, ...]
    """The value tag of each syntax, the first one first: text is 0x41 and name 0x42 here. See `wire_tags`."""
    set: bool
    """Whether it may have more than one value (1setOf)."""
    minimum: int | None
    """The least value of an integer, and of both ends of a rangeOfInteger; None for other syntaxes."""
    maximum: int | None
    """The greatest value of an integer, and of both ends of a rangeOfInteger; None for other syntaxes."""
    max_octets: int | None
    """The longest string value in octets, its language not counted; None if no syntax is a string."""
    out_of_band: frozenset[int]
    """The out-of-band tags that its registration names, such as 0x13 (no-value)."""
    flags: frozenset[str]
    """Which of "deprecated", "obsolete" and "under review" hold in all groups that register it."""
    reference: str
    """The documents: ``"RFC8011"``, ``"PWG5100.5, PWG5100.7"``; ``"CUPS"`` for its own attributes."""

    @property
    def name(self) -> str:
        """The last name of the path, which is what stands on the wire."""
        return str(self.path).rpartition("/")[2]

    @property
    def group_tags(self) -> tuple[int, ...]:
        """The delimiter tags of the groups that it travels in: 0x02 for Job Template, 0x04 for a printer."""
        return _group_tags(self.groups)

    @property
    def wire_tags(self) -> tuple[int, ...]:
        """`tags`, and after text and name their WithLanguage forms (RFC 8011 sections 5.1.2 and 5.1.3)."""
        return _wire_tags(self.tags)

    @property
    def keywords(self) -> frozenset[str]:
        """The registered keywords; empty if none are, or the syntax has no keyword. See `keywords`."""
        return keywords(self.path) if _KEYWORD in self.tags else frozenset()

    @property
    def enum(self) -> "type[OpenEnum] | None":
        """The class in `ippfast.enums` that names its values; None if there is none."""
        class_name = ENUMS.get(self.name) if _ENUM in self.tags else None
        if class_name is None:
            return None
        from ippfast import enums

        found: type[OpenEnum] = getattr(enums, class_name)
        return found


class CodeSpec(namedtuple("CodeSpec", "code flags reference")):
    """An operation-id or status-code as registered."""

    __slots__ = ()
    code: "Operation | Status"
    flags: frozenset[str]
    reference: str


def lookup(path: str, group: int | None = None) -> AttributeSpec | None:
    """The attribute of this name, or the member at this path; None if nothing is registered.

    ``group`` is a delimiter tag. It narrows the answer for the few names whose registrations differ by group
    (``job-state`` may be unknown in a job's attributes only). It is no filter: `AttributeSpec.group_tags` tells whether
    the attribute belongs into that group.
    """
    registered = (path, False) if path in ATTRIBUTES else _resolve(path) if "/" in path else None
    return None if registered is None else _spec(path, group, *registered)


def members(path: str) -> dict[str, AttributeSpec]:
    """The members of the collection at this path, by name, including those that it takes over from another collection.

    Empty if the attribute is unknown, is no collection, or has no registered members.
    """
    registered = _resolve(path)
    found: dict[str, AttributeSpec] = {}
    collection, all_sets = ("", False) if registered is None else registered
    while collection:
        is_set, source = _source(collection)
        for name in _children().get(collection, ()):
            found.setdefault(name, _spec(f"{path}/{name}", None, f"{collection}/{name}", all_sets))
        if source == "Job Template":
            for name in names(source):
                found.setdefault(name, _spec(f"{path}/{name}", None, name, is_set or all_sets))
            break
        collection = source
    return found


def holders(name: str) -> tuple[str, ...]:
    """The paths of the collections that have a member of this name, the shortest first: ``("media-col",)``.

    Collections that only list what is supported, ready or default are left out if there are others.
    """
    return _holders().get(name, ())


def names(group: int | str | None = None) -> tuple[str, ...]:
    """The names of attributes (not of members), sorted.

    ``group`` is a delimiter tag or one of the registry's groups (``"Job Template"``); None means all.
    """
    return _names(group) if group is None or group in GROUPS or group in GROUPS.values() else ()


def keywords(path: str) -> frozenset[str]:
    """The keywords registered for an attribute or member, including obsolete ones. Only the last name counts.

    Other keywords may be right: vendors', self-describing media sizes (``custom_min_3x5in``), a printer-state-reason
    with ``-report``, ``-warning`` or ``-error`` behind it. Empty if none are registered.
    """
    name = path.rpartition("/")[2]
    return _keywords(name) if name in KEYWORDS else frozenset()


def enum_for(path: str) -> "type[OpenEnum] | None":
    """The class in `ippfast.enums` that names the values at this path; None if there is none."""
    spec = lookup(path)
    return None if spec is None else spec.enum


def operations() -> dict[int, CodeSpec]:
    """Every operation by its operation-id, CUPS' own included."""
    from ippfast.enums import Operation

    return {code: _code(code, OPERATIONS[code.keyword]) for code in Operation}


def status_codes() -> dict[int, CodeSpec]:
    """Every assigned status by its status-code."""
    from ippfast.enums import Status

    return {code: _code(code, STATUS_CODES[code.keyword]) for code in Status}


def _resolve(path: str) -> tuple[str, bool] | None:
    """Where a path is registered (media-col-default/media-type: at media-col/media-type), and whether it is a set
    although it is not registered as one."""
    first, *rest = path.split("/")
    found: tuple[str, bool] | None = (first, False) if first in ATTRIBUTES else None
    is_set = False
    for name in rest:
        if found is None:
            break
        found = _member(found[0], name)
        # If a constraint lists values of a collection, it lists values of the collection's members too.
        is_set = is_set or (found is not None and found[1])
    return None if found is None else (found[0], is_set)


def _member(collection: str, name: str) -> tuple[str, bool] | None:
    while collection:
        path = f"{collection}/{name}"
        if path in ATTRIBUTES:
            return path, False
        is_set, source = _source(collection)
        if source == "Job Template":
            return (name, is_set) if source in _groups(name) else None
        collection = source
    return None


def _source(collection: str) -> tuple[bool, str]:
    """Whether the members that a collection takes over are sets, and where they come from: from another collection,
    from "Job Template", or there are none ("")."""
    source = ATTRIBUTES[collection].split(";")[2]
    return source.startswith("1setOf "), source.removeprefix("1setOf ")


def _groups(name: str) -> tuple[str, ...]:
    return _words(ATTRIBUTES.get(name, "").partition(";")[0])


@cache
def _words(field: str) -> tuple[str, ...]:
    """The words of a field of the data. Attributes with equal fields share one object."""
    return tuple(filter(None, field.split(",")))


@cache
def _flags(field: str) -> frozenset[str]:
    return frozenset(_words(field))


@cache
def _group_tags(groups: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(GROUPS[group] for group in groups))


@cache
def _wire_tags(tags: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(form for tag in tags for form in (tag, _WITH_LANGUAGE.get(tag)) if form is not None)


@cache
def _children() -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for path in ATTRIBUTES:
        collection, _, name = path.rpartition("/")
        if collection:
            children.setdefault(collection, []).append(name)
    return children


@cache
def _holders() -> dict[str, tuple[str, ...]]:
    holders: dict[str, list[str]] = {}
    for collection, members in _children().items():
        for name in members:
            holders.setdefault(name, []).append(collection)
    found = {}
    for name, paths in holders.items():
        own = [path for path in paths if not path.partition("/")[0].endswith(_LISTS)] or paths
        found[name] = tuple(sorted(own, key=lambda path: (path.count("/"), path)))
    return found


@cache
def _names(group: int | str | None) -> tuple[str, ...]:
    wanted = {name for name, tag in GROUPS.items() if group in (None, name, tag)}
    return tuple(path for path in ATTRIBUTES if "/" not in path and not wanted.isdisjoint(_groups(path)))


@cache
def _keywords(name: str) -> frozenset[str]:
    words = KEYWORDS[name].split()
    elsewhere = [_keywords(word[1:]) for word in words if word[0] == "@"]
    return frozenset(word for word in words if word[0] != "@").union(*elsewhere)


def _code(code: "Operation | Status", line: str) -> CodeSpec:
    flags, _, reference = line.partition(";")
    return CodeSpec(code, _flags(flags), reference)


# Bounded: "any Job Template attribute" nests without end, so a peer can name any number of paths.
@lru_cache(maxsize=2048)
def _spec(path: str, group: int | None, registered: str, is_set: bool) -> AttributeSpec:
    line = ATTRIBUTES[registered]
    if group is not None:
        line = VARIANTS.get((registered, group), line)
    groups, syntax, _, flags, references = line.split(";")
    if is_set:
        syntax = _as_constraint(syntax)
    if "/" in path:
        groups = ATTRIBUTES[path.partition("/")[0]].partition(";")[0]
    reference = references.replace(",", ", ")
    return AttributeSpec(path, syntax, _words(groups), *_parse(syntax), _flags(flags), reference)


def _as_constraint(syntax: str) -> str:
    """The syntax of what a constraint lists: any number of values, and for integers also ranges."""
    terms = syntax.removeprefix("1setOf ").split(" | ")
    if not any(term.startswith("rangeOfInteger") for term in terms):
        terms += ["rangeOfInteger" + term.removeprefix("integer") for term in terms if term.startswith("integer")]
    return "1setOf " + " | ".join(terms)


@cache
def _parse(syntax: str) -> tuple[tuple[int, ...], bool, int | None, int | None, int | None, frozenset[int]]:
    """The tags, set, minimum, maximum, max_octets and out_of_band of a syntax in the notation of the data."""
    tags, out_of_band, octets = [], set(), []
    bounds: list[int] = []
    for term in syntax.removeprefix("1setOf ").split(" | "):
        word, _, argument = term.rstrip(")").partition("(")
        if word in _OUT_OF_BAND:
            out_of_band.add(_OUT_OF_BAND[word])
            continue
        tag, max_octets = _SYNTAXES[word]
        tags.append(tag)
        if ":" in argument:
            bounds += (_BOUNDS.get(bound) or int(bound) for bound in argument.split(":"))
        elif max_octets is not None:
            octets.append(max_octets if argument in ("", "MAX") else int(argument))
    return (
        tuple(tags),
        syntax.startswith("1setOf "),
        min(bounds, default=None),
        max(bounds, default=None),
        max(octets, default=None),
        frozenset(out_of_band),
    )
