"""The vectors that are refused.

The rule of this file: each has one fault, and `refuse` is told where it is by being given the octets in two
parts, those before the offending element and those from there on. So the offset is nobody's computation.

Where an element begins: at its tag octet for faults of grammar and for limits; at the first octet of the
length for a length over 32767; for truncation at the first octet of the field that is cut short
(version-number, operation-id, request-id, tag, name-length, name, value-length or value).
"""

from collections.abc import Iterable

from vector_tokens import (
    COPIES,
    END,
    HEAD,
    JOB,
    OPENING,
    OPERATION,
    PRINTER,
    Vector,
    attribute,
    begun,
    collection,
    counted,
    inner,
    int32,
    member,
    more,
    nested,
)

__all__ = ["refused"]

IN_GROUP = OPENING + PRINTER
IN_COLLECTION = IN_GROUP + COPIES + attribute(0x34, "media-col", b"")
AFTER_MEMBER = IN_COLLECTION + member("a", more(0x21, int32(1)))
BEG, STOP = more(0x34, b""), more(0x37, b"")
VALUE = more(0x21, int32(2))


def refuse(name: str, outcome: str, before: bytes, offending: bytes, what: str, section: str) -> Vector:
    return Vector(f"refused/{name}.ipp", outcome, len(before), 0, what, f"RFC {section}", before + offending)


def grammar(name: str, before: bytes, offending: bytes, what: str, section: str) -> Vector:
    return refuse(name, "DecodeError", before, offending, what, section)


def truncated() -> Iterable[Vector]:
    def cut(name: str, before: bytes, left: bytes, what: str) -> Vector:
        return refuse(f"truncated-{name}", "TruncatedError", before, left, f"truncated: {what}", "8010 3.1.1")

    yield cut("empty", b"", b"", "no octet at all")
    yield cut("in-version", b"", HEAD[:1], "in version-number")
    yield cut("after-version", HEAD[:2], b"", "after version-number")
    yield cut("in-code", HEAD[:2], HEAD[2:3], "in operation-id")
    yield cut("after-code", HEAD[:4], b"", "after operation-id")
    yield cut("in-request-id", HEAD[:4], HEAD[4:7], "in request-id")
    yield cut("after-header", HEAD, b"", "no group and no end tag")
    yield cut("after-delimiter", HEAD + OPERATION, b"", "an empty group and no end tag")
    yield cut("no-end-tag", IN_GROUP + COPIES, b"", "everything but the end tag")
    yield cut("no-end-tag-after-set", IN_GROUP + COPIES + VALUE, b"", "no end tag after an additional value")
    yield cut("no-end-tag-after-collection", IN_GROUP + nested(2), b"", "no end tag after a collection")

    # Each kind of token, cut in each of its fields.
    tokens = {
        "attribute": (IN_GROUP, 0x44, b"sides", b"one-sided"),
        "additional-value": (IN_GROUP + COPIES, 0x21, b"", int32(2)),
        "beg-collection": (IN_GROUP, 0x34, b"media-col", b""),
        "member-name": (IN_COLLECTION, 0x4A, b"", b"media-size"),
        "member-value": (IN_COLLECTION + member("a"), 0x21, b"", int32(2)),
        "member-additional-value": (AFTER_MEMBER, 0x21, b"", int32(2)),
        "member-collection": (IN_COLLECTION + member("a"), 0x34, b"", b""),
        "end-collection": (AFTER_MEMBER, 0x37, b"", b""),
    }
    for token, (before, tag, name, value) in tokens.items():
        yield cut(f"{token}-before", before, b"", f"before the tag of {token}")
        fields = {
            "name-length": len(name).to_bytes(2, "big"),
            "name": name,
            "value-length": len(value).to_bytes(2, "big"),
            "value": value,
        }
        at = before + bytes([tag])
        for field, octets in fields.items():
            if octets:
                yield cut(f"{token}-before-{field}", at, b"", f"before the {field} of {token}")
                yield cut(
                    f"{token}-in-{field}",
                    at,
                    octets[:-1],
                    f"the last octet of the {field} of {token} is missing",
                )
            at += octets
    yield cut("in-nested-collection", IN_GROUP + begun(4) + member("b", VALUE), b"", "four collections deep")
    yield cut("collection-as-value", IN_COLLECTION + STOP + BEG, b"", "in the second collection of a set")
    yield cut(
        "name-length-7fff",
        IN_GROUP + b"\x21\x7f\xff",
        b"copies" + counted(int32(1)) + END,
        "name of 32767 octets",
    )
    in_value = IN_GROUP + b"\x41" + counted(b"text") + b"\x7f\xff"
    yield cut("value-length-7fff", in_value, b"text" + END, "value of 32767 octets")
    # The end tag is taken for a length here, so there is none.
    yield cut(
        "xerox-no-value-length",
        IN_GROUP + b"\x34" + counted(b"media-col"),
        END,
        "begCollection without value-length",
    )


def before_attributes() -> Iterable[Vector]:
    yield grammar("value-before-group", HEAD, COPIES + END, "an attribute before any group", "8010 3.1.1")
    yield grammar(
        "additional-value-before-group",
        HEAD,
        VALUE + END,
        "an additional value before any group",
        "8010 3.1.1",
    )
    yield grammar("collection-before-group", HEAD, collection("c") + END, "a collection before any group", "8010 3.1.1")
    yield grammar("end-collection-before-group", HEAD, STOP + END, "endCollection before any group", "8010 3.1.1")
    yield grammar("member-name-before-group", HEAD, member("a") + END, "memberAttrName before any group", "8010 3.1.1")
    html = b"<html><body>Not found</body></html>"
    yield grammar("html", html[:8], html[8:], "HTML where a message should be", "8010 3.1.1")
    http = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    yield grammar("http", http[:8], http[8:], "HTTP where a message should be", "8010 3.1.1")
    gzip = bytes.fromhex("1f8b0800 00000000 0003 6364")
    yield grammar("gzip", gzip[:8], gzip[8:], "gzip where a message should be", "8010 3.5.1")
    what = "an additional value before any attribute"
    yield grammar("additional-value-first", HEAD + OPERATION, VALUE + END, what, "8010 3.1.5")
    what = "an additional value before any attribute of a later group"
    yield grammar("additional-value-first-in-group", IN_GROUP, VALUE + COPIES + END, what, "8010 3.1.5")
    what = "an additional value before any attribute, after an empty group"
    yield grammar("additional-value-after-empty-group", IN_GROUP + JOB, VALUE + END, what, "8010 3.1.5")
    what = "an additional collection before any attribute"
    yield grammar("additional-collection-first", IN_GROUP, inner() + END, what, "8010 3.1.5")
    what = "an additional no-value before any attribute"
    yield grammar("additional-out-of-band-first", IN_GROUP, more(0x13, b"") + END, what, "8010 3.1.5")


def delimiters() -> Iterable[Vector]:
    yield grammar("delimiter-00-first", HEAD, b"\x00" + END, "delimiter 0x00 as the first", "8010 3.5.1")
    yield grammar("delimiter-00", IN_GROUP + COPIES, b"\x00" + END, "delimiter 0x00 after an attribute", "8010 3.5.1")
    what = "delimiter 0x00 in a collection"
    yield grammar("delimiter-00-in-collection", AFTER_MEMBER, b"\x00" + STOP + END, what, "8010 3.5.1")
    hp = IN_GROUP + b"\x36" + counted(b"job-name") + counted(b"en-us")
    what = "nameWithLanguage without its value-length, as an HP LaserJet sends"
    yield grammar("hp-no-value-length", hp, counted(b"fou") + END, what, "8010 3.9")
    for tag in (0x01, 0x02, 0x04, 0x05, 0x06, 0x0A, 0x0B, 0x0F):
        octets = bytes([tag]) + STOP + END
        what = f"delimiter 0x{tag:02x} in a collection"
        yield grammar(f"delimiter-{tag:02x}-in-collection", AFTER_MEMBER, octets, what, "8010 3.1.6")
    what = "a group begins right after begCollection"
    yield grammar("delimiter-after-beg-collection", IN_COLLECTION, JOB + STOP + END, what, "8010 3.1.6")
    what = "a group begins where a member's value should be"
    yield grammar("delimiter-after-member-name", IN_COLLECTION + member("a"), JOB + STOP + END, what, "8010 3.1.7")
    # Canon printers leave collections open.
    yield grammar("unterminated", AFTER_MEMBER, END, "a collection still open at the end tag", "8010 3.1.6")
    yield grammar("unterminated-empty", IN_COLLECTION, END, "a collection just begun at the end tag", "8010 3.1.6")
    what = "a collection in a collection still open at the end tag"
    yield grammar("unterminated-inner", IN_GROUP + begun(2) + STOP, END, what, "8010 3.1.6")
    what = "three collections still open at the end tag"
    yield grammar("unterminated-three", IN_GROUP + begun(3), END, what, "8010 3.1.6")
    what = "the end tag where a member's value should be"
    yield grammar("unterminated-after-member-name", AFTER_MEMBER + member("b"), END, what, "8010 3.1.7")
    what = "a collection still open at the end tag, with a document"
    yield grammar("unterminated-document", AFTER_MEMBER, END + STOP + END, what, "8010 3.1.6")


def outside_collections() -> Iterable[Vector]:
    yield grammar("end-collection-first", IN_GROUP, STOP + END, "endCollection as first token of a group", "8010 3.1.6")
    after = IN_GROUP + COPIES
    yield grammar("end-collection-outside", after, STOP + END, "endCollection after an attribute", "8010 3.1.6")
    after = IN_GROUP + nested(2)
    yield grammar("end-collection-twice", after, STOP + END, "one endCollection too many", "8010 3.1.6")
    what = "endCollection with a name, outside"
    yield grammar(
        "end-collection-named-outside", IN_GROUP + COPIES, attribute(0x37, "x", b"") + END, what, "8010 3.1.6"
    )
    member_first = member("a", VALUE)
    yield grammar("member-name-first", IN_GROUP, member_first + END, "memberAttrName first in a group", "8010 3.1.7")
    # Kyocera printers send members after the collection.
    yield grammar("member-name-outside", IN_GROUP + COPIES, member_first + END, "memberAttrName outside", "8010 3.1.7")
    what = "memberAttrName right after a collection"
    yield grammar("member-name-after-collection", IN_GROUP + nested(1), member_first + END, what, "8010 3.1.7")
    what = "memberAttrName with a name, outside"
    octets = attribute(0x4A, "x", b"a") + VALUE + END
    yield grammar("member-name-named-outside", IN_GROUP + COPIES, octets, what, "8010 3.1.7")


def inside_collections() -> Iterable[Vector]:
    def inside(name: str, before: bytes, offending: bytes, what: str, section: str = "8010 3.1.7") -> Vector:
        return grammar(name, before, offending + STOP + END, what, section)

    after_name = IN_COLLECTION + member("a")
    yield inside("member-value-unnamed", IN_COLLECTION, VALUE, "a value without memberAttrName")
    yield inside("member-collection-unnamed", IN_COLLECTION, inner(), "a collection without memberAttrName")
    yield inside("member-out-of-band-unnamed", IN_COLLECTION, more(0x13, b""), "no-value without memberAttrName")
    in_second = IN_COLLECTION + STOP + BEG
    yield inside("member-value-unnamed-in-set", in_second, VALUE, "the same in the second collection of a set")
    in_inner = AFTER_MEMBER + member("b") + BEG
    yield inside("member-value-unnamed-inner", in_inner, VALUE + STOP, "the same in a collection in a collection")
    yield inside("member-name-empty", IN_COLLECTION, member("", VALUE), "an empty member name")
    yield inside("member-name-empty-second", AFTER_MEMBER, member("", VALUE), "an empty name of a second member")
    yield inside("member-without-value-last", after_name, b"", "endCollection where a member's value should be")
    yield inside("member-without-value", after_name, member("b", VALUE), "memberAttrName where a value should be")
    second = AFTER_MEMBER + member("b")
    yield inside("member-without-value-second", second, member("c", VALUE), "the same for a second member")
    inner_last = AFTER_MEMBER + member("b") + BEG + member("c")
    yield inside("member-without-value-inner", inner_last, STOP, "the same in a collection in a collection")
    # Pantum printers send ordinary attributes where members should be.
    yield inside("named-attribute-first", IN_COLLECTION, COPIES, "a named attribute after begCollection")
    yield inside("named-attribute", AFTER_MEMBER, COPIES, "a named attribute after a member")
    yield inside("named-member-value", after_name, COPIES, "a name on a member's value")
    yield inside("named-member-name", IN_COLLECTION, attribute(0x4A, "x", b"a") + VALUE, "a name on memberAttrName")
    yield inside(
        "named-member-collection",
        after_name,
        collection("x"),
        "a name on a member's collection",
        "8010 3.1.6",
    )
    yield inside("named-collection", AFTER_MEMBER, collection("x"), "a named collection in a collection", "8010 3.1.6")

    beg, stop = attribute(0x34, "media-col", b"\x00\x00\x00\x01"), more(0x37, b"\x00")
    tail = STOP + END
    section = "8010 3.1.6"
    yield grammar("beg-collection-octets", IN_GROUP, beg + tail, "begCollection with octets", section)
    what = "begCollection with octets, in a set"
    yield grammar("beg-collection-octets-in-set", IN_GROUP + nested(1), more(0x34, b"x") + tail, what, section)
    what = "begCollection with octets, of a member"
    yield grammar("beg-collection-octets-member", after_name, more(0x34, b"x") + STOP + tail, what, section)
    yield grammar("end-collection-octets", AFTER_MEMBER, stop + END, "endCollection with octets", section)
    yield grammar("end-collection-octets-empty", IN_COLLECTION, stop + END, "the same without a member", section)
    octets = stop + tail
    yield grammar("end-collection-octets-inner", in_inner, octets, "the same in a collection in a collection", section)
    octets = attribute(0x37, "media-col", b"") + END
    yield grammar("end-collection-named", AFTER_MEMBER, octets, "endCollection with a name", section)
    yield grammar("end-collection-named-empty", IN_COLLECTION, octets, "the same without a member", section)


def lengths() -> Iterable[Vector]:
    good = counted(int32(1)) + END
    for length in ("8000", "8001", "fffe", "ffff"):
        octets = bytes.fromhex(length)
        what = f"name-length 0x{length}"
        yield grammar(f"name-length-{length}", IN_GROUP + b"\x21", octets + b"copies" + good, what, "8010 3.6")
        what = f"value-length 0x{length}"
        before = IN_GROUP + b"\x21" + counted(b"copies")
        yield grammar(f"value-length-{length}", before, octets + int32(1) + END, what, "8010 3.8")
    present = bytes.fromhex("8000") + b"n" * 0x8000
    what = "name-length 0x8000, and all of the octets"
    yield grammar("name-length-8000-present", IN_GROUP + b"\x21", present + good, what, "8010 3.6")
    what = "value-length 0x8000, and all of the octets"
    yield grammar("value-length-8000-present", IN_GROUP + b"\x41" + counted(b"text"), present + END, what, "8010 3.8")
    over = b"\x80\x00"
    places = {
        "additional-value": (IN_GROUP + COPIES, b"\x21"),
        "member-name": (IN_COLLECTION, b"\x4a"),
        "member-value": (IN_COLLECTION + member("a"), b"\x21"),
        "beg-collection": (IN_COLLECTION + member("a"), b"\x34"),
        "end-collection": (AFTER_MEMBER, b"\x37"),
    }
    for place, (before, tag) in places.items():
        yield grammar(
            f"name-length-8000-{place}",
            before + tag,
            over + good,
            f"name-length 0x8000 of {place}",
            "8010 3.6",
        )
        at_value = before + tag + b"\x00\x00"
        what = f"value-length 0x8000 of {place}"
        yield grammar(f"value-length-8000-{place}", at_value, over + int32(1) + END, what, "8010 3.8")
    what = "value-length 0x8000 of begCollection"
    before = IN_GROUP + b"\x34" + counted(b"media-col")
    yield grammar("value-length-8000-collection", before, over + STOP + END, what, "8010 3.8")


def too_deep() -> Iterable[Vector]:
    for depth in (9, 10, 50, 100, 101, 1000):
        octets = nested(depth)[len(begun(8) + member("a")) :]
        what = f"collections {depth} deep"
        yield refuse(
            f"depth-{depth}",
            "LimitError",
            IN_GROUP + begun(8) + member("a"),
            octets + END,
            what,
            "8011 5.1.17",
        )
    what = "nine deep in the second collection of a set"
    before = IN_GROUP + nested(8) + begun(8, "") + member("a")
    yield refuse("depth-9-in-set", "LimitError", before, BEG + STOP * 9 + END, what, "8011 5.1.17")
    what = "nine deep in the second value of a member"
    before = IN_GROUP + begun(8) + member("a", VALUE)
    yield refuse("depth-9-in-member-set", "LimitError", before, BEG + STOP * 9 + END, what, "8011 5.1.17")
    what = "nine deep and begun only"
    before = IN_GROUP + begun(8) + member("a")
    yield refuse("depth-9-begun", "LimitError", before, BEG + member("a") + BEG + END, what, "8011 5.1.17")


def refused() -> Iterable[Vector]:
    for part in (
        truncated,
        before_attributes,
        delimiters,
        outside_collections,
        inside_collections,
        lengths,
        too_deep,
    ):
        yield from part()
