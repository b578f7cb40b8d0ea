"""What hypothesis makes for the vocabulary's tests: for any attribute, Python values that the registry allows it.

The rule of this file: it reads the registry, never the code under test. A value is drawn from the registered
keywords and enum members where there are any, so that nothing about it is unknown.
"""

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import strategies as st

from ippfast import DateTime, OutOfBand, RangeOfInteger, Resolution, StringWithLanguage, ValueTag, registry
from ippfast.registry import AttributeSpec
from ippfast.wrappers import Integer, Keyword, Name, OctetString, Text, Uri

__all__ = ["attributes", "values"]

LIMITS = {
    ValueTag.OCTET_STRING: 1023,
    ValueTag.TEXT: 1023,
    ValueTag.NAME: 255,
    ValueTag.KEYWORD: 255,
    ValueTag.URI: 1023,
}
# What has no registered keywords, or may be any that is well formed.
KEYWORDS = st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True)
SAMPLES: dict[int, list[str]] = {
    ValueTag.URI: [
        "ipp://printer/ipp/print",
        "https://[::1]:631/a?b=%20#c",
        "urn:uuid:0",
        "geo:46.4,-80.9",
        "mailto:a@b",
    ],
    ValueTag.URI_SCHEME: ["ipp", "ipps", "mailto", "x-y+z.1"],
    ValueTag.CHARSET: ["utf-8", "us-ascii", "iso-8859-1", "windows-1252"],
    ValueTag.NATURAL_LANGUAGE: ["en", "en-us", "zh-hant-tw", "x-klingon"],
    ValueTag.MIME_MEDIA_TYPE: ["application/pdf", "text/plain; charset=utf-8", "image/pwg-raster", 'a/b;c="d e"'],
}
LANGUAGES = st.sampled_from(SAMPLES[ValueTag.NATURAL_LANGUAGE])
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES | st.just(UTC))
DEPTH = 2


@cache
def _names() -> list[str]:
    """Without those that a builder sets, and collections whose members nobody registered."""
    own = {"attributes-charset", "attributes-natural-language"}
    return [name for name in registry.names() if name not in own]


def _within(text: str, octets: int) -> str:
    return text.encode()[:octets].decode(errors="ignore")


_ONE_LINE = str.maketrans("\t\n\r", "   ")


def _texts(limit: int) -> st.SearchStrategy[str]:
    characters = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r")
    return st.one_of(
        st.text(characters, max_size=20).map(lambda text: _within(text, limit)),
        st.sampled_from(["", "x" * limit, "\u00e4" * (limit // 2)]),
    )


def _one(spec: AttributeSpec, tag: int, depth: int) -> st.SearchStrategy[Any]:
    """A value under one of the tags that the registry allows."""
    limit = min(LIMITS.get(tag, 63), spec.max_octets or 63)  # type: ignore[call-overload]
    least, most = spec.minimum if spec.minimum is not None else 0, spec.maximum if spec.maximum is not None else 0
    if tag == ValueTag.INTEGER:
        numbers = st.integers(least, most) | st.sampled_from([least, most])
        return numbers | numbers.map(Integer)
    if tag == ValueTag.BOOLEAN:
        return st.booleans()
    if tag == ValueTag.ENUM:
        if spec.enum is None:
            return st.integers(1, 2**31 - 1)
        members = st.sampled_from(list(spec.enum))
        return st.one_of(members, members.map(int), members.map(str), st.integers(0x40000000, 2**31 - 1))
    if tag == ValueTag.OCTET_STRING:
        octets = st.binary(max_size=min(20, limit)) | st.just(b"x" * limit)
        return octets | octets.map(OctetString) | octets.map(bytearray)
    if tag == ValueTag.DATE_TIME:
        return (
            MOMENTS | MOMENTS.map(DateTime.from_datetime) | st.just(DateTime(2016, 12, 31, 23, 59, 60, 9, "-", 3, 30))
        )
    if tag == ValueTag.RESOLUTION:
        pairs = st.tuples(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
        units = st.sampled_from([3, 4, "dpi", "dpcm"])
        return st.one_of(
            pairs,
            st.builds(lambda pair, unit: (*pair, unit), pairs, units),
            pairs.map(lambda pair: Resolution(*pair)),
        )
    if tag == ValueTag.RANGE_OF_INTEGER:
        pairs = st.tuples(st.integers(least, most), st.integers(least, most)).map(lambda pair: (min(pair), max(pair)))
        return st.one_of(
            pairs, pairs.map(lambda pair: RangeOfInteger(*pair)), pairs.map(lambda p: range(p[0], p[1] + 1))
        )
    if tag == ValueTag.BEG_COLLECTION:
        return _collection(spec.path, depth)
    if tag == ValueTag.TEXT:
        with_language = st.builds(StringWithLanguage, _texts(limit), LANGUAGES)
        return _texts(limit) | with_language | _texts(limit).map(Text)
    if tag == ValueTag.NAME:
        lines = _texts(limit).map(lambda text: text.translate(_ONE_LINE))
        wrapped = lines.map(Name) | st.builds(Name, lines, LANGUAGES)
        # A plain string could be taken for a keyword.
        return wrapped if ValueTag.KEYWORD in spec.tags else wrapped | lines
    if tag == ValueTag.KEYWORD:
        known = sorted(spec.keywords)
        keywords = st.sampled_from(known) if known else KEYWORDS
        return keywords | keywords.map(Keyword)
    samples = st.sampled_from(SAMPLES[tag])
    return samples | samples.map(Uri) if tag == ValueTag.URI else samples


@st.composite
def _collection(draw: st.DrawFn, path: str, depth: int) -> dict[str, Any]:
    known = registry.members(path)
    if depth == 0:
        known = {name: spec for name, spec in known.items() if ValueTag.BEG_COLLECTION not in spec.tags}
    if not known:
        return {"vendor-member": Keyword("none")}
    names = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=3, unique=True))
    return {name: draw(values(known[name], depth - 1)) for name in names}


@st.composite
def values(draw: st.DrawFn, spec: AttributeSpec, depth: int = DEPTH) -> Any:
    """A value of the attribute, a list of values where it may have several, or what stands for none."""
    if spec.out_of_band and draw(st.integers(0, 3)) == 0:
        return OutOfBand(draw(st.sampled_from(sorted(spec.out_of_band))))
    one = st.one_of([_one(spec, tag, depth) for tag in spec.tags])
    # Ranges of pages ascend, and the reason "none" stands alone.
    most = 1 if spec.name == "page-ranges" or spec.name.endswith("state-reasons") else 3
    return draw(st.lists(one, min_size=1, max_size=most) if spec.set else one)


@st.composite
def attributes(draw: st.DrawFn) -> tuple[int, str, Any]:
    """The tag of a group, the name of an attribute that is registered for it, and a value."""
    name = draw(st.sampled_from(_names()))
    spec = registry.lookup(name)
    assert spec is not None
    tag = draw(st.sampled_from(spec.group_tags))
    narrowed = registry.lookup(name, tag)
    assert narrowed is not None
    return tag, name, draw(values(narrowed))
