"""The vectors that are accepted, however odd, because they have the form of a message.

The rule of this file: decoded and encoded again, each gives the same octets.
"""

from collections.abc import Iterable

from vector_tokens import (
    CHARSET,
    COPIES,
    END,
    HEAD,
    JOB,
    LANGUAGE,
    OPENING,
    OPERATION,
    PRINTER,
    Vector,
    attribute,
    collection,
    inner,
    int32,
    member,
    more,
    nested,
    with_language,
)

__all__ = ["odd"]


def kept(name: str, octets: bytes, what: str, section: str, *, raw: int = 0, document: bytes = b"") -> Vector:
    """A message that is accepted and must be encoded back to the same octets. ``octets`` lack the end tag."""
    return Vector(f"odd/{name}.ipp", "accepted", len(octets) + 1, raw, what, f"RFC {section}", octets + END + document)


def printer(*attributes: bytes) -> bytes:
    """An ordinary opening, then a printer group with these attributes."""
    return OPENING + PRINTER + b"".join(attributes)


# Unassigned tags get four octets: see odd_tags.
WELL_FORMED = {
    **dict.fromkeys(range(0x10, 0x20), b""),
    0x21: int32(42),
    0x22: b"\x01",
    0x23: int32(3),
    0x30: b"\x00\xffoctets",
    0x31: bytes.fromhex("07ea 0b 16 0d 05 00 00 2b 01 00"),
    0x32: int32(600, 1200) + b"\x03",
    0x33: int32(1, 99),
    0x35: with_language(b"fr-ca", b"fou"),
    0x36: with_language(b"de-CH", b"isch guet"),
    0x41: "Drucker im Büro".encode(),
    0x42: "日本語".encode(),
    0x44: b"two-sided-long-edge",
    0x45: b"ipp://localhost/ipp/print",
    0x46: b"ipps",
    0x47: b"utf-8",
    0x48: b"en-us",
    0x49: b"application/pdf; version=1.7",
    0x7F: bytes.fromhex("40000001") + b"vendor",
}


def odd_tags() -> Iterable[Vector]:
    # 0x4a and 0x37 have their only well-formed place inside the collection that stands for 0x34.
    a_collection = collection("tag-34", member("member", more(0x21, int32(1))))
    for row in range(0x10, 0x100, 0x10):
        attributes = [
            a_collection if tag == 0x34 else attribute(tag, f"tag-{tag:02x}", WELL_FORMED.get(tag, b"\x00\x01\xfe\xff"))
            for tag in range(row, row + 0x10)
            if tag not in (0x37, 0x4A)
        ]
        what = f"every value tag 0x{row:02x}-0x{row + 15:02x}, each well-formed"
        yield kept(f"value-tags-{row:02x}", printer(*attributes), what, "8010 3.5.2")
    for tag in (*range(0x01, 0x03), *range(0x04, 0x10)):
        group = bytes([tag]) + attribute(0x44, f"group-{tag:02x}", b"a") + more(0x44, b"b")
        yield kept(f"delimiter-{tag:02x}", OPENING + group, f"a group with tag 0x{tag:02x}", "8010 3.5.1")
    extensions = [
        attribute(0x7F, f"extension-{len(data)}-{data.hex()[:8]}", data)
        for data in map(
            bytes.fromhex,
            (
                "",
                "40",
                "400000",
                "40000001",
                "00000021 0000002a",
                "ffffffff 00",
                "00000034",
                "0000007f 0000007f",
            ),
        )
    ]
    what = "tag 0x7f with its four octets of tag, with fewer, and naming tags that have another form"
    yield kept("extension", printer(*extensions), what, "8010 3.5.2")
    assigned = (0x10, 0x12, 0x13, 0x15, 0x16, 0x17)
    yield kept(
        "out-of-band-octets",
        printer(*(attribute(tag, f"tag-{tag:02x}", b"some") for tag in assigned)),
        "out-of-band values with octets, as Brother printers send",
        "8010 3.8",
        raw=len(assigned),
    )
    reserved = [tag for tag in range(0x10, 0x20) if tag not in assigned]
    yield kept(
        "out-of-band-reserved-octets",
        printer(*(attribute(tag, f"tag-{tag:02x}", b"some") for tag in reserved)),
        "the reserved out-of-band tags 0x11, 0x14, 0x18-0x1f with octets, which are the value",
        "8010 3.8",
    )


def odd_headers() -> Iterable[Vector]:
    def with_head(head: str) -> bytes:
        return bytes.fromhex(head) + OPERATION + CHARSET + LANGUAGE

    for version in ("0000", "0100", "0101", "0202", "7f7f", "8000", "ffff"):
        what = f"version-number 0x{version}"
        yield kept(f"version-{version}", with_head(f"{version} 000b 00000001"), what, "8010 3.4.1")
    for code in ("0000", "0001", "003f", "0400", "4001", "7fff", "8000", "ffff"):
        what = f"operation-id or status-code 0x{code}"
        yield kept(f"code-{code}", with_head(f"0200 {code} 00000001"), what, "8010 3.4.2")
    for request_id in ("00000000", "7fffffff", "80000000", "ffffffff"):
        what = f"request-id 0x{request_id}"
        yield kept(f"request-id-{request_id}", with_head(f"0200 000b {request_id}"), what, "8011 4.1.2")


def odd_groups() -> Iterable[Vector]:
    yield kept("groups-none", HEAD, "no group at all: nine octets", "8010 3.1.1")
    yield kept("groups-one-empty", HEAD + OPERATION, "an empty operation group", "8010 3.3")
    yield kept("groups-empty", OPENING + JOB * 3 + PRINTER + JOB, "empty groups, equal ones side by side", "8010 3.3")
    all_tags = bytes(tag for tag in range(0x01, 0x10) if tag != 0x03)
    yield kept(
        "groups-every-tag-empty",
        HEAD + all_tags,
        "every delimiter but the end, nothing between",
        "8010 3.5.1",
    )
    job = attribute(0x21, "job-id", int32(1)) + attribute(0x23, "job-state", int32(9))
    yield kept("groups-equal-jobs", OPENING + (JOB + job) * 3, "three jobs, octet for octet the same", "8010 3.3")
    yield kept("groups-operation-last", HEAD + PRINTER + COPIES + OPENING[8:], "operation group last", "8011 4.1.7")
    yield kept("groups-operation-twice", OPENING + OPENING[8:], "two operation groups", "8011 4.1.7")
    yield kept("groups-operation-missing", HEAD + JOB + COPIES, "no operation group", "8011 4.1.7")
    opening = HEAD + OPERATION
    yield kept("charset-missing", opening + LANGUAGE, "attributes-charset missing", "8011 4.1.4")
    yield kept("language-missing", opening + CHARSET, "attributes-natural-language missing", "8011 4.1.4")
    yield kept("language-before-charset", opening + LANGUAGE + CHARSET, "language before charset", "8011 4.1.4")
    latin_1 = attribute(0x47, "attributes-charset", b"iso-8859-1") + LANGUAGE
    name = attribute(0x42, "requesting-user-name", b"J\xf6rg")
    yield kept("charset-iso-8859-1", opening + latin_1 + name, "another charset, and a name in it", "8011 4.1.4.1")
    twice = (
        attribute(0x21, "copies", int32(1)) + attribute(0x44, "sides", b"one-sided") + attribute(0x44, "copies", b"2")
    )
    yield kept(
        "duplicates",
        OPENING + JOB + twice + JOB + twice,
        "one name twice in a group, with two tags",
        "8010 3.6",
    )
    yield kept("duplicates-equal", OPENING + JOB + COPIES * 3, "an attribute three times, all the same", "8010 3.6")
    wide = b"".join(attribute(0x21, f"attribute-{number}", int32(number)) for number in range(300))
    yield kept("wide-group", OPENING + PRINTER + wide, "300 attributes in a group", "8010 3.1.2")
    values = attribute(0x21, "numbers", int32(0)) + b"".join(more(0x21, int32(number)) for number in range(1, 500))
    yield kept("wide-set", OPENING + PRINTER + values, "500 values in an attribute", "8010 3.1.5")
    empty = attribute(0x13, "nothing", b"") + more(0x13, b"") * 99
    yield kept("wide-empty-values", OPENING + PRINTER + empty, "100 values without octets", "8010 3.1.5")


def odd_documents() -> Iterable[Vector]:
    message = bytes.fromhex("0200 0002 00000001") + OPENING[8:]
    documents = {
        "document-text": (b"%PDF-1.7 and so on\n", "document data after the end tag"),
        "document-end-tags": (END * 5, "document data made of 0x03"),
        "document-tags": (JOB + COPIES + END, "document data that looks like another group"),
        "document-message": (OPENING + END, "document data that looks like another message"),
        "document-zeros": (bytes(64), "document data of zeros"),
    }
    for name, (document, what) in documents.items():
        yield kept(name, message, what, "8010 3.1.1", document=document)


def odd_names() -> Iterable[Vector]:
    names = {
        "one-octet": (b"x", "one octet"),
        "spaces-capitals": (b"Media Size", "a space and capitals"),
        "non-ascii": ("größe".encode(), "UTF-8 outside ASCII"),
        "bad-utf8": (b"si\xffze\xc3", "octets that are not UTF-8"),
        "surrogate": (b"\xed\xa0\x80\xed\xb2\x80", "surrogates in UTF-8's form"),
        "nul": (b"a\x00b", "NUL"),
        "escape": (b"a\x1b[31mb\r\n", "a terminal sequence and line ends"),
        "255": (b"n" * 255, "255 octets"),
        "256": (b"n" * 256, "256 octets, one more than a keyword may have"),
    }
    for name, (octets, what) in names.items():
        attributes = attribute(0x21, octets, int32(1)) + more(0x44, b"b")
        members = collection("collection", member(octets, more(0x21, int32(1)), more(0x44, b"b")))
        what = f"names of an attribute and of a member: {what}"
        yield kept(f"name-{name}", printer(attributes, members), what, "8010 3.6")
    longest = b"n" * 32767
    yield kept("name-32767", printer(attribute(0x21, longest, int32(1))), "the longest name there is", "8010 3.6")
    in_member = collection("c", member(longest, more(0x21, int32(1))))
    yield kept("name-32767-member", printer(in_member), "the longest member name there is", "8010 3.1.7")


STRINGS = {
    0x41: "text",
    0x42: "name",
    0x44: "keyword",
    0x45: "uri",
    0x46: "uriScheme",
    0x47: "charset",
    0x48: "naturalLanguage",
    0x49: "mimeMediaType",
}
STRING_VALUES = {
    "empty": b"",
    "blank": b" ",
    "capitals": b"A4 Paper",
    "not-utf8": b"\xff\xfe",
    "latin-1": b"J\xf6rg",
    "cut-short": b"10 \xe2\x82",
    "overlong": b"..\xc0\xafetc",
    "surrogate": b"\xed\xa0\x80",
    "surrogate-escape": b"\xed\xb2\x80",
    "over-10ffff": b"\xf4\x90\x80\x80",
    "last-code-point": b"\xf4\x8f\xbf\xbf",
    "byte-order-mark": b"\xef\xbb\xbfa",
    "nul": b"a\x00b\x00",
    "escape": b"\x1b]0;title\x07\x9b31m",
    "bidirectional": "a\u202eb\u2066c".encode(),
    "line-ends": b"a\r\nb\n\xe2\x80\xa8c",
}


def odd_strings() -> Iterable[Vector]:
    for tag, syntax in STRINGS.items():
        attributes = [attribute(tag, name, value) for name, value in STRING_VALUES.items()]
        what = f"{syntax}: empty, not UTF-8 in several ways, controls"
        yield kept(f"string-{tag:02x}-{syntax}", printer(*attributes), what, "8011 5.1")
        values = attribute(tag, "set", b"") + b"".join(more(tag, value) for value in STRING_VALUES.values())
        what = f"{syntax}: the same as one set, and in a member"
        in_member = collection("collection", member("set", *(more(tag, value) for value in STRING_VALUES.values())))
        yield kept(f"string-{tag:02x}-{syntax}-set", printer(values, in_member), what, "8011 5.1")
    for tag, length in ((0x41, 1023), (0x41, 1024), (0x42, 256), (0x44, 256), (0x45, 1024), (0x30, 1024)):
        long = attribute(tag, "long", b"v" * length)
        yield kept(f"length-{tag:02x}-{length}", printer(long), f"a value of {length} octets", "8011 5.1")
    longest = attribute(0x41, "longest", b"v" * 32767)
    yield kept("length-41-32767", printer(longest), "the longest value there is", "8010 3.8")


def odd_fixed_sizes() -> Iterable[Vector]:
    sizes = {
        (0x21, "integer"): (0, 1, 2, 3, 5, 8),
        (0x22, "boolean"): (0, 2, 4),
        (0x23, "enum"): (0, 1, 2, 3, 5, 8),
        (0x31, "dateTime"): (0, 8, 10, 12),
        (0x32, "resolution"): (0, 5, 8, 10),
        (0x33, "rangeOfInteger"): (0, 4, 7, 9, 12),
    }
    for (tag, syntax), lengths in sizes.items():
        values = [bytes(range(1, length + 1)) for length in lengths]
        good = WELL_FORMED[tag]
        apart = [attribute(tag, f"octets-{len(value)}", value) for value in values]
        together = attribute(tag, "set", good) + b"".join(more(tag, value) + more(tag, good) for value in values)
        in_member = collection("collection", member("set", *(more(tag, value) for value in values), more(tag, good)))
        octets = printer(*apart, together, in_member, COPIES)
        what = f"{syntax} of {', '.join(map(str, lengths))} octets: alone, among good ones, in a member"
        yield kept(f"size-{tag:02x}-{syntax}", octets, what, "8010 3.9", raw=3 * len(values))
    booleans = [attribute(0x22, f"octet-{octet:02x}", bytes([octet])) for octet in (0, 1, 2, 0x7F, 0x80, 0xFF)]
    yield kept("boolean-octets", printer(*booleans), "booleans 0 and 1, and four others", "8010 3.9", raw=4)
    extremes = (0, 1, -1, 2**31 - 1, -(2**31))
    integers = [attribute(tag, f"n{n}-{tag:02x}", int32(n)) for tag in (0x21, 0x23) for n in extremes]
    yield kept("integer-extremes", printer(*integers), "integers and enums 0, 1, -1, greatest, least", "8011 5.1.13")
    ranges = [(0, 0), (5, 1), (-1, -2), (-(2**31), 2**31 - 1), (2**31 - 1, -(2**31))]
    octets = printer(*(attribute(0x33, f"range-{i}", int32(*pair)) for i, pair in enumerate(ranges)))
    yield kept("range-extremes", octets, "ranges empty, reversed and whole", "8011 5.1.14")
    resolutions = [
        (0, 0, 0),
        (600, 600, 0),
        (-600, 600, 3),
        (2**31 - 1, -(2**31), 4),
        (600, 600, 0x80),
        (1, 1, 0xFF),
    ]
    octets = printer(
        *(
            attribute(0x32, f"resolution-{i}", int32(x, y) + bytes([units]))
            for i, (x, y, units) in enumerate(resolutions)
        )
    )
    yield kept("resolution-extremes", octets, "resolutions of zero, negative, with odd units", "8011 5.1.16")


def odd_date_times() -> Iterable[Vector]:
    dates = {
        "all-zero": "0000 00 00 00 00 00 00 00 00 00",
        "all-ones": "ffff ff ff ff ff ff ff ff ff ff",
        "zero-with-plus": "0000 00 00 00 00 00 00 2b 00 00",
        "year-0": "0000 01 01 00 00 00 00 2b 00 00",
        "year-65535": "ffff 0c 1f 17 3b 3b 09 2d 0d 3b",
        "month-0": "07ea 00 01 00 00 00 00 2b 00 00",
        "month-13": "07ea 0d 01 00 00 00 00 2b 00 00",
        "day-0": "07ea 01 00 00 00 00 00 2b 00 00",
        "february-30": "07ea 02 1e 00 00 00 00 2b 00 00",
        "hour-24": "07ea 01 01 18 00 00 00 2b 00 00",
        "minute-60": "07ea 01 01 00 3c 00 00 2b 00 00",
        "leap-second": "07e0 0c 1f 17 3b 3c 00 2b 00 00",
        "second-61": "07ea 01 01 00 00 3d 00 2b 00 00",
        "decisecond-10": "07ea 01 01 00 00 00 0a 2b 00 00",
        "utc-plus-14": "07ea 01 01 00 00 00 00 2b 0e 00",
        "utc-hours-255": "07ea 01 01 00 00 00 00 2b ff 00",
        "utc-minutes-60": "07ea 01 01 00 00 00 00 2d 00 3c",
        "direction-space": "07ea 01 01 00 00 00 00 20 00 00",
        "direction-nul": "07ea 01 01 00 00 00 00 00 01 00",
        "direction-e9": "07ea 01 01 00 00 00 00 e9 01 00",
    }
    octets = printer(*(attribute(0x31, name, bytes.fromhex(date)) for name, date in dates.items()))
    yield kept("date-times", octets, "dateTimes of eleven octets that are no date, or hardly one", "8011 5.1.15")


def odd_with_language() -> Iterable[Vector]:
    fitting = {
        "both-empty": with_language(b"", b""),
        "language-empty": with_language(b"", b"fou"),
        "string-empty": with_language(b"fr", b""),
        "language-64": with_language(b"l" * 64, b"fou"),
        "language-not-utf8": with_language(b"\xff", b"fou"),
        "string-not-utf8": with_language(b"fr", b"\xe9t\xe9"),
        "nul": with_language(b"f\x00", b"\x00"),
    }
    raw = {
        "octets-0": b"",
        "octets-1": b"\x00",
        "octets-2": b"\x00\x00",
        "octets-3": b"\x00\x00\x00",
        "language-length-over": b"\x00\x09fr\x00\x03fou",
        "language-length-over-by-one": b"\x00\x08fr\x00\x03fou",
        "language-eats-string-length": b"\x00\x07fr\x00\x03fou",
        "language-length-8000": b"\x80\x00fr\x00\x03fou",
        "language-length-ffff": b"\xff\xfffr\x00\x03fou",
        "string-length-over": b"\x00\x02fr\x00\x04fou",
        "string-length-short": b"\x00\x02fr\x00\x02fou",
        "string-length-8000": b"\x00\x02fr\x80\x00fou",
        "string-length-ffff": b"\x00\x02fr\xff\xfffou",
        "no-lengths": b"fr-ca",
        "zeros-behind": with_language(b"fr", b"fou") + b"\x00",
    }
    for tag, syntax in ((0x35, "textWithLanguage"), (0x36, "nameWithLanguage")):
        attributes = [attribute(tag, name, value) for name, value in fitting.items()]
        what = f"{syntax}: parts empty, long, not UTF-8"
        yield kept(f"language-{tag:02x}-odd", printer(*attributes), what, "8010 3.9")
        attributes = [attribute(tag, name, value) for name, value in raw.items()]
        in_member = collection("collection", member("set", *(more(tag, value) for value in raw.values())))
        what = f"{syntax}: inner lengths that do not add up"
        octets = printer(*attributes, in_member)
        yield kept(f"language-{tag:02x}-lengths", octets, what, "8010 3.9", raw=2 * len(raw))


def odd_sets() -> Iterable[Vector]:
    keyword, name, language = (
        (0x44, b"iso_a4_210x297mm"),
        (0x42, b"Mine"),
        (0x36, with_language(b"fr", b"Mien")),
    )
    one = inner(member("x-dimension", more(0x21, int32(21000))))
    sets = {
        "keyword-name": attribute(*keyword[:1], "media-supported", keyword[1]) + more(*name) + more(*language),
        "integer-range": attribute(0x21, "copies", int32(1)) + more(0x33, int32(1, 5)) + more(0x21, int32(7)),
        "value-then-out-of-band": attribute(0x44, "sides", b"one-sided") + more(0x13, b"") + more(0x10, b""),
        "out-of-band-then-value": attribute(0x13, "sides", b"") + more(0x44, b"one-sided"),
        "collection-then-keyword": collection("media-col", member("a", more(0x21, int32(1)))) + more(*keyword),
        "keyword-then-collection": attribute(0x44, "media-col", b"a4") + one + more(*keyword) + inner() + one,
        "collections": collection("media-col-database", member("a", more(0x21, int32(1)))) + one * 3,
        "unknown-tags": attribute(0x2F, "odd", b"")
        + more(0x60, b"a")
        + more(0xFF, b"b")
        + more(0x7F, b"")
        + more(0x30, b""),
        "every-tag": attribute(0x21, "all", int32(1))
        + b"".join(more(tag, value) for tag, value in WELL_FORMED.items())
        + one,
    }
    for label, octets in sets.items():
        yield kept(f"set-{label}", printer(octets, COPIES), f"a set: {label.replace('-', ' ')}", "8011 5.1")
    mixed = attribute(0x21, "mixed", int32(1)) + more(0x21, b"\x01") + more(0x44, b"a") + more(0x22, b"\x02")
    yield kept(
        "set-raw-among-good",
        printer(mixed),
        "values that fit their tags beside two that do not",
        "8011 5.1",
        raw=2,
    )


def odd_collections() -> Iterable[Vector]:
    def one(number: int) -> bytes:
        return more(0x21, int32(number))

    size = inner(member("x-dimension", one(21000)), member("y-dimension", one(29700)))
    cases = {
        "empty": (collection("media-col"), "no member"),
        "empty-set": (collection("media-col") + inner() * 3, "four of them without a member"),
        "empty-nested": (
            collection("media-col", member("media-size", inner(), inner())),
            "empty ones in a member",
        ),
        "nested": (
            collection("media-col", member("media-size", size), member("media-type", more(0x44, b"x"))),
            "two deep",
        ),
        "member-set": (
            collection("media-col", member("sizes", one(1), one(2), one(3))),
            "a member with a set",
        ),
        "member-mixed-set": (
            collection(
                "media-col",
                member("sizes", one(1), more(0x33, int32(1, 2)), more(0x44, b"a"), more(0x13, b"")),
            ),
            "a member with a set of several tags",
        ),
        "member-collections": (
            collection("media-col", member("sizes", size, size, inner()), member("after", one(1))),
            "a member with a set of collections",
        ),
        "member-collection-then-value": (
            collection("media-col", member("sizes", size, one(7), size, more(0x44, b"a")), member("after", one(1))),
            "a member whose set mixes collections and other values",
        ),
        "members-duplicate": (
            collection("media-col", member("a", one(1)), member("b", one(2)), member("a", more(0x44, b"x"))),
            "one member name twice",
        ),
        "members-same-name-as-parent": (
            collection("a", member("a", inner(member("a", one(1)))), member("b", one(2))),
            "a member with the name of its collection",
        ),
        "members-odd-values": (
            collection(
                "odd",
                member("out-of-band", more(0x13, b"")),
                member("unknown-tag", more(0x2F, b"\x00\xff")),
                member("tag-ff", more(0xFF, b"")),
                member("extension", more(0x7F, b"\x00")),
                member("empty-text", more(0x41, b"")),
            ),
            "members with unknown tags and empty values",
        ),
        "wide": (
            collection("wide", *(member(f"member-{number}", one(number)) for number in range(200))),
            "200 members",
        ),
        "depth-3": (nested(3), "three deep"),
        "depth-8": (nested(8), "eight deep: as deep as the limit allows"),
        "depth-8-twice": (nested(8) + nested(8, ""), "a set of two eight deep"),
    }
    for label, (octets, what) in cases.items():
        yield kept(f"collection-{label}", printer(octets, COPIES), f"collection: {what}", "8010 3.1.6")
    every = [member(f"tag-{tag:02x}", more(tag, value)) for tag, value in WELL_FORMED.items()]
    yield kept("collection-every-tag", printer(collection("all", *every)), "a member of every tag", "8010 3.1.7")
    jobs = (JOB + collection("media-col", member("a", one(1)))) * 2
    yield kept(
        "collection-in-groups",
        OPENING + jobs + PRINTER + collection("last"),
        "collections end groups",
        "8010 3.1.6",
    )
    in_operation = OPENING + collection("media-col", member("media-size", size))
    yield kept("collection-in-operation", in_operation, "a collection in the operation group", "8010 3.1.6")


def odd() -> Iterable[Vector]:
    for part in (
        odd_tags,
        odd_headers,
        odd_groups,
        odd_documents,
        odd_names,
        odd_strings,
        odd_fixed_sizes,
        odd_date_times,
        odd_with_language,
        odd_sets,
        odd_collections,
    ):
        yield from part()
