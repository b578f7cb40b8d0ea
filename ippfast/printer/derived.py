"""What follows from the description of a printer: the collections of its media and finishings, its trays and bins.

The rule of this file: tables say what follows from a finishing or a tray, and what a description sets itself is left as
it is. Nothing is derived from what it does not have: a printer that can't punch has no punching-*-supported.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from ippfast.codec import Attribute
from ippfast.enums import Finishings
from ippfast.media import parse_media_name
from ippfast.values import OutOfBand, RangeOfInteger

__all__ = ["derived", "is_source"]

Known = Mapping[str, Attribute]

# The margins of a medium. Of the supported values the first is the least (borderless), the last is the usual one.
_MARGINS = ("bottom", "left", "right", "top")
_MEDIA_COL = [
    *("media-size", "media-size-name", "media-source", "media-source-properties", "media-type"),
    *(f"media-{side}-margin" for side in _MARGINS),
]
_EDGES = ["bottom", "left", "right", "top"]
_SIDES = ["back", "both", "front"]
_ANYWHERE = [RangeOfInteger(0, 2**31 - 1)]


class _Finisher(NamedTuple):
    """A kind of finishing. member: its member of finishings-col. templates: how the names of its templates begin.
    device: what does it (finDeviceType of RFC 3806). members: what the members of `member` may be (PWG 5100.1 section
    5.2)."""

    member: str
    templates: tuple[str, ...]
    device: str
    members: Mapping[str, list[Any]]


_FINISHERS = (
    _Finisher(
        "baling", ("bale",), "bander", {"type": ["band", "shrink-wrap", "wrap"], "when": ["after-job", "after-sets"]}
    ),
    _Finisher(
        "binding",
        ("bind",),
        "binder",
        {
            "reference-edge": _EDGES,
            "type": ["adhesive", "comb", "flat", "padding", "perfect", "spiral", "tape", "velo"],
        },
    ),
    _Finisher("coating", ("coat",), "other", {"sides": _SIDES, "type": ["glossy", "matte", "semi-gloss"]}),
    _Finisher("covering", ("cover",), "inserter", {"name": ["plain", "pre-cut", "pre-printed"]}),
    _Finisher(
        "folding",
        ("fold",),
        "folder",
        {"direction": ["inward", "outward"], "offset": _ANYWHERE, "reference-edge": _EDGES},
    ),
    _Finisher("laminating", ("laminate",), "other", {"sides": _SIDES, "type": ["glossy", "matte", "semi-gloss"]}),
    _Finisher(
        "punching", ("punch",), "puncher", {"locations": _ANYWHERE, "offset": _ANYWHERE, "reference-edge": _EDGES}
    ),
    _Finisher(
        "stitching",
        ("staple", "edge-stitch", "saddle-stitch", "booklet-maker"),
        "stitcher",
        {
            "angle": [RangeOfInteger(0, 359)],
            "locations": _ANYWHERE,
            "method": ["auto", "crimp", "wire"],
            "offset": _ANYWHERE,
            "reference-edge": _EDGES,
        },
    ),
    _Finisher(
        "trimming",
        ("trim",),
        "trimmer",
        {
            "offset": _ANYWHERE,
            "reference-edge": _EDGES,
            "type": ["draw-line", "full", "partial", "perforate", "score", "tab"],
            "when": ["after-documents", "after-job", "after-sets", "after-sheets"],
        },
    ),
)

# What a tray is if the name of its media-source begins so (prtInputType of RFC 3805), how many sheets it holds, and how
# many it has (-2: unknown).
_TRAYS = (
    ("manual", "sheetFeedManual", 1, -2),
    ("by-pass-tray", "sheetFeedManual", 1, -2),
    ("main-roll", "continuousRoll", -2, -2),
    ("roll-", "continuousRoll", -2, -2),
    ("", "sheetFeedAutoRemovableTray", 250, 200),
)

_SOURCES = ("media", "finishing", "output-bin", "feed-orientation")


def is_source(name: str) -> bool:
    """Whether something is derived from an attribute."""
    return name.startswith(_SOURCES)


def derived(known: Known) -> dict[str, object]:
    """What follows from these attributes, by name. The description may set some of these names itself."""
    return {name: value for table in _TABLES for name, value in table(known) if value}


def _values(known: Known, name: str) -> list[Any]:
    return list(known[name].values) if name in known else []


def _media(known: Known) -> Iterator[tuple[str, object]]:
    """The media of a printer as collections (PWG 5100.7 section 6.3)."""

    def values(name: str) -> list[Any]:
        return _values(known, name)

    margins = {side: values(f"media-{side}-margin-supported") or [0] for side in _MARGINS}
    usual = {side: each[-1] for side, each in margins.items()}
    least = {side: each[0] for side, each in margins.items()}
    kinds = [kind for kind in values("media-type-supported") if kind != "auto"][:1] or ["auto"]
    sources = [source for source in values("media-source-supported") if source != "auto"] or ["auto"]
    feed = {
        "media-source-feed-direction": (values("feed-orientation-default") or ["long-edge-first"])[0],
        "media-source-feed-orientation": "portrait",
    }

    def medium(name: str, size: Mapping[str, object], edges: Mapping[str, int], source: object) -> dict[str, object]:
        found: dict[str, object] = {"media-size": size}
        if name:
            found["media-size-name"] = name
        found |= {f"media-{side}-margin": edge for side, edge in edges.items()}
        return found | {"media-source": source, "media-source-properties": feed, "media-type": kinds[0]}

    sizes, database, ready = [], [], []
    bounds: dict[str, tuple[int, int]] = {}
    for name in values("media-supported"):
        parsed = parse_media_name(name) if isinstance(name, str) else None
        if parsed is None:
            continue
        if parsed.media_class in ("custom", "roll") and parsed.name in ("min", "max"):
            bounds[parsed.name] = parsed.width, parsed.length
            continue
        size = {"x-dimension": parsed.width, "y-dimension": parsed.length}
        sizes.append(size)
        edges = [usual] if usual == least else [usual, least]
        for edge, source in product(edges, sources):
            database.append(medium(name, size, edge, source))
        if name in values("media-ready"):
            ready.append(medium(name, size, usual, sources[0]))
    if {"min", "max"} <= bounds.keys():
        custom = {
            f"{axis}-dimension": RangeOfInteger(bounds["min"][place], bounds["max"][place])
            for place, axis in enumerate("xy")
        }
        sizes.append(custom)  # type: ignore[arg-type]
        database.append(medium("", custom, usual, sources[0]))
    yield "media-col-supported", _MEDIA_COL
    yield "media-size-supported", sizes
    yield "media-col-database", database
    yield "media-col-ready", ready
    default = [each for each in database if [each.get("media-size-name")] == values("media-default")][:1]
    # media-source-properties describe a source of the printer; a job has none.
    yield "media-col-default", [{n: v for n, v in each.items() if n != "media-source-properties"} for each in default]


def _finishings(known: Known) -> Iterator[tuple[str, object]]:
    """The finishings of a printer as collections, and the devices for them (PWG 5100.1)."""

    def templates(name: str) -> list[str]:
        codes = [each for each in _values(known, name) if isinstance(each, int)]
        return [str(each) for each in map(Finishings.coerce, codes) if isinstance(each, Finishings)]

    kinds = templates("finishings-supported")
    if not kinds:  # only vendors' own, which have no keywords
        return
    there = [each for each in _FINISHERS if any(_is_of(kind, each.templates) for kind in kinds)]
    ready = [{"finishing-template": each} for each in templates("finishings-ready") or kinds]
    usual = [{"finishing-template": each} for each in templates("finishings-default")]
    yield "finishings-ready", _values(known, "finishings-supported")
    yield "finishing-template-supported", kinds
    yield "finishings-col-supported", ["finishing-template", *(each.member for each in there)]
    yield "finishings-col-database", [{"finishing-template": each} for each in kinds]
    yield "finishings-col-ready", ready
    yield "finishings-col-default", usual[:1] or OutOfBand.NO_VALUE
    for finisher in there:
        for member, values in finisher.members.items():
            yield f"{finisher.member}-{member}-supported", values
    yield (
        "printer-finisher",
        [
            f"type={each.device};unit=sheets;maxcapacity=-2;capacity=-2;index={place};presentonoff=on;status=0;".encode()
            for place, each in enumerate(there, 1)
        ],
    )
    yield "printer-finisher-description", [each.member.capitalize() for each in there]


def _is_of(template: str, kinds: tuple[str, ...]) -> bool:
    return any(template == kind or template.startswith(f"{kind}-") for kind in kinds)


def _trays(known: Known) -> Iterator[tuple[str, object]]:
    """A tray for each source of media, and one for each bin (PWG 5100.13 sections 5.6.2 and 5.6.3)."""
    trays = []
    for source in map(str, _values(known, "media-source-supported")):
        kind, most, level = next(row[1:] for row in _TRAYS if source.startswith(row[0]))
        trays.append(f"type={kind};mediafeed=0;mediaxfeed=0;maxcapacity={most};level={level};status=0;name={source};")
    yield "printer-input-tray", [each.encode("utf-8", "replace") for each in trays]
    bins = [
        f"type=unRemovableBin;maxcapacity=100;remaining=100;status=0;name={name};"
        for name in map(str, _values(known, "output-bin-supported"))
    ]
    yield "printer-output-tray", [each.encode("utf-8", "replace") for each in bins]


_TABLES: tuple[Callable[[Known], Iterator[tuple[str, object]]], ...] = (_media, _finishings, _trays)
